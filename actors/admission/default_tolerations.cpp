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
  static const json tolerated{
      {"operator", "Exists"}, {"effect", "NoExecute"}, {"tolerationSeconds", toleration_s}};
  json& spec = pod["spec"];
  json added = json::array();
  for (const std::string_view taint : taints) {
    if (tolerates_no_execute(field(spec).at("tolerations"), taint)) continue;
    added.push_back(tolerated);
    added.back()["key"] = taint;
  }
  if (added.empty()) return;
  json& tolerations = spec["tolerations"];
  if (!tolerations.is_array()) tolerations = json::array();
  for (json& toleration : added) tolerations.push_back(std::move(toleration));
}

} // namespace actord::actors
