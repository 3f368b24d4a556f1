#include "actors/admission/policies/policy_admission.hpp"

#include "actors/admission/admission_facts.hpp"
#include "actors/admission/policies/policy_judge.hpp"
#include "actors/admission/policies/policy_mutation.hpp"
#include "actors/admission/request_description.hpp"
#include "actors/authorization/expression_access.hpp"
#include "actors/objects/refusals.hpp"
#include "schema/base/json_member.hpp"
#include "schema/custom/custom_kind.hpp"
#include "schema/custom/shape_object.hpp"
#include "schema/rules/kind_rules.hpp"
#include "schema/tables/resource_table.hpp"
#include "schema/write/scale.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace actord::actors {
namespace {

using schema::builtin;

/// Policies never judge what policies are made of: a mistake could not be undone otherwise.
bool is_exempt(const schema::resource_type& type) { return type.group == "admissionregistration.k8s.io"; }

std::string_view operation_of(const admission_request& request, const json* old) {
  if (!request.operation.empty()) return request.operation;
  if (request.verb == write_verb::remove) return "DELETE";
  return old == nullptr ? "CREATE" : "UPDATE";
}

/// With its kind, which is not stored; `subresource` says what a body of it is.
json whole(const json* object, const schema::resource_type& type, std::string_view subresource = {}) {
  if (object == nullptr) return {};
  const api_kind kind = kind_of_body(type, subresource);
  json made = *object;
  made.emplace("kind", kind.kind);
  made.emplace("apiVersion", kind.group.empty() ? kind.version : kind.group + "/" + kind.version);
  return made;
}

/// As the request has it: a scale is seen in place of what is scaled.
json shown(const json* object, const admission_request& request) {
  if (object != nullptr && request.subresource == "scale") return schema::scale_of(request.type, *object);
  return whole(object, request.type, request.subresource);
}

std::string name_of(const admission_request& request, const json* object) {
  if (!request.name.empty() || object == nullptr) return std::string(request.name);
  const json& name = json_member(*object, {"metadata", "name"});
  return name.is_string() ? name.get<std::string>() : std::string();
}

json request_of(const admission_request& request, std::string_view operation, const std::string& name) {
  const json options = json::object();
  return request_in_expressions({.operation = operation,
                                 .type = request.type,
                                 .subresource = request.subresource,
                                 .space = request.space,
                                 .name = name,
                                 .dry_run = request.dry_run,
                                 .options = options,
                                 .caller = request.caller},
                                request.type);
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
      if (binding.param_selector->matches(labels_in(one))) found.push_back(std::move(one));
  }
  for (json& one : found) one = whole(&one, *row);
  return found;
}

/// What policies may ask about one write, gathered once.
class surroundings {
public:
  surroundings(const admission_request& request, const json* object, const json* old,
               const admission_facts& facts, const access_check& may)
      : request_(request), facts_(facts), may_(may), is_space_(&request.type == &spaces()),
        operation_(operation_of(request, old)), name_(name_of(request, object)), old_(old),
        before_(shown(old, request)) {}

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
            .may = expression_access(may_, request_.caller),
            .params = [this](const param_kind& kind, const policy_binding& binding) {
              return params_of(facts_, kind, binding, request_.space);
            }};
  }

  [[nodiscard]] const std::string& name() const { return name_; }

private:
  static const schema::resource_type& spaces() { return builtin("", "namespaces"); }

  [[nodiscard]] std::optional<schema::text_map> space_labels(const json* object) const {
    if (is_space_) return labels_in(*object);
    if (request_.space.empty()) return std::nullopt;
    return facts_.labels(spaces(), {}, request_.space);
  }

  const admission_request& request_;
  const admission_facts& facts_;
  const access_check& may_;
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
                               const access_check& may) {
  if (is_exempt(request.type)) return {};
  surroundings around(request, object, old, facts, may);
  if (!concerns(policies, around.seen(object, old))) return {};
  const json now = shown(object, request);
  const policy_verdict verdict = judge_write(policies, around.judged(object == nullptr ? nullptr : &now));
  if (request.warnings != nullptr)
    request.warnings->insert(request.warnings->end(), verdict.warnings.begin(), verdict.warnings.end());
  if (request.audit_notes != nullptr)
    for (const auto& [key, note] : verdict.audit_notes) (*request.audit_notes)[key] = note;
  if (verdict.refused) return refusal_of(request, around.name(), *verdict.refused);
  return {};
}

result<void> mutate_by_policies(const policy_set& policies, const admission_request& request, json& object,
                                const json* old, const admission_facts& facts, const access_check& may) {
  if (is_exempt(request.type)) return {};
  surroundings around(request, &object, old, facts, may);
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
