#pragma once

#include "schema/base/clock.hpp"
#include "schema/base/ids.hpp"

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace actord::storage {
class store;
}

namespace actord::actors {

/// What is known of a request's work before it is done.
struct cost_facts {
  std::string_view verb;
  std::uint64_t objects = 0; ///< that a list, or a watch that begins with the state, goes through
  std::uint64_t limit = 0;   ///< of a list; 0 for none
  bool selects = false;      ///< a list that shows only some of them
  std::size_t body_bytes = 0;
  std::uint64_t watchers = 0; ///< that a write will be sent to
};

struct request_cost {
  std::uint32_t seats = 1;
  /// Long enough on a processor to make others wait: it gets a thread of the heavy lane, not the
  /// connection's.
  bool heavy = false;
};

/// One seat is about what a small write costs, 60 µs of a core: a hundred objects copied, an event sent to 16
/// watchers, 256 KiB of a body held and decoded.
request_cost cost_of(const cost_facts& facts);

/// How many objects a resource has in a namespace or in all, as of a few seconds ago, and at most
/// `counted_max`: the estimate of a list must cost far less than the list.
class object_counts {
public:
  static constexpr std::uint64_t counted_max = 20'000;

  object_counts(const storage::store& store, const clock_source& clock) : store_(store), clock_(clock) {}
  std::uint64_t count(resource_id resource, const std::string& space);

private:
  struct entry {
    std::uint64_t count = 0;
    steady_time at{};
  };

  const storage::store& store_;
  const clock_source& clock_;
  std::mutex mutex_;
  std::map<std::pair<resource_id, std::string>, entry> known_;
};

} // namespace actord::actors
