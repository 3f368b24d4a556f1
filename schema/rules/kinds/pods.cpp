#include "schema/base/json.hpp"
#include "schema/rules/checks/amounts.hpp"
#include "schema/rules/checks/checks.hpp"
#include "schema/rules/checks/defaults.hpp"
#include "schema/rules/kinds/kinds.hpp"
#include "schema/rules/pod/pod_defaults.hpp"
#include "schema/rules/pod/pod_validation.hpp"
#include "schema/rules/pod/pod_warnings.hpp"
#include "schema/rules/strategy_table.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace actord::schema::rules {

namespace {

constexpr std::int64_t most_seconds = 2147483647;

/// Whether `amounts` names cpu or memory with more than nothing.
void look_at_amounts(const field& amounts, bool& cpu, bool& memory) {
  const auto given = [&](std::string_view name) {
    const field amount = amounts.at(name);
    return amount.present() && compare_amounts(amount.value(), 0) > 0;
  };
  cpu = cpu || given("cpu");
  memory = memory || given("memory");
}

/// Guaranteed: every container limits cpu and memory to what it requests. BestEffort: none names either.
std::string_view quality_of_service(const field& spec) {
  bool any = false;
  bool guaranteed = true;
  json requests = json::object();
  json limits = json::object();
  const auto sum = [](json& total, const field& amounts) {
    for (const std::string_view name : {"cpu", "memory"}) {
      const field amount = amounts.at(name);
      if (!amount.present() || compare_amounts(amount.value(), 0) <= 0) continue;
      const std::string key(name);
      total[key] = total.contains(key) ? add_amounts(total[key], amount.value()) : amount.value();
    }
  };
  const auto look = [&](const field& resources) {
    bool cpu = false;
    bool memory = false;
    look_at_amounts(resources.at("requests"), any, any);
    look_at_amounts(resources.at("limits"), cpu, memory);
    any = any || cpu || memory;
    guaranteed = guaranteed && cpu && memory;
    sum(requests, resources.at("requests"));
    sum(limits, resources.at("limits"));
  };
  if (const field whole = spec.at("resources"); whole.present())
    look(whole);
  else
    for (const std::string_view list : {"containers", "initContainers"})
      for (const field container : spec.at(list).items()) look(container.at("resources"));
  if (!any) return "BestEffort";
  if (!guaranteed || requests.size() != limits.size()) return "Burstable";
  for (const auto& [name, value] : requests.items())
    if (!limits.contains(name) || compare_amounts(value, limits[name]) != 0) return "Burstable";
  return "Guaranteed";
}

/// Values of matchLabelKeys become part of the selector, so that schedulers need not know them.
void merge_label_keys(json& term, const field& labels) {
  const field place(term);
  if (!place.at("labelSelector").present()) return;
  std::vector<json> made;
  const auto add = [&](const field& keys, std::string_view operation) {
    for (const field key : keys.items())
      if (const field value = labels.entry(key.text()); value.present())
        made.push_back({{"key", key.text()}, {"operator", operation}, {"values", {value.value()}}});
  };
  add(place.at("matchLabelKeys"), "In");
  add(place.at("mismatchLabelKeys"), "NotIn");
  if (made.empty()) return;
  json& expressions = term["labelSelector"]["matchExpressions"];
  if (!expressions.is_array()) expressions = json::array();
  for (json& one : made) expressions.push_back(std::move(one));
}

void merge_affinity_keys(json& pod) {
  const field label_set = field(pod).at("metadata").at("labels");
  for (const std::string_view kind : {"spec.affinity.podAffinity", "spec.affinity.podAntiAffinity"}) {
    json* affinity = member_at(pod, kind);
    if (affinity == nullptr) continue;
    if (json* terms = member(*affinity, "requiredDuringSchedulingIgnoredDuringExecution"))
      for (json& term : *terms) merge_label_keys(term, label_set);
    if (json* terms = member(*affinity, "preferredDuringSchedulingIgnoredDuringExecution"))
      for (json& term : *terms)
        if (json* own = member(term, "podAffinityTerm")) merge_label_keys(*own, label_set);
  }
  if (json* constraints = member_at(pod, "spec.topologySpreadConstraints"))
    for (json& constraint : *constraints) merge_label_keys(constraint, label_set);
}

void prepare_pod_create(json& pod, const rule_context& context) {
  prepare_create_as_usual(pod, context);
  json& status = pod["status"] = json(json::value_t::object);
  status["phase"] = "Pending";
  status["qosClass"] = quality_of_service(field(pod).at("spec"));
  if (field(pod).at("spec").at("schedulingGates").size() > 0)
    status["conditions"] = {{{"type", "PodScheduled"},
                             {"status", "False"},
                             {"reason", "SchedulingGated"},
                             {"message", "Scheduling is blocked due to non-empty scheduling gates"}}};
  merge_affinity_keys(pod);
}

/// What a subresource of the specification leaves alone in the metadata.
void keep_metadata(json& pod, const json& old) {
  json& metadata = open_member(pod, "metadata");
  const field before = field(old).at("metadata");
  for (const char* name : {"annotations", "deletionTimestamp", "finalizers", "generation", "labels",
                           "ownerReferences", "selfLink"}) {
    metadata.erase(name);
    if (const field was = before.at(name); was.present()) metadata[name] = was.value();
  }
}

/// Of each container its amounts and how it takes to changes of them. Containers that were added, removed or
/// renamed stay so, for the validation to refuse.
json with_new_amounts(const json& now, const json& before) {
  if (!now.is_array() || !before.is_array() || now.size() != before.size()) return now;
  json kept = before;
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (field(now[i]).at("name").text() != field(before[i]).at("name").text()) return now;
    for (const char* name : {"resources", "resizePolicy"}) {
      kept[i].erase(name);
      if (const field value = field(now[i]).at(name); value.present()) kept[i][name] = value.value();
    }
  }
  return kept;
}

/// The pod as it was, with what that subresource of its specification may change.
void prepare_spec_part(json& pod, const json& old, std::string_view subresource) {
  json kept = old;
  kept["metadata"] = pod.value("metadata", json::object());
  keep_metadata(kept, old);
  json& spec = open_member(kept, "spec");
  const field asked = field(pod).at("spec");
  const auto take = [&](const char* name) {
    spec.erase(name);
    if (const field value = asked.at(name); value.present()) spec[name] = value.value();
  };
  if (subresource == "ephemeralcontainers") {
    take("ephemeralContainers");
  } else {
    const field before = field(old).at("spec");
    for (const char* name : {"containers", "initContainers", "resources"}) take(name);
    if (asked.at("containers").size() == before.at("containers").size() &&
        asked.at("initContainers").size() == before.at("initContainers").size())
      for (const char* name : {"containers", "initContainers"})
        if (spec.contains(name)) spec[name] = with_new_amounts(spec[name], before.at(name).value());
  }
  pod = std::move(kept);
}

void prepare_pod_update(json& pod, const json& old, const rule_context& context) {
  const field before(old);
  if (context.subresource == "ephemeralcontainers" || context.subresource == "resize") {
    prepare_spec_part(pod, old, context.subresource);
    if (!same(pod["spec"], old.at("spec")))
      pod["metadata"]["generation"] = before.at("metadata").at("generation").integer() + 1;
    return;
  }
  prepare_update_as_usual(pod, old, context);
  if (context.subresource != "status") return;
  // Owners are not the status writer's to change; a class that was left out stays.
  const field owners = before.at("metadata").at("ownerReferences");
  if (owners.present())
    pod["metadata"]["ownerReferences"] = owners.value();
  else
    pod["metadata"].erase("ownerReferences");
  fill_zero(open_member(pod, "status"), "qosClass", before.at("status").at("qosClass").value());
}

/// The whole pod but what only a create or an update asks.
void check_pod(const json& object, field_errors& errors, const rule_context& context) {
  const field pod(object);
  const field metadata = pod.at("metadata");
  const field spec = pod.at("spec");
  validate_metadata_create(object, errors, context);
  check_pod_annotations(metadata.at("annotations"), spec, errors);
  check_pod_spec(spec, &metadata, errors);
  if (spec.at("serviceAccountName").zero())
    for (const field volume : spec.at("volumes").items())
      for (const field source : volume.at("projected").at("sources").items())
        if (source.contains("serviceAccountToken"))
          errors.forbidden(source.at("serviceAccountToken"),
                           "must not be specified when serviceAccountName is not set");
  check_image_padding(spec, errors);
}

void check_pod_create(const json& object, field_errors& errors, const rule_context& context) {
  check_pod(object, errors, context);
  const field spec = field(object).at("spec");
  if (!spec.at("ephemeralContainers").zero())
    errors.forbidden(spec.at("ephemeralContainers"), "cannot be set on create");
  if (!spec.at("nodeName").zero() && !spec.at("schedulingGates").zero())
    errors.forbidden(spec.at("nodeName"), "cannot be set until all schedulingGates have been cleared");
  check_profile_annotations(field(object).at("metadata").at("annotations"), spec, errors);
}

void check_annotation_changes(const field& now, const field& before, field_errors& errors) {
  const auto special = [](std::string_view key) { return key == "kubernetes.io/config.mirror"; };
  const auto app_armor = [](std::string_view key) {
    return key.starts_with("container.apparmor.security.beta.kubernetes.io/");
  };
  if (before.value().is_object())
    for (const auto& [key, value] : before.value().items()) {
      if (now.entry(key).value() == value) continue;
      if (app_armor(key)) errors.forbidden(now.entry(key), "may not remove or update AppArmor annotations");
      if (special(key)) errors.forbidden(now.entry(key), "may not remove or update mirror pod annotation");
    }
  if (now.value().is_object())
    for (const auto& [key, value] : now.value().items()) {
      if (before.entry(key).present()) continue;
      if (app_armor(key)) errors.forbidden(now.entry(key), "may not add AppArmor annotations");
      if (special(key)) errors.forbidden(now.entry(key), "may not add mirror pod annotation");
    }
}

/// False when containers were added or removed, after which nothing else is compared.
bool check_container_changes(const field& now, const field& before, field_errors& errors) {
  if (now.size() != before.size()) {
    errors.forbidden(now, "pod updates may not add or remove containers");
    return false;
  }
  for (const field container : now.items()) {
    const field image = container.at("image");
    require(image, errors);
    const std::string_view text = image.text();
    if (!text.empty() && (std::isspace(static_cast<unsigned char>(text.front())) != 0 ||
                          std::isspace(static_cast<unsigned char>(text.back())) != 0))
      errors.invalid(image, text, "must not have leading or trailing whitespace");
  }
  return true;
}

bool check_deadline_change(const field& now, const field& before, field_errors& errors) {
  if (!now.present()) {
    if (before.present())
      errors.invalid(now, nullptr, "must not update from a positive integer to nil value");
    return !before.present();
  }
  if (!in_range(now, 0, most_seconds, errors)) return false;
  if (before.present() && before.integer() < now.integer()) {
    errors.invalid(now, now.integer(), "must be less than or equal to previous value");
    return false;
  }
  return true;
}

bool check_toleration_changes(const field& now, const field& before, field_errors& errors) {
  for (const field old : before.items()) {
    const bool kept = std::ranges::any_of(now.value(), [&](const json& one) {
      json left = one;
      json right = old.value();
      left.erase("tolerationSeconds");
      right.erase("tolerationSeconds");
      return same(left, right);
    });
    if (kept) continue;
    errors.forbidden(now, "existing toleration can not be modified except its tolerationSeconds");
    return false;
  }
  check_tolerations(now, errors);
  return true;
}

void check_gate_changes(const field& now, const field& before, field_errors& errors) {
  for (const field gate : now.items()) {
    bool known = false;
    for (const field old : before.items()) known = known || old.at("name").text() == gate.at("name").text();
    if (!known)
      errors.forbidden(gate.at("name"),
                       fmt::format("only deletion is allowed, but found new scheduling gate '{}'",
                                   gate.at("name").text()));
  }
}

/// The new spec with everything that may change set back.
json without_mutable_parts(const field& now, const field& before) {
  json spec = now.value();
  for (const char* list : {"containers", "initContainers"})
    for (std::size_t index = 0; index < before.at(list).size(); ++index)
      spec[list][index]["image"] = before.at(list).item(index).at("image").value();
  for (const char* name : {"activeDeadlineSeconds", "schedulingGates", "tolerations"})
    spec[name] = before.at(name).value();
  const field grace = before.at("terminationGracePeriodSeconds");
  if (grace.present() && grace.integer() < 0 && now.at("terminationGracePeriodSeconds").integer() == 1)
    spec["terminationGracePeriodSeconds"] = grace.value();
  if (before.at("schedulingGates").size() > 0) {
    // A pod that waits for its gates may still be told where to run.
    spec["nodeSelector"] = before.at("nodeSelector").value();
    const field affinity = before.at("affinity");
    if (affinity.present() || spec.contains("affinity"))
      spec["affinity"]["nodeAffinity"] = affinity.at("nodeAffinity").value();
  }
  return spec;
}

void check_pod_status(const json& object, const json& old, field_errors& errors,
                      const rule_context& context) {
  const field pod(object);
  const field before(old);
  validate_metadata_update(object, old, errors, context);
  check_annotation_changes(pod.at("metadata").at("annotations"), before.at("metadata").at("annotations"),
                           errors);
  const field status = pod.at("status");
  for (const field condition : status.at("conditions").items()) {
    const std::string_view type = condition.at("type").text();
    if (type == "PodScheduled" || type == "Ready" || type == "Initialized") continue;
    for (const std::string& wrong : label_key(type)) errors.invalid(condition.named("Type"), type, wrong);
  }
  check_immutable(status.at("qosClass"), before.at("status").at("qosClass"), errors);
  for (const field address : status.at("podIPs").items()) {
    const std::string text(address.at("ip").text());
    const json shown = text;
    check_ip(address.with(shown), errors);
  }
}

void check_pod_update(const json& object, const json& old, field_errors& errors,
                      const rule_context& context) {
  if (context.subresource == "status") return check_pod_status(object, old, errors, context);
  const field now = field(object).at("spec");
  const field before = field(old).at("spec");
  validate_metadata_update(object, old, errors, context);
  check_pod(object, errors, context);
  check_annotation_changes(field(object).at("metadata").at("annotations"),
                           field(old).at("metadata").at("annotations"), errors);
  const bool mirrors =
      field(old).at("metadata").at("annotations").entry("kubernetes.io/config.mirror").present();
  if (context.subresource == "ephemeralcontainers") {
    if (mirrors) errors.forbidden("", "static pods do not support ephemeral containers");
    return check_ephemeral_change(field(object), field(old), errors);
  }
  if (context.subresource == "resize") {
    if (mirrors) errors.forbidden("", "static pods cannot be resized");
    return check_resize(field(object), field(old), quality_of_service(now) == quality_of_service(before),
                        errors);
  }
  if (!context.subresource.empty()) return;
  if (!check_container_changes(now.at("containers"), before.at("containers"), errors) ||
      !check_container_changes(now.at("initContainers"), before.at("initContainers"), errors) ||
      !check_deadline_change(now.at("activeDeadlineSeconds"), before.at("activeDeadlineSeconds"), errors))
    return;
  check_toleration_changes(now.at("tolerations"), before.at("tolerations"), errors);
  check_gate_changes(now.at("schedulingGates"), before.at("schedulingGates"), errors);
  if (same(without_mutable_parts(now, before), before.value())) return;
  errors.forbidden(
      now, "pod updates may not change fields other than `spec.containers[*].image`,"
           "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions "
           "to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it "
           "was previously negative)");
}

// PodTemplate

void default_stored_template(json& object) { default_pod_template(open_member(object, "template")); }

void check_stored_template(const json& object, field_errors& errors, const rule_context&) {
  check_pod_template(field(object).at("template"), errors);
}

// Binding

void check_binding(const json& object, field_errors& errors, const rule_context&) {
  const field target = field(object).at("target");
  const field kind = target.at("kind");
  if (!kind.zero() && kind.text() != "Node") errors.not_supported(kind, kind.text(), {"Node", "<empty>"});
  require(target.at("name"), errors);
}

void check_binding_update(const json& object, const json&, field_errors& errors,
                          const rule_context& context) {
  check_binding(object, errors, context);
}

} // namespace

constinit const kind_rules pod_rules{.set_defaults = default_pod,
                                     .prepare_create = prepare_pod_create,
                                     .prepare_update = prepare_pod_update,
                                     .validate_create = check_pod_create,
                                     .validate_update = check_pod_update,
                                     .warn = warn_of_pod};
constinit const kind_rules pod_template_rules{.set_defaults = default_stored_template,
                                              .prepare_create = prepare_create_as_usual,
                                              .prepare_update = prepare_update_as_usual,
                                              .validate_create = check_after_metadata<check_stored_template>,
                                              .validate_update =
                                                  check_update_after_metadata<check_stored_template>,
                                              .warn = warn_of_stored_template};
constinit const kind_rules binding_rules{.validate_create = check_binding,
                                         .validate_update = check_binding_update};

} // namespace actord::schema::rules
