#include "actors/admission/pod_resize.hpp"

#include "actors/admission/plugin_refusal.hpp"
#include "actors/admission/pod_amounts.hpp"
#include "schema/base/json.hpp"
#include "schema/rules/checks/amounts.hpp"
#include "schema/rules/checks/field.hpp"

#include <fmt/format.h>
#include <string>
#include <vector>

namespace actord::actors {

using schema::rules::field;

namespace {

/// Features a node must say it has for this change, by the names Kubernetes gives them.
std::vector<std::string> needed_features(const json& pod, const json& old) {
  std::vector<std::string> needed;
  const field now = field(pod).at("spec");
  const field before = field(old).at("spec");
  if (now.at("resources").value() != before.at("resources").value())
    needed.emplace_back("InPlacePodLevelResourcesVerticalScaling");
  for (std::size_t i = 0; i < before.at("initContainers").size(); ++i) {
    const field was = before.at("initContainers").item(i);
    if (was.at("restartPolicy").text() == "Always" ||
        was.at("resources").value() == now.at("initContainers").item(i).at("resources").value())
      continue;
    needed.emplace_back("InPlacePodVerticalScalingInitContainers");
    break;
  }
  return needed;
}

std::vector<std::string> missing_features(const json& pod, const json& old, const json& node) {
  std::vector<std::string> needed = needed_features(pod, old);
  for (const field has : field(node).at("status").at("declaredFeatures").items())
    std::erase(needed, has.text());
  return needed;
}

} // namespace

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
  if (const auto missing = missing_features(pod, old, *node); !missing.empty())
    return forbidden(fmt::format("pod update requires features {} which are not available on node \"{}\"",
                                 fmt::join(missing, ", "), name));
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
