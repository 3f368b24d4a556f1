#pragma once

#include "schema/base/clock.hpp"
#include "schema/base/ids.hpp"
#include "schema/base/rng.hpp"

#include <memory>
#include <optional>
#include <string>

namespace actord::actors {

class object_router;

/// Something worth telling people about an object.
struct object_event {
  object_key regarding;
  std::string uid;
  std::string field_path; ///< "spec.containers{web}"; empty for the whole object
  bool warning = false;
  std::string reason;    ///< "ScalingReplicaSet"
  std::string message;   ///< a sentence
  std::string component; ///< "deployment-controller"
  std::string host;      ///< node it comes from; empty for the control plane
};

/// Writes core/v1 Events. The same event again raises `count` and `lastTimestamp` of the one there is; more
/// than ten different messages of one (object, reason, source) within ten minutes are combined. Events are
/// shed, not queued, when too many are under way: they tell stories, nothing depends on them. Callable from
/// any thread; never blocks.
class event_recorder {
public:
  struct collaborators {
    object_router& router;
    const clock_source& clock;
    std::optional<raft_term> term = {}; ///< its writes are of this term of leadership and no other
  };

  explicit event_recorder(collaborators with);
  ~event_recorder();
  event_recorder(const event_recorder&) = delete;
  event_recorder& operator=(const event_recorder&) = delete;

  void record(object_event what);
  /// Events that were shed so far.
  [[nodiscard]] std::uint64_t shed() const;

private:
  struct state;
  std::shared_ptr<state> state_; ///< shared with answers under way
};

} // namespace actord::actors
