#include "actors/admission/runtime_class.hpp"

#include "actors/admission/plugin_refusal.hpp"
#include "schema/base/json.hpp"
#include "schema/rules/checks/amounts.hpp"
#include "schema/rules/checks/field.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace actord::actors {
namespace {

using schema::rules::field;

bool same_amounts(const json& left, const json& right) {
  if (left.size() != right.size()) return false;
  for (const auto& [name, value] : left.items()) {
    const auto found = right.find(name);
    if (found == right.end() || schema::rules::compare_amounts(value, *found) != 0) return false;
  }
  return true;
}

/// What tolerates nothing that the other does not.
bool covers(const json& wide, const json& narrow) {
  const field one(wide);
  const field other(narrow);
  const auto open_or_same = [&](const char* part) {
    return one.at(part).text().empty() || one.at(part).text() == other.at(part).text();
  };
  if (!open_or_same("key") || !open_or_same("effect")) return false;
  if (other.at("effect").text() == "NoExecute" && one.contains("tolerationSeconds") &&
      (!other.contains("tolerationSeconds") ||
       one.at("tolerationSeconds").integer() < other.at("tolerationSeconds").integer()))
    return false;
  if (one.at("operator").text() == "Exists") return true;
  return other.at("operator").text() != "Exists" && one.at("value").text() == other.at("value").text();
}

json merged_tolerations(const json& own, const json& added) {
  json all = json::array();
  for (const json* list : {&own, &added})
    for (const json& toleration : *list) all.push_back(toleration);
  json kept = json::array();
  for (std::size_t i = 0; i < all.size(); ++i) {
    const bool covered = std::ranges::any_of(kept, [&](const json& one) { return covers(one, all[i]); }) ||
                         std::any_of(all.begin() + static_cast<std::ptrdiff_t>(i) + 1, all.end(),
                                     [&](const json& one) { return one != all[i] && covers(one, all[i]); });
    if (!covered) kept.push_back(all[i]);
  }
  return kept;
}

result<void> merge_scheduling(json& spec, const field& scheduling) {
  if (const json& wanted = scheduling.at("nodeSelector").value(); wanted.is_object() && !wanted.empty()) {
    json& selector = spec["nodeSelector"];
    if (!selector.is_object()) selector = json::object();
    for (const auto& [key, value] : wanted.items()) {
      if (const auto own = selector.find(key); own != selector.end() && *own != value)
        return forbidden(fmt::format(
            "conflict: runtimeClass.scheduling.nodeSelector[{}] = {}; pod.spec.nodeSelector[{}] = {}", key,
            value.get<std::string>(), key, own->get<std::string>()));
      selector[key] = value;
    }
  }
  if (const json& added = scheduling.at("tolerations").value(); added.is_array() && !added.empty()) {
    const json own = field(spec).at("tolerations").value();
    spec["tolerations"] = merged_tolerations(own.is_array() ? own : json::array(), added);
  }
  return {};
}

} // namespace

result<void> apply_runtime_class(json& pod, const runtime_class_lookup& find) {
  json& spec = pod["spec"];
  const std::string name(field(spec).at("runtimeClassName").text());
  std::optional<json> found;
  if (!name.empty()) {
    found = find(name);
    if (!found) return forbidden(fmt::format("pod rejected: RuntimeClass \"{}\" not found", name));
  }
  const json none;
  const field runtime(found ? *found : none);
  const field overhead = runtime.at("overhead").at("podFixed");
  const field claimed = field(spec).at("overhead");
  if (!runtime.at("overhead").present()) {
    if (claimed.size() > 0)
      return forbidden("pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead");
  } else {
    const json defined = overhead.value().is_object() ? overhead.value() : json::object();
    if (claimed.size() > 0 && !same_amounts(claimed.value(), defined))
      return forbidden("pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");
    if (!defined.empty()) spec["overhead"] = defined;
  }
  return merge_scheduling(spec, runtime.at("scheduling"));
}

} // namespace actord::actors
