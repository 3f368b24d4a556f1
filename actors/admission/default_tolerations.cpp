#include "actors/admission/default_tolerations.hpp"

#include "schema/base/json.hpp"
#include "schema/rules/checks/field.hpp"

#include <array>
#include <string_view>

namespace actord::actors {
namespace {

using schema::rules::field;

constexpr std::int64_t toleration_s = 300;

bool tolerates_no_execute(const field& tolerations, std::string_view taint) {
  for (const field toleration : tolerations.items()) {
    const std::string_view key = toleration.at("key").text();
    const std::string_view effect = toleration.at("effect").text();
    if ((key.empty() || key == taint) && (effect.empty() || effect == "NoExecute")) return true;
  }
  return false;
}

} // namespace

void add_default_tolerations(json& pod) {
  constexpr std::array<std::string_view, 2> taints{"node.kubernetes.io/not-ready",
                                                   "node.kubernetes.io/unreachable"};
  json& spec = pod["spec"];
  const json before = field(spec).at("tolerations").value();
  json tolerations = before.is_array() ? before : json::array();
  for (const std::string_view taint : taints)
    if (!tolerates_no_execute(field(before), taint))
      tolerations.push_back({{"key", taint},
                             {"operator", "Exists"},
                             {"effect", "NoExecute"},
                             {"tolerationSeconds", toleration_s}});
  if (!tolerations.empty()) spec["tolerations"] = std::move(tolerations);
}

} // namespace actord::actors
