#pragma once

#include "schema/base/error.hpp"

#include <string>
#include <utility>

/// The two errors that only the member that leads can mend: whoever gets one asks it instead, with the same
/// request id. They carry a cause that says which they are, so that they stay what they are on any way.

namespace actord::storage {

inline constexpr const char* not_leading_reason = "NotLeading";
inline constexpr const char* leader_lost_reason = "LeaderLost";

/// Nothing was done.
inline error not_leading(std::string message) {
  return {.kind = error_kind::unavailable,
          .message = std::move(message),
          .causes = {{not_leading_reason, "this member does not lead the cluster", ""}},
          .subject = error_subject{},
          .retry_after_s = 1};
}

/// It may have taken effect or may yet.
inline error leader_lost(std::string message) {
  return {.kind = error_kind::timeout,
          .message = std::move(message),
          .causes = {{leader_lost_reason, "this member stopped leading the cluster", ""}},
          .subject = error_subject{},
          .retry_after_s = 1};
}

inline bool is_not_leading(const error& why) {
  return !why.causes.empty() && why.causes.front().reason == not_leading_reason;
}
inline bool is_for_the_leader(const error& why) {
  return is_not_leading(why) || (!why.causes.empty() && why.causes.front().reason == leader_lost_reason);
}

} // namespace actord::storage
