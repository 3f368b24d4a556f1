#include "actors/admission/priority.hpp"

#include "actors/admission/plugin_refusal.hpp"
#include "schema/base/json.hpp"
#include "schema/rules/checks/field.hpp"

#include <fmt/format.h>

namespace actord::actors {
namespace {

using schema::rules::field;

std::string computed(const auto& value) {
  return fmt::format("must not be provided in pod spec; priority admission controller computed {} from the "
                     "given PriorityClass name",
                     value);
}

} // namespace

priority_class priority_of(const json& object) {
  return {.name = object["metadata"].value("name", ""),
          .value = object.value("value", std::int64_t{0}),
          .preemption_policy = object.value("preemptionPolicy", "PreemptLowerPriority")};
}

std::optional<priority_class> default_priority(const std::vector<json>& classes) {
  std::optional<priority_class> best;
  for (const json& object : classes)
    if (object.value("globalDefault", false) &&
        (!best || object.value("value", std::int64_t{0}) < best->value))
      best = priority_of(object);
  return best;
}

result<void> assign_priority(json& pod, const priority_lookup& find) {
  json& spec = pod["spec"];
  const std::string asked(field(spec).at("priorityClassName").text());
  priority_class chosen;
  if (auto found = find(asked))
    chosen = std::move(*found);
  else if (!asked.empty())
    return forbidden(fmt::format("no PriorityClass with name {} was found", asked));
  const field value = field(spec).at("priority");
  if (value.is_integer() && value.integer() != chosen.value)
    return forbidden(
        fmt::format("the integer value of priority ({}) {}", value.integer(), computed(chosen.value)));
  if (const std::string_view policy = field(spec).at("preemptionPolicy").text();
      !policy.empty() && policy != chosen.preemption_policy)
    return forbidden(fmt::format("the string value of PreemptionPolicy ({}) {}", policy,
                                 computed(chosen.preemption_policy)));
  if (!chosen.name.empty()) spec["priorityClassName"] = chosen.name;
  spec["priority"] = chosen.value;
  spec["preemptionPolicy"] = chosen.preemption_policy;
  return {};
}

void keep_priority(json& pod, const json& old) {
  for (const char* name : {"priority", "preemptionPolicy"})
    if (const field before = field(old).at("spec").at(name);
        before.present() && !field(pod).at("spec").contains(name))
      pod["spec"][name] = before.value();
}

result<void> check_default_priority(const json& object, bool creates, const std::vector<json>& classes) {
  if (!field(object).at("globalDefault").truth()) return {};
  const auto current = default_priority(classes);
  if (current && (creates || current->name != field(object).at("metadata").at("name").text()))
    return forbidden(fmt::format("PriorityClass {} is already marked as default. Only one default can exist",
                                 current->name));
  return {};
}

} // namespace actord::actors
