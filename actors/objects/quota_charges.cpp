#include "actors/objects/quota_charges.hpp"

#include "actors/admission/resource_quota.hpp"
#include "actors/objects/refusals.hpp"
#include "schema/rules/checks/field.hpp"
#include "schema/tables/resource_table.hpp"

#include <fmt/format.h>

namespace actord::actors {
namespace {

using schema::rules::field;

bool has_deadline(const json& pod) { return field(pod).at("spec").at("activeDeadlineSeconds").is_integer(); }

/// Whether quotas may refuse the write, or only count it.
bool is_enforced(const quota_write& write) {
  if (write.object == nullptr) return false;
  if (write.old == nullptr) return true;
  const bool core = write.type.group.empty();
  if (core && write.type.plural == "pods")
    return write.subresource == "resize" ||
           (write.subresource.empty() && has_deadline(*write.old) != has_deadline(*write.object));
  return core && write.subresource.empty() &&
         (write.type.plural == "services" || write.type.plural == "persistentvolumeclaims");
}

storage::object_change charge_one(object_key key, std::shared_ptr<const quota_demand> demand,
                                  const quota_write& write, const schema::write_cause& cause) {
  storage::object_change change{std::move(key), {}, {}};
  // Its message ends where the quota's reason begins.
  error refusal = object_forbidden(write.type, write.name, "");
  change.what = [demand = std::move(demand), refusal = std::move(refusal),
                 cause](const storage::object_head& head, wall_time now) -> result<storage::resolved_change> {
    if (!head.exists()) return storage::resolved_change{storage::keep_value{}};
    const schema::resource_type& quotas = schema::builtin("", "resourcequotas");
    const auto view = schema::object_view::open(head.value);
    if (!view) return view.error();
    quota_verdict verdict = charge_quota(view->to_json(quotas), *demand, now);
    if (verdict.refusal) {
      error refused = refusal;
      refused.message += *verdict.refusal;
      return refused;
    }
    if (!verdict.charged) return storage::resolved_change{storage::keep_value{}};
    return storage::resolved_change{
        storage::put_value{schema::encode_object(quotas, *verdict.charged, cause)}};
  };
  return change;
}

} // namespace

void charge_quotas(const write_environment& environment, const quota_write& write, write_plan& plan) {
  if (!quotas_count(write.type)) return;
  static const resource_id quotas = schema::builtin("", "resourcequotas").stored_as;
  std::vector<object_key> keys;
  environment.store.read()->scan(quotas, write.space, [&](std::string_view bytes) {
    if (const auto view = schema::object_view::open(bytes)) keys.push_back(view->key());
    return true;
  });
  if (keys.empty()) return;
  auto demand = std::make_shared<quota_demand>();
  demand->kind = counted_kind::of(write.type);
  if (write.old != nullptr) demand->before = count_object(demand->kind, *write.old);
  if (write.object != nullptr) demand->after = count_object(demand->kind, *write.object);
  demand->enforced = is_enforced(write);
  if (demand->before == demand->after) return;
  schema::write_cause cause = write.cause;
  cause.note = fmt::format("counts {} {}", write.type.plural, write.name);
  for (object_key& key : keys) {
    plan.transaction.changes.push_back(charge_one(std::move(key), demand, write, cause));
    plan.roles.push_back(change_role::guard);
  }
}

json quota_count_body(const json& hard, const json& counted, const json& noted) {
  return {{"hard", hard}, {"counted", counted}, {"noted", noted}};
}

result<write_plan> plan_quota_correction(const write_command& command) {
  const json body = json::parse(command.body, nullptr, false);
  if (!body.is_object()) return bad_request("the body is not a count of a quota");
  const quota_count count{body.value("hard", json::object()), body.value("counted", json::object()),
                          body.value("noted", json::object())};
  write_plan plan;
  plan.transaction.only_in_term = command.only_in_term;
  plan.decided_bytes = std::make_shared<std::string>();
  storage::object_change change{command.key, {}, {}};
  change.require.must_exist = true;
  change.require.uid = command.only_uid;
  change.what = [count, cause = command.cause, name = command.key.name, decided = plan.decided_bytes](
                    const storage::object_head& head, wall_time) -> result<storage::resolved_change> {
    const schema::resource_type& type = schema::builtin("", "resourcequotas");
    const auto view = schema::object_view::open(head.value);
    if (!view) return view.error();
    const auto corrected = correct_quota(view->to_json(type), count);
    if (!corrected) return object_modified(type, name);
    *decided = schema::encode_object(type, *corrected, cause);
    return storage::resolved_change{storage::put_value{*decided}};
  };
  plan.transaction.changes.push_back(std::move(change));
  plan.roles.push_back(change_role::object);
  plan.pinned = true; // a count of something else is no use: the controller counts again
  plan.name = command.key.name;
  return plan;
}

} // namespace actord::actors
