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
                           std::string_view called, field_errors& errors) {
  if (!before.at(list).value().is_object()) return;
  for (const auto& [name, value] : before.at(list).value().items())
    if (!now.at(list).contains(name))
      return errors.forbidden(now.at(list), fmt::format("{} {} cannot be removed", called, list));
}

/// `resources` with the amounts of cpu and memory that `before` has.
json with_old_amounts(const field& now, const field& before) {
  json resources = now.value().is_object() ? now.value() : json::object();
  for (const char* list : {"limits", "requests"}) {
    json amounts = now.at(list).value();
    if (!amounts.is_object()) amounts = json::object();
    for (const char* name : {"cpu", "memory"}) {
      amounts.erase(name);
      if (const field old = before.at(list).at(name); old.present()) amounts[name] = old.value();
    }
    resources.erase(list);
    if (!amounts.empty()) resources[list] = std::move(amounts);
  }
  return resources;
}

/// The container is what it was but for its amounts of cpu and memory.
bool same_but_amounts(const field& now, const field& before) {
  json container = now.value();
  container["resources"] = with_old_amounts(now.at("resources"), before.at("resources"));
  json was = before.value();
  if (!was.contains("resources")) was["resources"] = json::object();
  return same(container, was);
}

bool restarts_on_resize(const field& container) {
  for (const field policy : container.at("resizePolicy").items())
    if (policy.at("restartPolicy").text() == "RestartContainer") return true;
  return false;
}

void check_resized_init_container(const field& now, const field& before, field_errors& errors) {
  if (same(now.value(), before.value())) return;
  if (!same_but_amounts(now, before))
    errors.forbidden(now, "only cpu and memory resources for init or sidecar containers are mutable");
  if (!is_sidecar(now) && restarts_on_resize(now))
    errors.forbidden(
        now, "non-sidecar init containers with a resize policy of RestartContainer cannot be resized");
}

bool names_amounts(const field& resources) {
  return resources.at("requests").size() + resources.at("limits").size() > 0;
}

/// What the pod asks for as a whole, beside its containers.
void check_resized_pod_level(const field& spec, const field& before, field_errors& errors) {
  const field now = spec.at("resources");
  const field was = before.at("resources");
  if (!names_amounts(now) && !names_amounts(was)) return;
  if (was.present() && !now.present()) return errors.forbidden(now, "pod-level resources cannot be removed");
  for (const std::string_view list : {"requests", "limits"})
    check_nothing_removed(now, was, list, "pod-level resource", errors);
  json kept = with_old_amounts(now, was);
  const json& old = was.present() ? was.value() : json::object();
  if (!same(kept, old)) errors.forbidden(spec, "only cpu and memory resources are mutable at pod-level");
}

/// A node that reports nothing of a running container's amounts would not change them either.
bool node_resizes(const field& old) {
  for (const field container : old.at("status").at("containerStatuses").items())
    if (container.at("state").contains("running")) return container.at("resources").present();
  return true;
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
  if (before.at("os").at("name").text() == "windows")
    return errors.forbidden("", "windows pods cannot be resized");
  if (!keeps_quality)
    errors.invalid(spec, pod.at("status").at("qosClass").value(),
                   "Pod QOS Class may not change as a result of resizing");
  if (!node_resizes(old)) errors.forbidden(spec, "Pod running on node without support for resize");
  check_resized_pod_level(spec, before, errors);
  const bool main =
      check_same_containers(spec.at("containers"), before.at("containers"), "containers", errors);
  const bool init =
      check_same_containers(spec.at("initContainers"), before.at("initContainers"), "initContainers", errors);
  if (!main || !init) return;
  for (const char* which : {"initContainers", "containers"})
    for (std::size_t i = 0; i < before.at(which).size(); ++i)
      for (const std::string_view list : {"requests", "limits"})
        check_nothing_removed(spec.at(which).item(i).at("resources"),
                              before.at(which).item(i).at("resources"), list, "resource", errors);
  for (std::size_t i = 0; i < before.at("containers").size(); ++i)
    if (!same_but_amounts(spec.at("containers").item(i), before.at("containers").item(i)))
      errors.forbidden(spec, "only cpu and memory resources are mutable");
  for (std::size_t i = 0; i < before.at("initContainers").size(); ++i)
    check_resized_init_container(spec.at("initContainers").item(i), before.at("initContainers").item(i),
                                 errors);
}

} // namespace actord::schema::rules
