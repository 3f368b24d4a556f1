#include "actors/admission/pod_amounts.hpp"

#include "schema/base/json.hpp"
#include "schema/rules/checks/amounts.hpp"
#include "schema/rules/checks/field.hpp"
#include "schema/rules/pod/aggregate_resources.hpp"

#include <algorithm>
#include <string>

namespace actord::actors {
namespace {

using schema::rules::field;

void raise(json& amounts, const json& others) {
  if (!others.is_object()) return;
  if (!amounts.is_object()) amounts = json::object();
  for (const auto& [name, value] : others.items())
    if (!amounts.contains(name) || schema::rules::compare_amounts(value, amounts[name]) > 0)
      amounts[name] = value;
}

bool reports_amounts(const field& status) {
  for (const char* list : {"containerStatuses", "initContainerStatuses"})
    for (const field container : status.at(list).items())
      if (container.contains("resources") || container.contains("allocatedResources")) return true;
  return false;
}

bool resize_is_infeasible(const field& status) {
  for (const field condition : status.at("conditions").items())
    if (condition.at("type").text() == "PodResizePending" && condition.at("reason").text() == "Infeasible")
      return true;
  return false;
}

/// What the node reports to be in force, and to have set aside.
struct given_amounts {
  field actual;
  field allocated;
};

void raise_to_given(json& amounts, std::string_view list, const given_amounts& given, bool only_given) {
  if (only_given) amounts = json::object();
  raise(amounts, given.actual.value());
  if (list == "requests") raise(amounts, given.allocated.value());
}

/// The spec with each container's amounts as the node gave them out where that is more.
json spec_as_given(const json& pod, std::string_view list) {
  json spec = pod.at("spec");
  const field status = field(pod).at("status");
  const bool only_given = resize_is_infeasible(status);
  for (const auto& [containers, statuses] :
       {std::pair{"containers", "containerStatuses"}, std::pair{"initContainers", "initContainerStatuses"}}) {
    if (!spec.contains(containers)) continue;
    for (json& container : spec[containers])
      for (const field given : status.at(statuses).items()) {
        if (given.at("name").text() != field(container).at("name").text()) continue;
        const field actual = given.at("resources").at(list);
        const field allocated = given.at("allocatedResources");
        if (!actual.present() && !allocated.present()) continue;
        raise_to_given(container["resources"][std::string(list)], list, {actual, allocated}, only_given);
      }
  }
  return spec;
}

bool whole_pod_resource(std::string_view name) {
  return name == "cpu" || name == "memory" || schema::rules::is_huge_page(name);
}

} // namespace

json pod_amounts(const json& pod, std::string_view list, const amounts_options& options) {
  const field spec = field(pod).at("spec");
  if (!spec.present()) return json::object();
  const bool requests = list == "requests";
  const auto sum = [&](const json& of) {
    return requests ? schema::rules::aggregate_requests(of) : schema::rules::aggregate_limits(of);
  };
  json total = options.with_status && reports_amounts(field(pod).at("status")) ? sum(spec_as_given(pod, list))
                                                                               : sum(spec.value());
  if (const field whole = spec.at("resources").at(list); whole.value().is_object()) {
    json given = whole.value();
    const field status = field(pod).at("status");
    if (options.with_status && status.contains("resources"))
      raise_to_given(given, list, {status.at("resources").at(list), status.at("allocatedResources")},
                     resize_is_infeasible(status));
    for (const auto& [name, value] : whole.value().items())
      if (whole_pod_resource(name)) total[name] = given.contains(name) ? given[name] : value;
  }
  if (const field overhead = spec.at("overhead"); options.with_overhead && overhead.value().is_object())
    for (const auto& [name, value] : overhead.value().items()) {
      // An overhead on top of no limit is no limit.
      if (total.contains(name))
        total[name] = schema::rules::add_amounts(total[name], value);
      else if (requests)
        total[name] = value;
    }
  return total;
}

} // namespace actord::actors
