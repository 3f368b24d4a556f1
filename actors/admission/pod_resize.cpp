#include "actors/admission/pod_resize.hpp"

#include "actors/admission/plugin_refusal.hpp"
#include "actors/admission/pod_amounts.hpp"
#include "schema/base/json.hpp"
#include "schema/rules/checks/amounts.hpp"
#include "schema/rules/checks/field.hpp"

#include <fmt/format.h>

namespace actord::actors {

using schema::rules::field;

result<void> check_pod_resize(const json& pod, const json& old, const std::optional<json>& node) {
  const std::string_view name = field(pod).at("spec").at("nodeName").text();
  const auto generation = [](const json& object) {
    return field(object).at("metadata").at("generation").integer();
  };
  if (name.empty() || generation(pod) == generation(old)) return {};
  if (!node) return forbidden(fmt::format("node \"{}\" not found", name));
  const auto refuse = [](std::string why, const char* cause) {
    error refusal = forbidden(std::move(why));
    refusal.causes.push_back({cause, {}, {}});
    return refusal;
  };
  const field system = field(*node).at("metadata").at("labels").entry("kubernetes.io/os");
  if (system.present() && system.text() != "linux")
    return refuse(fmt::format("pod resize is only supported on linux nodes, node \"{}\" is \"{}\"", name,
                              system.text()),
                  "UnsupportedPlatform");
  const json requests = pod_amounts(pod, "requests", {});
  const field allocatable = field(*node).at("status").at("allocatable");
  std::string wrong;
  const auto compare = [&](const char* resource, auto&& shown) {
    const field asked = field(requests).entry(resource);
    const field there = allocatable.entry(resource);
    if (!asked.present() || schema::rules::compare_amounts(asked.value(), there.value()) <= 0) return;
    wrong += fmt::format("{}{}, requested: {}, allocatable: {}", wrong.empty() ? "" : "; ", resource,
                         shown(asked.value()), shown(there.value()));
  };
  compare("cpu", schema::rules::amount_milli);
  compare("memory", schema::rules::amount_value);
  if (wrong.empty()) return {};
  return refuse("node didn't have enough allocatable resources: " + wrong, "NodeCapacity");
}

} // namespace actord::actors
