#include "schema/base/json.hpp"
#include "schema/rules/checks/amounts.hpp"
#include "schema/rules/checks/checks.hpp"
#include "schema/rules/pod/pod_validation.hpp"

#include <fmt/format.h>

/// What the subresources `ephemeralcontainers` and `resize` of a pod may change.

namespace actord::schema::rules {

namespace {

bool is_sidecar(const field& container) { return container.at("restartPolicy").text() == "Always"; }

/// False when containers come, go or change places, after which nothing else is compared.
bool check_same_containers(const field& now, const field& before, std::string_view called,
                           field_errors& errors) {
  if (now.size() != before.size()) {
    errors.forbidden(now, fmt::format("{} may not be added or removed on resize", called));
    return false;
  }
  bool same_order = true;
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (now.item(i).at("name").text() == before.item(i).at("name").text()) continue;
    errors.forbidden(now.item(i).at("name"),
                     fmt::format("{} may not be renamed or reordered on resize", called));
    same_order = false;
  }
  return same_order;
}

void check_nothing_removed(const field& now, const field& before, std::string_view list,
                           field_errors& errors) {
  if (!before.at(list).value().is_object()) return;
  for (const auto& [name, value] : before.at(list).value().items())
    if (!now.at(list).contains(name))
      return errors.forbidden(now.at(list), fmt::format("resource {} cannot be removed", list));
}

/// The container with the amounts of cpu and memory it had before.
json with_old_amounts(const field& now, const field& before) {
  json container = now.value();
  for (const char* list : {"limits", "requests"}) {
    json amounts = now.at("resources").at(list).value();
    if (!amounts.is_object()) amounts = json::object();
    for (const char* name : {"cpu", "memory"}) {
      amounts.erase(name);
      if (const field old = before.at("resources").at(list).at(name); old.present())
        amounts[name] = old.value();
    }
    container["resources"].erase(list);
    if (!amounts.empty()) container["resources"][list] = std::move(amounts);
  }
  return container;
}

void check_resized_init_container(const field& now, const field& before, field_errors& errors) {
  if (same(now.value(), before.value())) return;
  if (!is_sidecar(before))
    errors.forbidden(now, "resources for non-sidecar init containers are immutable");
  else if (!same(with_old_amounts(now, before), before.value()))
    errors.forbidden(now, "only cpu and memory resources for init or sidecar containers are mutable");
}

} // namespace

void check_ephemeral_change(const field& pod, const field& old, field_errors& errors) {
  const field now = pod.at("spec").at("ephemeralContainers");
  for (const field before : old.at("spec").at("ephemeralContainers").items()) {
    const std::string_view name = before.at("name").text();
    bool found = false;
    for (const field container : now.items()) {
      if (container.at("name").text() != name) continue;
      found = true;
      if (!same(container.value(), before.value()))
        errors.forbidden(now, fmt::format("existing ephemeral containers \"{}\" may not be changed\n", name));
    }
    if (!found)
      errors.forbidden(now, fmt::format("existing ephemeral containers \"{}\" may not be removed\n", name));
  }
}

void check_resize(const field& pod, const field& old, bool keeps_quality, field_errors& errors) {
  const field spec = pod.at("spec");
  const field before = old.at("spec");
  if (!keeps_quality)
    errors.invalid(spec, pod.at("status").at("qosClass").value(),
                   "Pod QOS Class may not change as a result of resizing");
  if (!same(spec.at("resources").value(), before.at("resources").value()))
    errors.forbidden(spec.at("resources"), "pod-level resources cannot be resized");
  const bool main =
      check_same_containers(spec.at("containers"), before.at("containers"), "containers", errors);
  const bool init =
      check_same_containers(spec.at("initContainers"), before.at("initContainers"), "initContainers", errors);
  if (!main || !init) return;
  bool only_amounts = true;
  for (std::size_t i = 0; i < before.at("containers").size(); ++i) {
    const field container = spec.at("containers").item(i);
    const field was = before.at("containers").item(i);
    for (const std::string_view list : {"requests", "limits"})
      check_nothing_removed(container.at("resources"), was.at("resources"), list, errors);
    only_amounts = only_amounts && same(with_old_amounts(container, was), was.value());
  }
  if (!only_amounts) errors.forbidden(spec, "only cpu and memory resources are mutable");
  for (std::size_t i = 0; i < before.at("initContainers").size(); ++i) {
    const field container = spec.at("initContainers").item(i);
    const field was = before.at("initContainers").item(i);
    if (is_sidecar(was))
      for (const std::string_view list : {"requests", "limits"})
        check_nothing_removed(container.at("resources"), was.at("resources"), list, errors);
    check_resized_init_container(container, was, errors);
  }
}

} // namespace actord::schema::rules
