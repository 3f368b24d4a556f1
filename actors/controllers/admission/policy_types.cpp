#include "actors/controllers/admission/policy_types.hpp"

#include "schema/base/json.hpp"
#include "schema/base/json_member.hpp"
#include "schema/cel/admission_names.hpp"
#include "schema/cel/program.hpp"
#include "schema/cel/table_types.hpp"
#include "schema/tables/resource_table.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <set>

namespace actord::actors {
namespace {

namespace cel = schema::cel;

constexpr std::size_t most_kinds = 10;

template <class Visit>
void each_text(const json& list, const Visit& visit) {
  if (list.is_array())
    for (const json& one : list)
      if (one.is_string() && one.get_ref<const std::string&>().find_first_of("*/") == std::string::npos)
        visit(one.get_ref<const std::string&>());
}

/// The kinds that the rules name without a wildcard.
std::vector<schema::resource_handle> kinds_of(const json& policy) {
  std::vector<schema::resource_handle> kinds;
  std::set<std::string> seen;
  const json& rules = json_member(policy, {"spec", "matchConstraints", "resourceRules"});
  if (!rules.is_array()) return kinds;
  for (const json& rule : rules)
    each_text(json_member(rule, {"apiGroups"}), [&](const std::string& group) {
      each_text(json_member(rule, {"apiVersions"}), [&](const std::string& version) {
        each_text(json_member(rule, {"resources"}), [&](const std::string& plural) {
          auto row = schema::find_resource(group, version, plural);
          if (row == nullptr || row->type == nullptr || kinds.size() >= most_kinds) return;
          if (seen.insert(fmt::format("{}/{}/{}", group, version, plural)).second)
            kinds.push_back(std::move(row));
        });
      });
    });
  return kinds;
}

std::string text(const json& object, const char* name) {
  const json& found = json_member(object, {name});
  return found.is_string() ? found.get<std::string>() : std::string();
}

/// Complaints about one expression, a line for each kind.
std::string complaints(const std::string& expression, const json& policy,
                       const std::vector<schema::resource_handle>& kinds) {
  constexpr std::string_view prefix = "compilation failed: ";
  const bool has_params = json_member(policy, {"spec", "paramKind"}).is_object();
  std::string all;
  for (const schema::resource_handle& kind : kinds) {
    const cel::type_ref object = cel::table_type(*kind->type);
    std::vector<cel::named_type> variables;
    const auto names = [&] {
      return cel::admission_environment(
          {.has_params = has_params, .variables = &variables, .object = object});
    };
    if (const json& given = json_member(policy, {"spec", "variables"}); given.is_array())
      for (const json& one : given) {
        const auto made = cel::program::compile(text(one, "expression"), names());
        variables.push_back(
            {text(one, "name"), made ? made->yields_ref() : cel::simple(cel::type_kind::dynamic)});
      }
    const auto made = cel::program::compile(expression, names());
    if (made) continue;
    std::string_view why = made.error().message;
    if (why.starts_with(prefix)) why.remove_prefix(prefix.size());
    all += fmt::format("{}{}, Kind={}: {}", all.empty() ? "" : "\n", kind->api_version(), kind->kind, why);
  }
  return all;
}

} // namespace

std::vector<expression_warning> check_policy_types(const json& policy) {
  std::vector<expression_warning> warnings;
  const auto kinds = kinds_of(policy);
  const json& validations = json_member(policy, {"spec", "validations"});
  if (kinds.empty() || !validations.is_array()) return warnings;
  for (std::size_t i = 0; i < validations.size(); ++i)
    for (const char* name : {"expression", "messageExpression"}) {
      const std::string expression = text(validations[i], name);
      if (expression.empty()) continue;
      if (std::string why = complaints(expression, policy, kinds); !why.empty())
        warnings.push_back({fmt::format("spec.validations[{}].{}", i, name), std::move(why)});
    }
  return warnings;
}

} // namespace actord::actors
