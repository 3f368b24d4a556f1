#include "actors/admission/policies/policy_admission.hpp"

#include "actors/admission/admission_facts.hpp"
#include "actors/admission/policies/policy_judge.hpp"
#include "actors/admission/policies/policy_mutation.hpp"
#include "actors/objects/refusals.hpp"
#include "schema/base/json_member.hpp"
#include "schema/custom/custom_kind.hpp"
#include "schema/custom/shape_object.hpp"
#include "schema/rules/kind_rules.hpp"
#include "schema/tables/resource_table.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace actord::actors {
namespace {

using schema::builtin;

/// Policies never judge what policies are made of: a mistake could not be undone otherwise.
bool is_exempt(const schema::resource_type& type) { return type.group == "admissionregistration.k8s.io"; }

std::string_view operation_of(const admission_request& request, const json* old) {
  if (request.verb == write_verb::remove) return "DELETE";
  return old == nullptr ? "CREATE" : "UPDATE";
}

json whole(const json* object, const schema::resource_type& type) {
  if (object == nullptr) return {};
  json made = *object;
  if (!made.contains("kind")) made["kind"] = type.kind;
  if (!made.contains("apiVersion")) made["apiVersion"] = type.api_version();
  return made;
}

std::string name_of(const admission_request& request, const json* object) {
  if (!request.name.empty() || object == nullptr) return std::string(request.name);
  const json& name = json_member(*object, {"metadata", "name"});
  return name.is_string() ? name.get<std::string>() : std::string();
}

json user_of(const caller_identity& caller) {
  json extra = json::object();
  for (const auto& [key, values] : caller.extra) extra[key] = values;
  return {
      {"username", caller.user}, {"uid", caller.uid}, {"groups", caller.groups}, {"extra", std::move(extra)}};
}

json request_of(const admission_request& request, std::string_view operation, const std::string& name) {
  const schema::resource_type& type = request.type;
  const json kind{{"group", type.group}, {"version", type.version}, {"kind", type.kind}};
  const json resource{{"group", type.group}, {"version", type.version}, {"resource", type.plural}};
  return {{"kind", kind},
          {"resource", resource},
          {"subResource", request.subresource},
          {"requestKind", kind},
          {"requestResource", resource},
          {"requestSubResource", request.subresource},
          {"name", name},
          {"namespace", request.space},
          {"operation", operation},
          {"userInfo", user_of(request.caller)},
          {"dryRun", request.dry_run},
          {"options", json::object()}};
}

caller_identity asked_for(const admission_request& request, const schema::cel::access_question& about) {
  if (about.user.empty()) return request.caller;
  caller_identity account;
  account.user = about.user;
  const std::string space = about.user.substr(0, about.user.rfind(':'));
  account.groups = {"system:serviceaccounts", "system:serviceaccounts:" + space.substr(space.rfind(':') + 1),
                    "system:authenticated"};
  return account;
}

schema::text_map labels_of_json(const json& object) {
  schema::text_map labels;
  if (const json& given = json_member(object, {"metadata", "labels"}); given.is_object())
    for (const auto& [key, value] : given.items())
      if (value.is_string()) labels.emplace(key, value.get<std::string>());
  return labels;
}

std::vector<json> params_of(const admission_facts& facts, const param_kind& kind,
                            const policy_binding& binding, std::string_view own_space) {
  const auto row = schema::find_kind(kind.group, kind.version, kind.kind);
  if (row == nullptr) return {};
  std::string_view space;
  if (row->namespaced)
    space = binding.param_space.empty() ? own_space : std::string_view(binding.param_space);
  if (row->namespaced && space.empty()) return {};
  std::vector<json> found;
  if (!binding.param_name.empty()) {
    if (auto one = facts.get(*row, space, binding.param_name)) found.push_back(std::move(*one));
  } else if (binding.param_selector) {
    for (json& one : facts.list(*row, space))
      if (binding.param_selector->matches(labels_of_json(one))) found.push_back(std::move(one));
  }
  for (json& one : found) one = whole(&one, *row);
  return found;
}

/// What policies may ask about one write, gathered once.
class surroundings {
public:
  surroundings(const admission_request& request, const json* object, const json* old,
               const admission_facts& facts, const admission_chain& chain)
      : request_(request), facts_(facts), chain_(chain), is_space_(&request.type == &spaces()),
        operation_(operation_of(request, old)), name_(name_of(request, object)), old_(old),
        before_(whole(old, request.type)) {}

  /// As it came; nothing is copied for writes that are nobody's business.
  [[nodiscard]] matched_write seen(const json* object, const json* old) const {
    return {request_.type, request_.subresource, name_, operation_, object, old, [this, object, old] {
              return space_labels(object != nullptr ? object : old);
            }};
  }

  /// `object`, with apiVersion and kind, must outlive the result.
  [[nodiscard]] judged_write judged(const json* object) {
    if (asked_.is_null()) {
      asked_ = request_of(request_, operation_, name_);
      if (!request_.space.empty() && !is_space_) space_ = facts_.get(spaces(), {}, request_.space);
    }
    return {.what = seen(object, old_ == nullptr ? nullptr : &before_),
            .request = asked_,
            .space = space_ ? &*space_ : nullptr,
            .in_space = request_.space,
            .may = [this](const schema::cel::access_question& about) { return may(about); },
            .params =
                [this](const param_kind& kind, const policy_binding& binding) {
                  return params_of(facts_, kind, binding, request_.space);
                }};
  }

  [[nodiscard]] const std::string& name() const { return name_; }

private:
  static const schema::resource_type& spaces() { return builtin("", "namespaces"); }

  [[nodiscard]] bool may(const schema::cel::access_question& about) const {
    const std::string resource =
        about.subresource.empty() ? about.resource : about.resource + "/" + about.subresource;
    return about.path.empty() &&
           chain_.may(asked_for(request_, about), about.verb, about.group, resource, about.name);
  }

  [[nodiscard]] std::optional<schema::text_map> space_labels(const json* object) const {
    if (is_space_) return labels_of_json(*object);
    if (request_.space.empty()) return std::nullopt;
    return facts_.labels(spaces(), {}, request_.space);
  }

  const admission_request& request_;
  const admission_facts& facts_;
  const admission_chain& chain_;
  bool is_space_;
  std::string_view operation_;
  std::string name_;
  const json* old_;
  json before_;
  json asked_;
  std::optional<json> space_;
};

bool concerns(const policy_set& policies, const matched_write& write) {
  return std::ranges::any_of(policies,
                             [&](const bound_policy& one) { return one.policy.match.match(write); });
}

/// The refusal as a Status of the reason that the policy gives.
error refusal_of(const admission_request& request, const std::string& name,
                 const policy_verdict::refusal& refused) {
  error full = object_forbidden(request.type, name.empty() ? "Unknown" : name, refused.message);
  if (refused.reason == "Invalid") full.kind = error_kind::invalid;
  if (refused.reason == "RequestEntityTooLarge") full.kind = error_kind::too_large;
  if (refused.reason == "Unauthorized") full.kind = error_kind::unauthorized;
  full.causes.push_back({{}, refused.message, {}});
  return full;
}

} // namespace

result<void> admit_by_policies(const policy_set& policies, const admission_request& request,
                               const json* object, const json* old, const admission_facts& facts,
                               const admission_chain& chain) {
  if (is_exempt(request.type)) return {};
  surroundings around(request, object, old, facts, chain);
  if (!concerns(policies, around.seen(object, old))) return {};
  const json now = whole(object, request.type);
  const policy_verdict verdict = judge_write(policies, around.judged(object == nullptr ? nullptr : &now));
  if (request.warnings != nullptr)
    request.warnings->insert(request.warnings->end(), verdict.warnings.begin(), verdict.warnings.end());
  if (request.audit_notes != nullptr)
    for (const auto& [key, note] : verdict.audit_notes) (*request.audit_notes)[key] = note;
  if (verdict.refused) return refusal_of(request, around.name(), *verdict.refused);
  return {};
}

result<void> mutate_by_policies(const policy_set& policies, const admission_request& request, json& object,
                                const json* old, const admission_facts& facts, const admission_chain& chain) {
  if (is_exempt(request.type)) return {};
  surroundings around(request, &object, old, facts, chain);
  if (!concerns(policies, around.seen(&object, old))) return {};
  json changed = whole(&object, request.type);
  if (auto done = mutate_write(policies, changed, [&](const json& now) { return around.judged(&now); });
      !done)
    return refusal_of(request, around.name(), {done.error().message, "Invalid"});
  for (const char* key : {"kind", "apiVersion"})
    if (!object.contains(key)) changed.erase(key);
  if (changed == object) return {};
  object = std::move(changed);
  if (request.type.custom != nullptr)
    schema::custom::fill_defaults(request.type.custom->schema, object);
  else
    schema::set_defaults(request.type, object);
  return {};
}

} // namespace actord::actors
