#include "actors/webhooks/write_reviews.hpp"

#include "actors/objects/refusals.hpp"
#include "actors/webhooks/review_object.hpp"
#include "schema/base/always.hpp"
#include "schema/object/converted_object.hpp"
#include "schema/patch/json_patch.hpp"
#include "schema/patch/managed_fields.hpp"
#include "schema/write/object_metadata.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace actord::actors {
namespace {

/// For all webhooks of a write together, as a Kubernetes server ends requests.
constexpr std::chrono::seconds patience{60};
constexpr int restarts_max = 12;

bool is_space(const schema::resource_type& type) { return type.group.empty() && type.plural == "namespaces"; }

/// What a server writes for itself, before it serves anybody: a webhook that fails closed would lock the
/// cluster out, with nobody left to remove it. Requests have an id, whoever they speak for.
bool is_the_servers_own(const write_command& command) {
  return command.caller.user == "system:apiserver" && command.cause.request_id.empty();
}

json options_json(const char* kind, const write_command& command) {
  json options = {{"kind", kind}, {"apiVersion", "meta.k8s.io/v1"}};
  if (command.dry_run) options["dryRun"] = json::array({"All"});
  if (!command.field_manager.empty()) options["fieldManager"] = command.field_manager;
  if (command.validation == schema::field_validation::strict) options["fieldValidation"] = "Strict";
  if (command.validation == schema::field_validation::warn) options["fieldValidation"] = "Warn";
  if (command.validation == schema::field_validation::ignore) options["fieldValidation"] = "Ignore";
  return options;
}

json removal_json(const write_command& command) {
  json options = {{"kind", "DeleteOptions"}, {"apiVersion", "meta.k8s.io/v1"}};
  const delete_options& given = command.removal;
  if (command.dry_run) options["dryRun"] = json::array({"All"});
  if (given.grace_period_s) options["gracePeriodSeconds"] = *given.grace_period_s;
  if (!given.uid.empty()) options["preconditions"]["uid"] = given.uid;
  if (!given.resource_version.empty()) options["preconditions"]["resourceVersion"] = given.resource_version;
  switch (given.how) {
  case propagation::by_default:
    break;
  case propagation::background:
    options["propagationPolicy"] = "Background";
    break;
  case propagation::foreground:
    options["propagationPolicy"] = "Foreground";
    break;
  case propagation::orphan:
    options["propagationPolicy"] = "Orphan";
    break;
  }
  return options;
}

error interruption() {
  return {.kind = error_kind::internal, .message = "the write waits for admission webhooks"};
}

error internal(const std::string& why) {
  return {.kind = error_kind::internal,
          .message = "Internal error occurred: " + why,
          .causes = {{.reason = {}, .message = why, .field = {}}},
          .subject = error_subject{}};
}

/// A webhook that returns the ownership of fields damaged does not get to change it.
void keep_ownership(const json& before, json& after, std::vector<std::string>& warnings) {
  const json& given = schema::managed_fields_of(after);
  if (given == schema::managed_fields_of(before) || given.is_null()) return;
  if (schema::decode_managed_fields(given, false)) return;
  if (const json& kept = schema::managed_fields_of(before); kept.is_null())
    after["metadata"].erase("managedFields");
  else
    after["metadata"]["managedFields"] = kept;
  warnings.emplace_back(
      ".metadata.managedFields was in an invalid state after admission; this could be caused by an outdated "
      "mutating admission controller; please fix your requests: the entries cannot be read");
}

} // namespace

write_reviews::write_reviews(environment with, review_subject subject, json create_options)
    : with_(std::move(with)), subject_(std::move(subject)), create_options_(std::move(create_options)),
      until_(with_.now() + patience),
      conversions_(with_.conversions == nullptr || !schema::converts(*subject_.type)
                       ? nullptr
                       : std::make_shared<write_conversions>(*with_.conversions)) {}

std::shared_ptr<write_reviews> write_reviews::of_command(environment with, const write_command& command) {
  const schema::resource_handle type = schema::resource_of(command.key.resource);
  if (type == nullptr || is_beyond_webhooks(*type) || is_the_servers_own(command)) return nullptr;
  review_subject subject{.operation = "UPDATE",
                         .type = type,
                         .subresource = command.subresource,
                         .space = is_space(*type) ? command.key.name : command.key.space,
                         .name = command.key.name,
                         .dry_run = command.dry_run,
                         .options = {},
                         .caller = command.caller};
  // An eviction is posted, whatever it does.
  const bool posted = command.verb == write_verb::create || command.subresource == "eviction";
  if (posted)
    subject.operation = "CREATE";
  else if (command.verb == write_verb::remove)
    subject.operation = "DELETE";
  const auto concerned = [&](std::string_view operation) {
    reviewed_resource request = subject.resource();
    request.operation = operation;
    return !concerned_webhooks(with.hooks->mutating, request).empty() ||
           !concerned_webhooks(with.hooks->validating, request).empty();
  };
  const bool may_create = subject.operation == "UPDATE" && command.subresource.empty();
  if (!concerned(subject.operation) && !(may_create && concerned("CREATE"))) return nullptr;
  subject.options = subject.operation == "DELETE" ? removal_json(command)
                    : posted                      ? options_json("CreateOptions", command)
                                                  : options_json("UpdateOptions", command);
  return std::make_shared<write_reviews>(std::move(with), std::move(subject),
                                         options_json("CreateOptions", command));
}

void write_reviews::know_operation(const json* old) {
  if (old != nullptr || subject_.operation != "UPDATE") return;
  subject_.operation = "CREATE";
  subject_.options = create_options_;
}

bool write_reviews::start_mutation(const json& object, const json* old) {
  object_ = object;
  old_ = old == nullptr ? json() : *old;
  mutators_ = concerned_webhooks(with_.hooks->mutating, subject_.resource());
  at_ = 0;
  changed_ = false;
  mutating_ = std::ranges::any_of(mutators_, [this](const auto& each) { return is_selected(each); });
  return mutating_;
}

result<void> write_reviews::mutate(json& object, const json* old,
                                   const std::function<result<void>(json&)>& plugins) {
  interrupted_ = false;
  know_operation(old);
  const std::string of = old == nullptr ? std::string() : schema::metadata_text(*old, "resourceVersion");
  if (stage_ != stage::untouched && of != made_of_) {
    if (++restarts_ > restarts_max) return object_modified(*subject_.type, subject_.name);
    stage_ = stage::untouched;
    asked_before_.clear();
    to_reinvoke_.clear();
  }
  if (stage_ == stage::untouched) {
    if (auto done = plugins(object); !done) return done;
    if (subject_.name.empty()) subject_.name = schema::metadata_text(object, "name");
    if (is_space(*subject_.type)) subject_.space = subject_.name;
    if (!start_mutation(object, old)) return refusal_ ? result<void>(refusal_->plain) : result<void>{};
    made_of_ = of;
    stage_ = stage::first;
    interrupted_ = true;
    return interruption();
  }
  object = object_;
  if (stage_ == stage::second || !changed_) return {};
  if (auto done = plugins(object); !done) return done;
  if (object != object_) to_reinvoke_.merge(asked_before_);
  stage_ = stage::second;
  if (to_reinvoke_.empty()) {
    object_ = object;
    return {};
  }
  object_ = object;
  at_ = 0;
  mutating_ = interrupted_ = true;
  return interruption();
}

void write_reviews::validate(const json& object, const json* old) {
  know_operation(old);
  const auto concerned = concerned_webhooks(with_.hooks->validating, subject_.resource());
  if (concerned.empty()) return;
  object_ = object;
  old_ = old == nullptr ? json() : *old;
  if (subject_.name.empty()) subject_.name = schema::metadata_text(object, "name");
  if (is_space(*subject_.type)) subject_.space = subject_.name;
  validation_due_ = true;
}

void write_reviews::remove(const json& old) {
  fixed_ = true;
  start_mutation(json(), &old);
  validation_due_ = true;
}

void write_reviews::connect(const json& options) {
  fixed_ = true;
  start_mutation(options, nullptr);
  validation_due_ = true;
}

std::vector<review_call> write_reviews::due() {
  if (conversions_ != nullptr && conversions_->tree_failure())
    refuse(0, {internal(conversions_->tree_failure()->message), {}, 500});
  if (refusal_) return {};
  if (unfinished_) {
    finish_mutation(std::move(*std::exchange(unfinished_, std::nullopt)));
    if (refusal_ || wants_conversion()) return {};
  }
  if (mutating_) {
    if (auto call = next_mutation()) return {std::move(*call)};
    if (wants_conversion()) return {};
    mutating_ = false;
    if (refusal_) return {};
  }
  if (!validation_due_) return {};
  std::vector<review_call> calls = validations();
  validation_due_ = wants_conversion();
  return validation_due_ ? std::vector<review_call>{} : calls;
}

std::optional<review_call> write_reviews::next_mutation() {
  asked_.clear();
  for (; at_ < mutators_.size(); ++at_) {
    if (stage_ == stage::second && !to_reinvoke_.contains(at_)) continue;
    if (refusal_) return {};
    if (!is_selected(mutators_[at_])) continue;
    review_call call = ask(0, mutators_[at_]);
    return wants_conversion() ? std::nullopt : std::optional(std::move(call));
  }
  return {};
}

std::vector<review_call> write_reviews::validations() {
  asked_.clear();
  std::vector<review_call> calls;
  for (const concerned_webhook& each : concerned_webhooks(with_.hooks->validating, subject_.resource()))
    if (is_selected(each)) calls.push_back(ask(calls.size(), each));
  if (refusal_) calls.clear();
  return calls;
}

bool write_reviews::is_selected(const concerned_webhook& each) {
  const json* object = object_.is_null() ? nullptr : &object_;
  const json* old = old_.is_null() ? nullptr : &old_;
  const std::function<std::optional<schema::text_map>()> labels = [this] {
    return with_.space_labels(subject_.space);
  };
  switch (select(*each.hook, subject_.resource(), {object, old, labels})) {
  case selection::passed_over:
    return false;
  case selection::no_namespace:
    refuse(0, {object_not_found(schema::builtin("", "namespaces"), subject_.space), {}, 404});
    return false;
  case selection::selected:
    break;
  }
  return each.hook->conditions == nullptr || meets_conditions(each);
}

bool write_reviews::converts(const schema::resource_handle& as) const {
  return conversions_ != nullptr && as->id != subject_.type->id && subject_.subresource != "scale";
}

/// With the ownership of fields, which is the same in all versions. Null while it waits.
json write_reviews::turned(const schema::resource_handle& from, const schema::resource_handle& to,
                           const json& object) const {
  const json* there = conversions_->tree(from, to, object);
  if (there == nullptr) return {};
  json whole = *there;
  const json& metadata = object.at("metadata");
  if (const auto kept = metadata.find("managedFields"); kept != metadata.end())
    whole["metadata"]["managedFields"] = *kept;
  return whole;
}

json write_reviews::shown(const concerned_webhook& to, const json& object) const {
  if (subject_.operation == "CONNECT") return object;
  if (object.is_null() || !converts(to.as))
    return shown_object(*subject_.type, subject_.subresource, *to.as, object);
  json there = turned(subject_.type, to.as, object);
  return there.is_null() ? there : shown_object(*to.as, subject_.subresource, *to.as, there);
}

std::optional<result<json>> write_reviews::back(const concerned_webhook& from, const json& patched) const {
  const schema::resource_type& type = *subject_.type;
  if (!converts(from.as)) return taken_back(type, subject_.subresource, *from.as, object_, patched);
  auto decoded = taken_back(*from.as, subject_.subresource, *from.as, object_, patched);
  if (!decoded) return decoded;
  json here = turned(from.as, subject_.type, *decoded);
  if (here.is_null()) return {};
  return result<json>(std::move(here));
}

/// Conditions that cannot be told leave who fails open unasked, and refuse the request for who fails closed.
bool write_reviews::meets_conditions(const concerned_webhook& each) {
  const json object = shown(each, object_);
  const json old = shown(each, old_);
  if (wants_conversion()) return true; // asked again once they are there
  const auto met = each.hook->conditions->hold(subject_, *each.as, object, old, with_.may);
  if (met) return *met;
  if (!each.hook->fails_open)
    refuse(0, {object_forbidden(*subject_.type, subject_.name, met.error().message), {}, 403});
  return false;
}

review_call write_reviews::ask(std::size_t number, const concerned_webhook& each) {
  asked_.push_back({each, new_uuid(with_.random)});
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until_ - with_.now());
  return {.number = number,
          .hook = each.hook,
          .text = review_text(*each.hook, subject_, *each.as, asked_.back().uid, shown(each, object_),
                              shown(each, old_)),
          .timeout =
              std::clamp<std::chrono::milliseconds>(left, std::chrono::milliseconds(1), each.hook->timeout)};
}

void write_reviews::take(std::size_t number, result<std::string> answer) {
  ALWAYS(number < asked_.size());
  const question& asked = asked_[number];
  const webhook& hook = *asked.to.hook;
  const bool mutating = mutating_;
  const std::size_t rank = mutating ? at_++ : number;
  if (!answer) return fail(rank, hook, "failed to call webhook: " + answer.error().message);
  auto read = read_review(hook, asked.uid, *answer);
  if (!read) {
    if (read.error().kind == error_kind::internal) return refuse(rank, {read.error(), {}, 500});
    return fail(rank, hook, "received invalid webhook response: " + read.error().message);
  }
  warnings_.insert(warnings_.end(), read->warnings.begin(), read->warnings.end());
  notes_.merge(read->audit_annotations);
  if (!read->allowed) return refuse(rank, refusal_of(hook, read->status));
  if (!mutating) return;
  finish_mutation({asked, std::move(*read), rank});
}

void write_reviews::finish_mutation(unfinished_mutation what) {
  if (!what.answer.patch.is_null() && !what.answer.patch.empty() && !take_mutation(what.asked, what.answer)) {
    unfinished_ = std::move(what);
    return;
  }
  if (what.asked.to.hook->reinvoked) asked_before_.insert(what.rank);
}

bool write_reviews::take_mutation(const question& asked, const review_answer& answer) {
  const webhook& hook = *asked.to.hook;
  const auto refuse_it = [&](error why, int code) {
    refuse(0, {std::move(why), {}, code});
    return true;
  };
  if (fixed_)
    return refuse_it(internal(fmt::format(
                         "admission webhook \"{}\" attempted to modify the object, which is not supported "
                         "for this operation",
                         hook.name)),
                     500);
  const schema::resource_type& type = *subject_.type;
  const json before = shown(asked.to, object_);
  json patched = before;
  if (auto applied = schema::apply_json_patch(patched, answer.patch); !applied)
    return refuse_it(internal(applied.error().message), 500);
  if (patched == before) return true;
  auto back_here = back(asked.to, patched);
  if (!back_here) return false;
  result<json>& object = *back_here;
  if (!object) return refuse_it(internal(object.error().message), 500);
  if (auto settled =
          schema::settle_namespace(type, type.namespaced ? subject_.space : std::string(), *object);
      !settled)
    return refuse_it(settled.error(), 400);
  keep_ownership(object_, *object, warnings_);
  object_ = std::move(*object);
  changed_ = true;
  to_reinvoke_.merge(asked_before_);
  asked_before_.clear();
  return true;
}

/// The first in order counts, whoever answers first.
void write_reviews::refuse(std::size_t number, review_refusal why) {
  if (refusal_ && refused_by_ <= number) return;
  refusal_ = std::move(why);
  refused_by_ = number;
}

void write_reviews::fail(std::size_t number, const webhook& hook, std::string_view why) {
  if (!hook.fails_open) return refuse(number, failed_call(hook, why));
  const bool mutating = hook.kind == webhook_kind::mutating;
  notes_[fmt::format("failed-open.{}.webhook.admission.k8s.io/round_{}_index_{}",
                     mutating ? "mutation" : "validation", stage_ == stage::second ? 1 : 0, number)] =
      hook.name;
}

} // namespace actord::actors
