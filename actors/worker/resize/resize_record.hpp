#pragma once

#include "actors/worker/resize/pod_resources.hpp"
#include "runtime/container_runtime.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace actord::actors {

/// What a node has written down of one pod's amounts (pods/UID/resources.json), so that a daemon killed at
/// any moment goes on with what it had given out. Written before a container starts and around every resize.
struct resize_record {
  struct in_force {
    int attempt = 0;
    amount_texts amounts;
    runtime::resource_limits limits; ///< of cpu and memory, also what it has from the pod as a whole

    bool operator==(const in_force&) const = default;
  };

  pod_resources allocated;                   ///< set aside on the node, perhaps not in force yet
  std::map<std::string, in_force> actuated;  ///< by container: what its latest attempt runs with
  runtime::resource_limits pod_limits;       ///< of the pod's control group as last set; no shares: not known
  std::map<std::string, int> ended_attempts; ///< ended here to start again with other amounts, by container

  bool operator==(const resize_record&) const = default;
};

std::string record_text(const resize_record& record);
/// Nothing for what is not such a record.
std::optional<resize_record> parse_resize_record(std::string_view text);

} // namespace actord::actors
