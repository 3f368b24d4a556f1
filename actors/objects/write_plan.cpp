#include "actors/objects/write_plan.hpp"

#include "actors/admission/admission_chain.hpp"
#include "actors/authorization/role_guard.hpp"
#include "actors/objects/definition_claims.hpp"
#include "actors/objects/deletion.hpp"
#include "actors/objects/namespace_companions.hpp"
#include "actors/objects/plan_conversion.hpp"
#include "actors/objects/pod_binding.hpp"
#include "actors/objects/pod_eviction.hpp"
#include "actors/objects/quota_charges.hpp"
#include "actors/objects/refusals.hpp"
#include "actors/objects/service_claims.hpp"
#include "actors/webhooks/write_reviews.hpp"
#include "schema/base/discard_json.hpp"
#include "schema/custom/definition.hpp"
#include "schema/object/converted_object.hpp"
#include "schema/tables/resource_table.hpp"
#include "schema/write/versioned_context.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <fmt/format.h>

namespace actord::actors {
namespace {

/// Tries at one write before the client is told to try itself.
constexpr int attempts_max = 12;
constexpr int generated_names_max = 8;

using schema::resource_type;

/// Everything one planning step shares.
struct planning {
  const write_environment& environment;
  const write_command& command;
  schema::resource_handle row;
  const resource_type& type; ///< *row
  wall_time now;
  write_reviews* reviews;         ///< null: no webhook has a say
  write_conversions* conversions; ///< null: none converts the kind
  schema::resource_handle asked;  ///< the row that the command names; `row` may be another version
  bool as_written = false;        ///< the object stays in the version it was written in

  [[nodiscard]] bool wants_conversion() const { return conversions != nullptr && conversions->wants(); }
};

object_key stored_key(const planning& step, std::string name) {
  return {step.type.stored_as, step.type.namespaced ? step.command.key.space : std::string(),
          std::move(name)};
}

error no_conversion(const resource_type& type) {
  return {.kind = error_kind::internal,
          .message = fmt::format("Internal error occurred: nobody here converts {}", type.plural),
          .causes = {},
          .subject = {}};
}

/// The object as it is stored, ready to be changed.
struct current_object {
  std::string bytes;
  revision at;
  json object;

  [[nodiscard]] bool exists() const { return !bytes.empty(); }
};

result<json> object_as(const planning& step, const schema::resource_handle& row, const std::string& bytes) {
  if (!schema::needs_conversion(bytes, *row)) {
    const auto view = schema::object_view::open(bytes);
    return view ? result<json>(view->to_json(*row)) : result<json>(view.error());
  }
  if (step.conversions == nullptr) return no_conversion(*row);
  const auto form = step.conversions->stored(row, bytes);
  if (!form) return form.error();
  const auto view = schema::object_view::open(*form);
  return view ? result<json>(view->to_json(*row)) : result<json>(view.error());
}

result<current_object> load(const planning& step) {
  current_object current;
  current.bytes = step.environment.store.head(stored_key(step, step.command.key.name));
  if (current.bytes.empty()) return current;
  const auto view = schema::object_view::open(current.bytes);
  if (!view) return view.error();
  current.at = view->at();
  auto object = object_as(step, step.row, current.bytes);
  if (!object) return object.error();
  current.object = std::move(*object);
  return current;
}

/// Kinds that a PUT may create, in the groups and names of Kubernetes.
bool update_may_create(const resource_type& type) {
  if (type.group == "rbac.authorization.k8s.io" || type.group == "coordination.k8s.io") return true;
  if (type.group == "node.k8s.io") return type.plural == "runtimeclasses";
  if (!type.group.empty()) return type.group == "events.k8s.io";
  constexpr std::array<std::string_view, 4> core{"endpoints", "events", "limitranges", "services"};
  return std::ranges::find(core, type.plural) != core.end();
}

void require_namespace(const planning& step, write_plan& plan) {
  if (!step.type.namespaced) return;
  plan.transaction.changes.push_back(
      namespace_guard(step.row, step.command.key.space, step.command.key.name));
  plan.roles.push_back(change_role::guard);
}

/// Dry runs store nothing, so what the transaction would have refused is asked here.
result<void> check_guards_now(const planning& step, const write_plan& plan) {
  for (std::size_t i = 0; i < plan.roles.size(); ++i) {
    const storage::object_change& change = plan.transaction.changes[i];
    const std::string head = step.environment.store.head(change.key);
    if (plan.roles[i] == change_role::object && change.require.must_be_absent && !head.empty())
      return object_exists(step.type, change.key.name);
    const auto* decide = std::get_if<storage::decide_change>(&change.what);
    if (plan.roles[i] != change_role::guard || decide == nullptr) continue;
    if (auto held = (*decide)({head, revision{}}, step.now); !held) return held.error();
  }
  return {};
}

/// The common end of all plans.
result<write_plan> seal(const planning& step, write_plan plan, revision dry_revision) {
  plan.transaction.only_in_term = step.command.only_in_term;
  plan.transaction.request_id = step.command.request_id;
  if (!step.command.dry_run) return plan;
  if (auto held = check_guards_now(step, plan); !held) return held.error();
  plan.transaction.changes.clear();
  plan.roles.clear();
  if (plan.unstored) {
    plan.unstored->dry_run = true;
    plan.unstored->dry_revision = dry_revision;
    return plan;
  }
  if (dry_revision.value != 0) schema::stamp_revision(plan.stored_bytes, dry_revision);
  plan.answer.stored = share_bytes(std::move(plan.stored_bytes));
  return plan;
}

/// Makes the object's own change, which stands at `at`, a put of the object or its end with it as last form.
void put_object(const planning& step, json& object, write_plan& plan, std::size_t at, bool removes = false) {
  const bool converts = schema::converts(step.type) && !step.as_written &&
                        &step.type.custom->definition->stored_row() != &step.type;
  if (converts) {
    plan.unstored = unstored_object{step.row, std::move(object), removes, false, {}};
    return;
  }
  std::string bytes = step.as_written ? schema::encode_in_version(step.type, object, step.command.cause)
                                      : schema::encode_object(step.type, object, step.command.cause);
  discard_json(object);
  plan.stored_bytes = bytes;
  storage::object_change& change = plan.transaction.changes.at(at);
  if (removes)
    change.what = storage::remove_value{std::move(bytes)};
  else
    change.what = storage::put_value{std::move(bytes)};
}

schema::write_context context_of(const planning& step, const schema::admission_step& mutate,
                                 const schema::admission_step& admit) {
  return {.type = step.type,
          .subresource = step.command.subresource,
          .space = step.command.key.space,
          .name = step.command.key.name,
          .now = step.now,
          .random = step.environment.random,
          .field_manager = step.command.field_manager,
          .validation = step.command.validation,
          .force = step.command.force,
          .mutate = &mutate,
          .admit = &admit};
}

result<void> check_roles(const planning& step, const json& object, const json* old) {
  if (step.environment.roles == nullptr) return {};
  const std::string_view name = old == nullptr ? std::string_view() : step.command.key.name;
  return step.environment.roles->check(
      {step.type, step.command.key.space, name, step.command.caller, object, old});
}

admission_request request_of(const planning& step, std::vector<std::string>& warnings) {
  return {.type = step.type,
          .subresource = step.command.subresource,
          .space = step.command.key.space,
          .name = step.command.key.name,
          .verb = step.command.verb,
          .caller = step.command.caller,
          .warnings = &warnings,
          .audit_notes = step.command.audit_notes.get(),
          .dry_run = step.command.dry_run};
}

error given_up() { return bad_request("the plan is given up: it waits for a conversion"); }

struct admission_steps {
  explicit admission_steps(const planning& step)
      : request(request_of(step, warnings)),
        mutate([this, &step](json& object, const json* old) -> result<void> {
          if (step.wants_conversion()) return given_up();
          const auto plugins = [&](json& what) {
            return step.environment.admission.mutate(request, what, old);
          };
          return step.reviews == nullptr ? plugins(object) : step.reviews->mutate(object, old, plugins);
        }),
        admit([this, &step](json& object, const json* old) -> result<void> {
          if (step.wants_conversion()) return given_up();
          if (auto admitted = step.environment.admission.admit(request, object, old); !admitted)
            return admitted.error();
          if (auto may = check_roles(step, object, old); !may) return may;
          if (step.reviews != nullptr) step.reviews->validate(object, old);
          return {};
        }),
        versions(step.conversions == nullptr
                     ? nullptr
                     : std::make_unique<planned_versions>(step.row, *step.conversions)) {}
  admission_steps(const admission_steps&) = delete;
  admission_steps& operator=(const admission_steps&) = delete;

  std::vector<std::string> warnings;
  admission_request request;
  schema::admission_step mutate;
  schema::admission_step admit;
  std::unique_ptr<planned_versions> versions; ///< null where field ownership needs none

  [[nodiscard]] schema::versioned_context context(const planning& step) const {
    return {context_of(step, mutate, admit), versions.get()};
  }
};

/// What admission wants the client to know comes after what decoding and the kind's rules said.
schema::prepared_write with_warnings(schema::prepared_write prepared, const admission_steps& steps) {
  prepared.warnings.insert(prepared.warnings.end(), steps.warnings.begin(), steps.warnings.end());
  return prepared;
}

void charge(const planning& step, const std::string& name, const json* old, const json* object,
            write_plan& plan) {
  charge_quotas(
      step.environment,
      {step.type, step.command.subresource, step.command.key.space, name, old, object, step.command.cause},
      plan);
}

result<write_plan> plan_new_object(const planning& step, schema::prepared_write prepared) {
  json& object = prepared.object;
  write_plan plan;
  plan.answer.created = true;
  plan.answer.warnings = std::move(prepared.warnings);
  const object_key key = stored_key(step, object["metadata"]["name"].get<std::string>());

  plan.transaction.changes.reserve(4); // the object, its namespace, quotas
  plan.roles.reserve(4);
  plan.name = key.name;
  plan.generated = step.command.key.name.empty() && object["metadata"].contains("generateName");
  plan.transaction.changes.push_back(
      {key, {.must_be_absent = true, .must_exist = false, .at = {}, .uid = {}}, {}});
  plan.roles.push_back(change_role::object);
  require_namespace(step, plan);
  if (is_service(step.type)) {
    if (auto claimed = claim_for_service(step.environment, object, nullptr, step.command.cause, plan);
        !claimed)
      return claimed.error();
  }
  if (step.type.custom != nullptr) {
    plan.transaction.changes.push_back(definition_guard(step.row));
    plan.roles.push_back(change_role::guard);
  }
  if (is_definition(step.type)) claim_for_definition(key.name, step.command.cause, plan);
  if (is_namespace(step.type)) add_namespace_companions(step.environment, object, step.now, plan);
  charge(step, plan.name, nullptr, &object, plan);
  put_object(step, object, plan, 0);
  return seal(step, std::move(plan), revision{});
}

result<write_plan> plan_create(const planning& step) {
  const admission_steps steps(step);
  auto prepared = schema::prepare_create(steps.context(step), step.command.format, step.command.body);
  if (!prepared) return prepared.error();
  return plan_new_object(step, with_warnings(std::move(*prepared), steps));
}

/// Nothing to store: the answer is what is there.
write_plan unchanged(current_object current, std::vector<std::string> warnings) {
  write_plan plan;
  plan.answer.warnings = std::move(warnings);
  plan.answer.stored = share_bytes(std::move(current.bytes));
  return plan;
}

/// The preconditions a client put into the body, and those of a controller.
result<bool> check_pins(const planning& step, const current_object& current,
                        std::string_view expected_revision, std::string_view expected_uid) {
  const std::string& name = step.command.key.name;
  const std::string uid = current.object["metadata"].value("uid", "");
  for (const std::string_view wanted : {expected_uid, std::string_view(step.command.only_uid)})
    if (!wanted.empty() && wanted != uid)
      return object_conflict(
          step.type, name,
          fmt::format(
              "StorageError: invalid object, Code: 4, Key: /registry/{}/{}/{}, ResourceVersion: 0, "
              "AdditionalErrorMsg: Precondition failed: UID in precondition: {}, UID in object meta: {}",
              step.type.plural, step.command.key.space, name, wanted, uid));
  if (step.command.only_at && *step.command.only_at != current.at) return object_modified(step.type, name);
  if (expected_revision.empty() || expected_revision == "0") return step.command.only_at.has_value();
  std::uint64_t number = 0;
  const auto [end, failure] =
      std::from_chars(expected_revision.data(), expected_revision.data() + expected_revision.size(), number);
  if (failure != std::errc() || end != expected_revision.data() + expected_revision.size())
    return bad_request(
        fmt::format("{} \"{}\" is invalid: metadata.resourceVersion: Invalid value: \"{}\": must be an "
                    "unsigned integer",
                    step.type.kind, name, expected_revision));
  if (revision{number} != current.at) return object_modified(step.type, name);
  // What a patch leaves alone it has from the object as it is, the revision too.
  return step.command.only_at.has_value() || step.command.verb == write_verb::update;
}

/// Ends the object with this write: its last form goes to the watchers.
result<write_plan> plan_end(const planning& step, const current_object& current, json last, write_plan plan) {
  if (is_service(step.type)) release_from_service(step.environment, last, step.command.cause, plan);
  if (is_definition(step.type))
    release_from_definition(step.environment, step.command.key.name, step.command.cause, plan);
  storage::object_change change{stored_key(step, step.command.key.name), {}, {}};
  change.require.at = current.at;
  plan.transaction.changes.insert(plan.transaction.changes.begin(), std::move(change));
  plan.roles.insert(plan.roles.begin(), change_role::object);
  put_object(step, last, plan, 0, true);
  charge(step, step.command.key.name, &current.object, nullptr, plan);
  plan.answer.removed = true;
  return seal(step, std::move(plan), current.at);
}

result<write_plan> plan_changed_object(const planning& step, current_object current,
                                       schema::prepared_write prepared) {
  const auto pinned = check_pins(step, current, prepared.expected_revision, prepared.expected_uid);
  if (!pinned) return pinned.error();
  json& object = prepared.object;
  const bool ends = goes_with_update(step.type, object);
  // What lies there in an older version is written anew whatever the write says: that is how it migrates.
  const bool migrates = !step.as_written && is_outdated(current.bytes, step.type);
  if (!prepared.changed && !ends && !migrates)
    return unchanged(std::move(current), std::move(prepared.warnings));

  write_plan plan;
  plan.pinned = *pinned;
  plan.answer.warnings = std::move(prepared.warnings);
  if (ends) return plan_end(step, current, std::move(object), std::move(plan));

  storage::object_change change{stored_key(step, step.command.key.name), {}, {}};
  change.require.at = current.at;
  plan.transaction.changes.push_back(std::move(change));
  plan.roles.push_back(change_role::object);
  if (is_definition(step.type)) claim_for_definition(step.command.key.name, step.command.cause, plan);
  if (is_service(step.type) && step.command.subresource.empty()) {
    if (auto claimed = claim_for_service(step.environment, object, &current.object, step.command.cause, plan);
        !claimed)
      return claimed.error();
  }
  charge(step, step.command.key.name, &current.object, &object, plan);
  put_object(step, object, plan, 0);
  discard_json(current.object);
  return seal(step, std::move(plan), current.at);
}

result<write_plan> plan_update(const planning& step) {
  auto current = load(step);
  if (!current) return current.error();
  const admission_steps steps(step);
  const schema::versioned_context context = steps.context(step);
  if (!current->exists()) {
    if (!update_may_create(step.type) || !step.command.subresource.empty())
      return object_not_found(step.type, step.command.key.name);
    auto prepared = schema::prepare_create(context, step.command.format, step.command.body);
    if (!prepared) return prepared.error();
    return plan_new_object(step, with_warnings(std::move(*prepared), steps));
  }
  auto prepared = schema::prepare_update(context, step.command.format, step.command.body, current->object);
  if (!prepared) return prepared.error();
  return plan_changed_object(step, std::move(*current), with_warnings(std::move(*prepared), steps));
}

result<write_plan> plan_patch(const planning& step) {
  auto current = load(step);
  if (!current) return current.error();
  const bool applies = step.command.patch == schema::patch_format::apply;
  if (!current->exists() && (!applies || !step.command.subresource.empty()))
    return object_not_found(step.type, step.command.key.name);
  const admission_steps steps(step);
  auto prepared = schema::prepare_patch(steps.context(step), step.command.patch, step.command.body,
                                        current->exists() ? &current->object : nullptr);
  if (!prepared) return prepared.error();
  if (!current->exists()) return plan_new_object(step, with_warnings(std::move(*prepared), steps));
  return plan_changed_object(step, std::move(*current), with_warnings(std::move(*prepared), steps));
}

/// Webhooks see the body that was posted, not the object that it changes, and so do policies, which `admit`
/// asks.
result<void> ask_about_posted(const planning& step, json& body, const std::function<result<void>()>& admit) {
  if (step.reviews != nullptr)
    if (auto asked = step.reviews->mutate(body, nullptr, [](json&) { return result<void>{}; }); !asked)
      return asked;
  if (auto admitted = admit(); !admitted) return admitted;
  if (step.reviews != nullptr) step.reviews->validate(body, nullptr);
  return {};
}

result<write_plan> plan_binding(const planning& step) {
  auto current = load(step);
  if (!current) return current.error();
  if (!current->exists()) return object_not_found(step.type, step.command.key.name);
  json binding = json::parse(step.command.body, nullptr, false);
  if (!binding.is_object()) return bad_request("the body is not a Binding");
  step.environment.admission.mutate_binding(binding);
  schema::prepared_write prepared;
  const admission_request asked = request_of(step, prepared.warnings);
  if (auto admitted = ask_about_posted(
          step, binding, [&] { return step.environment.admission.admit_binding(asked, binding); });
      !admitted)
    return admitted.error();
  prepared.object = current->object;
  if (auto bound = bind_pod(prepared.object, binding, step.now); !bound) return bound.error();
  const json metadata = binding.value("metadata", json::object());
  prepared.expected_uid = metadata.value("uid", "");
  prepared.expected_revision = metadata.value("resourceVersion", "");
  return plan_changed_object(step, std::move(*current), std::move(prepared));
}

/// Carries out a decided deletion. `plan` may hold more changes already: they come after the object's.
result<write_plan> plan_decided_deletion(const planning& step, current_object current, deletion_plan deletion,
                                         write_plan plan) {
  if (deletion.step == deletion_step::remove)
    return plan_end(step, current, std::move(deletion.object), std::move(plan));
  storage::object_change change{stored_key(step, step.command.key.name), {}, {}};
  change.require.at = current.at;
  plan.transaction.changes.insert(plan.transaction.changes.begin(), std::move(change));
  plan.roles.insert(plan.roles.begin(), change_role::object);
  put_object(step, deletion.object, plan, 0);
  return seal(step, std::move(plan), current.at);
}

/// Webhooks see the object in the version that was asked for.
result<void> show_removal(const planning& step, const current_object& current) {
  if (step.reviews == nullptr) return {};
  if (step.asked == step.row) {
    step.reviews->remove(current.object);
    return {};
  }
  const auto shown = object_as(step, step.asked, current.bytes);
  if (!shown) return shown.error();
  step.reviews->remove(*shown);
  return {};
}

result<write_plan> plan_removal(const planning& step) {
  auto current = load(step);
  if (!current) return current.error();
  if (!current->exists()) return object_not_found(step.type, step.command.key.name);
  write_plan plan;
  if (auto admitted =
          step.environment.admission.admit_removal(request_of(step, plan.answer.warnings), current->object);
      !admitted)
    return admitted.error();
  const auto pinned = check_pins(step, *current, {}, {});
  if (!pinned) return pinned.error();
  if (auto shown = show_removal(step, *current); !shown) return shown.error();
  auto deletion = plan_deletion(step.type, current->object, step.command.removal, step.now);
  if (!deletion) return deletion.error();
  if (deletion->step == deletion_step::nothing)
    return unchanged(std::move(*current), std::move(plan.answer.warnings));
  plan.pinned = *pinned || !step.command.removal.resource_version.empty();
  return plan_decided_deletion(step, std::move(*current), std::move(*deletion), std::move(plan));
}

/// A deletion that asks the pod's disruption budget first. The budget decides when the batch is sealed, so
/// that evictions at the same time never take more together than it allows.
result<write_plan> plan_eviction(const planning& step) {
  auto current = load(step);
  if (!current) return current.error();
  if (!current->exists()) return object_not_found(step.type, step.command.key.name);
  json posted = json::parse(step.command.body, nullptr, false);
  if (!posted.is_object()) return bad_request("the body is not an Eviction");
  write_plan plan;
  const admission_request asked = request_of(step, plan.answer.warnings);
  if (auto admitted = ask_about_posted(
          step, posted,
          [&] { return step.environment.admission.admit_eviction(asked, posted, current->object); });
      !admitted)
    return admitted.error();
  json evicted = current->object;
  if (!step.command.dry_run) mark_disruption_target(evicted, step.now);
  auto deletion = plan_deletion(step.type, std::move(evicted), step.command.removal, step.now);
  if (!deletion) return deletion.error();
  plan.pinned = !step.command.removal.resource_version.empty();
  if (auto spared = ask_disruption_budget(step.environment, current->object, step.command.cause, plan);
      !spared)
    return spared.error();
  if (deletion->step == deletion_step::nothing)
    return unchanged(std::move(*current), std::move(plan.answer.warnings));
  return plan_decided_deletion(step, std::move(*current), std::move(*deletion), std::move(plan));
}

} // namespace

result<write_plan> plan_write(const write_environment& environment, const write_command& command,
                              write_reviews* reviews, write_conversions* conversions) {
  const schema::resource_handle asked = schema::resource_of(command.key.resource);
  if (asked == nullptr) return no_such_resource();
  const bool as_written = schema::converts(*asked) && is_about_metadata(command) &&
                          (reviews == nullptr || command.verb == write_verb::remove);
  const schema::resource_handle row =
      as_written ? row_as_written(asked, environment.store.head({asked->stored_as,
                                                                 asked->namespaced ? command.key.space : "",
                                                                 command.key.name}))
                 : asked;
  const planning step{environment, command,     row,   *row,      environment.store.now(),
                      reviews,     conversions, asked, as_written};
  const bool pod = step.type.group.empty() && step.type.plural == "pods";
  switch (command.verb) {
  case write_verb::create:
    return pod && command.subresource == "binding" ? plan_binding(step) : plan_create(step);
  case write_verb::update:
    return plan_update(step);
  case write_verb::patch:
    return command.subresource == quota_count_subresource ? plan_quota_correction(command) : plan_patch(step);
  case write_verb::remove:
    return pod && command.subresource == "eviction" ? plan_eviction(step) : plan_removal(step);
  }
  ALWAYS(false);
  return bad_request({});
}

void store_converted(const write_command& command, const json& converted, write_plan& plan) {
  const unstored_object what = std::move(*plan.unstored);
  plan.unstored.reset();
  std::string bytes =
      schema::encode_in_version(what.type->custom->definition->stored_row(), converted, command.cause);
  if (what.dry_run) {
    if (what.dry_revision.value != 0) schema::stamp_revision(bytes, what.dry_revision);
    plan.answer.stored = share_bytes(std::move(bytes));
    return;
  }
  const auto role = std::ranges::find(plan.roles, change_role::object);
  ALWAYS(role != plan.roles.end());
  plan.stored_bytes = bytes;
  storage::object_change& change =
      plan.transaction.changes.at(static_cast<std::size_t>(role - plan.roles.begin()));
  if (what.removes)
    change.what = storage::remove_value{std::move(bytes)};
  else
    change.what = storage::put_value{std::move(bytes)};
}

refusal_verdict judge_refusal(const write_command& command, const write_plan& plan,
                              const storage::refused& refusal, int attempt) {
  const bool precondition = refusal.why.kind == error_kind::conflict ||
                            refusal.why.kind == error_kind::already_exists ||
                            refusal.why.kind == error_kind::not_found;
  const change_role role =
      refusal.change < plan.roles.size() ? plan.roles[refusal.change] : change_role::guard;
  if (!precondition || role == change_role::guard) return {false, refusal.why};

  const schema::resource_handle row = schema::resource_of(command.key.resource);
  if (row == nullptr) return {false, no_such_resource()};
  const resource_type& type = *row;
  if (role == change_role::object && plan.answer.created && command.verb == write_verb::create)
    return {plan.generated && attempt < generated_names_max, object_exists(type, plan.name)};
  return {!plan.pinned && attempt < attempts_max, object_modified(type, command.key.name)};
}

write_answer finish_write(write_plan plan, const storage::committed& outcome) {
  write_answer answer = std::move(plan.answer);
  for (std::size_t i = 0; i < plan.roles.size(); ++i) {
    if (plan.roles[i] != change_role::object) continue;
    if (plan.decided_bytes) plan.stored_bytes = std::move(*plan.decided_bytes);
    schema::stamp_revision(plan.stored_bytes, outcome.revisions.at(i));
    answer.stored = share_bytes(std::move(plan.stored_bytes));
    break;
  }
  return answer;
}

} // namespace actord::actors
