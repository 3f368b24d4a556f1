#include "actors/controllers/admission/policy_types.hpp"
#include "actors/controllers/controller_kinds.hpp"
#include "actors/controllers/read_objects.hpp"
#include "schema/base/json.hpp"
#include "schema/base/json_member.hpp"
#include "schema/tables/resource_table.hpp"

namespace actord::actors {

namespace {

/// The status that says of a policy's expressions what its kinds' types say.
json status_of(const json& policy, std::int64_t generation) {
  json checking = json::object();
  for (const expression_warning& one : check_policy_types(policy))
    checking["expressionWarnings"].push_back({{"fieldRef", one.field}, {"warning", one.warning}});
  if (!checking.contains("expressionWarnings")) checking["expressionWarnings"] = nullptr;
  return {{"status", {{"observedGeneration", generation}, {"typeChecking", std::move(checking)}}}};
}

class policy_status_kind final : public controller_kind {
public:
  [[nodiscard]] std::string_view name() const override { return "validatingadmissionpolicy-status"; }
  [[nodiscard]] std::vector<resource_id> watches() const override { return {policies_}; }

  void all_keys(const storage::snapshot& now, std::vector<object_key>& keys) const override {
    all_keys_of(now, policies_, keys);
  }
  void keys_for(const storage::store_event& event, const storage::snapshot&,
                std::vector<object_key>& keys) const override {
    keys.push_back(event.key);
  }

  [[nodiscard]] plan reconcile(const reconcile_input& input) const override {
    const std::string_view bytes = input.state.get(input.key);
    if (bytes.empty()) return {};
    const auto view = schema::object_view::open(bytes);
    if (!view) return {};
    const json policy =
        view->to_json(schema::builtin("admissionregistration.k8s.io", "validatingadmissionpolicies"));
    const json& generation = json_member(policy, {"metadata", "generation"});
    const json& uid = json_member(policy, {"metadata", "uid"});
    plan out;
    out.verdict = "up to date";
    if (!generation.is_number_integer() ||
        generation == json_member(policy, {"status", "observedGeneration"}))
      return out;
    out.verdict = "types checked";
    out.patch.push_back({.key = input.key,
                         .subresource = "status",
                         .uid = uid.is_string() ? uid.get<std::string>() : std::string(),
                         .at = view->at(),
                         .patch = status_of(policy, generation.get<std::int64_t>()),
                         .note = "what the types say of its expressions"});
    return out;
  }

private:
  const resource_id policies_ =
      schema::builtin("admissionregistration.k8s.io", "validatingadmissionpolicies").stored_as;
};

} // namespace

std::unique_ptr<controller_kind> policy_status_controller() { return std::make_unique<policy_status_kind>(); }

} // namespace actord::actors
