#pragma once

#include "schema/base/json_fwd.hpp"
#include "schema/base/result.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace actord::actors {

/// The parts of a PriorityClass that a pod takes over.
struct priority_class {
  std::string name;
  std::int64_t value = 0;
  std::string preemption_policy = "PreemptLowerPriority";
};

/// By name; an empty name asks for the global default.
using priority_lookup = std::function<std::optional<priority_class>(std::string_view name)>;

priority_class priority_of(const json& object);
/// The class that counts for pods that name none. Of several the lowest, so that a pod never gains by a
/// second one.
std::optional<priority_class> default_priority(const std::vector<json>& classes);

/// Resolves spec.priorityClassName.
result<void> assign_priority(json& pod, const priority_lookup& find);
/// A client that leaves out what was resolved when the pod began keeps it.
void keep_priority(json& pod, const json& old);
/// Only one class can be the global default.
result<void> check_default_priority(const json& object, bool creates, const std::vector<json>& classes);

} // namespace actord::actors
