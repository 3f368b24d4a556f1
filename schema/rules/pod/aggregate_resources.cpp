#include "schema/rules/pod/aggregate_resources.hpp"

#include "schema/base/json.hpp"
#include "schema/rules/checks/amounts.hpp"
#include "schema/rules/checks/defaults.hpp"
#include "schema/rules/pod/pod_defaults.hpp"

namespace actord::schema::rules {

namespace {

void add(json& sum, const json& amounts) {
  for (const auto& [name, value] : amounts.items())
    sum[name] = sum.contains(name) ? add_amounts(sum[name], value) : value;
}

void raise(json& sum, const json& amounts) {
  for (const auto& [name, value] : amounts.items())
    if (!sum.contains(name) || compare_amounts(value, sum[name]) > 0) sum[name] = value;
}

json amounts_of(const json& container, std::string_view kind) {
  const field amounts = field(container).at("resources").at(kind);
  return amounts.value().is_object() ? amounts.value() : json::object();
}

json aggregate(const json& pod_spec, std::string_view kind) {
  const field spec(pod_spec);
  json sum = json::object();
  for (const field container : spec.at("containers").items()) add(sum, amounts_of(container.value(), kind));
  json sidecars = json::object();
  json starting = json::object();
  for (const field container : spec.at("initContainers").items()) {
    json own = amounts_of(container.value(), kind);
    if (container.at("restartPolicy").text() == "Always") {
      add(sum, own);
      add(sidecars, own);
      own = sidecars;
    } else
      add(own, sidecars);
    raise(starting, own);
  }
  raise(sum, starting);
  return sum;
}

bool supported_for_pods(std::string_view resource) {
  return resource == "cpu" || resource == "memory" || is_huge_page(resource);
}

} // namespace

json aggregate_requests(const json& pod_spec) { return aggregate(pod_spec, "requests"); }
json aggregate_limits(const json& pod_spec) { return aggregate(pod_spec, "limits"); }

void default_pod_level_resources(json& spec) {
  json* resources = member(spec, "resources");
  if (resources == nullptr) return;
  const json* requests = member(*resources, "requests");
  if (member(*resources, "limits") != nullptr || requests != nullptr) {
    const json sums = aggregate_limits(spec);
    for (const auto& [name, value] : sums.items())
      if (is_huge_page(name) && (requests == nullptr || !requests->contains(name)))
        fill(open_member(*resources, "limits"), name, value);
  }
  const json* limits = member(*resources, "limits");
  if (limits == nullptr || limits->empty()) return;
  const json known_limits = *limits;
  const json sums = aggregate_requests(spec);
  for (const auto& [name, value] : sums.items())
    if (supported_for_pods(name) && allows_overcommit(name))
      fill(open_member(*resources, "requests"), name, value);
  for (const auto& [name, value] : known_limits.items())
    if (supported_for_pods(name)) fill(open_member(*resources, "requests"), name, value);
}

void round_quantities(json& quantities) {
  if (!quantities.is_object()) return;
  for (json& amount : quantities) amount = round_amount(amount);
}

void round_resources(json& resources) {
  for (const std::string_view name : {"limits", "requests"})
    if (json* amounts = member(resources, name)) round_quantities(*amounts);
}

} // namespace actord::schema::rules
