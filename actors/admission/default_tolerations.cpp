#include "actors/admission/default_tolerations.hpp"

#include "schema/base/json.hpp"
#include "schema/rules/checks/field.hpp"

#include <array>
#include <string_view>

namespace actord::actors {
namespace {

using schema::rules::field;

constexpr std::int64_t toleration_s = 300;
constexpr std::string_view not_ready = "node.kubernetes.io/not-ready";
constexpr std::string_view unreachable = "node.kubernetes.io/unreachable";

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
  const auto tolerated = [](std::string_view taint) {
    return json{
        {"key", taint}, {"operator", "Exists"}, {"effect", "NoExecute"}, {"tolerationSeconds", toleration_s}};
  };
  // Made once: copies cost less.
  static const std::array<std::pair<std::string_view, json>, 2> defaults{
      {{not_ready, tolerated(not_ready)}, {unreachable, tolerated(unreachable)}}};
  json& spec = pod["spec"];
  for (const auto& [taint, toleration] : defaults) {
    if (tolerates_no_execute(field(spec).at("tolerations"), taint)) continue;
    json& tolerations = spec["tolerations"];
    if (!tolerations.is_array()) tolerations = json(json::value_t::array);
    tolerations.push_back(toleration);
  }
}

} // namespace actord::actors
