#pragma once

#include "actors/api/api_request.hpp"
#include "actors/conversion/form_source.hpp"
#include "schema/base/clock.hpp"

#include <memory>

namespace caf {
class actor_system;
}

namespace actord::actors {

class actor_registry;
class event_encoder;
class replica_reads;
class watch_pacer;
struct watch_counts;

/// WATCH: one actor per stream holds a cursor and hands events on as fast as the client takes them.
class watch_endpoint {
public:
  struct collaborators {
    caf::actor_system& system;
    const replica_reads& reads;
    form_source_handle forms; ///< shows custom kinds in the version that was asked for
    actor_registry& registry;
    random_source& random;
    const clock_source& clock;
  };

  explicit watch_endpoint(collaborators with);
  ~watch_endpoint();
  watch_endpoint(const watch_endpoint&) = delete;
  watch_endpoint& operator=(const watch_endpoint&) = delete;

  void serve(const request_handle& request);
  /// Streams that see the objects of a resource, or of one whose number is the same modulo some: an estimate.
  [[nodiscard]] std::uint64_t watchers(resource_id resource) const;
  /// Events sent so far, by kind, in the Prometheus text format.
  [[nodiscard]] std::string metrics_text() const;

private:
  collaborators with_;
  std::shared_ptr<watch_counts> counts_;
  std::shared_ptr<event_encoder> encoder_;
  std::shared_ptr<watch_pacer> pacer_;
};

} // namespace actord::actors
