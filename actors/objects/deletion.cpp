#include "actors/objects/deletion.hpp"

#include "actors/objects/definition_claims.hpp"
#include "actors/objects/refusals.hpp"
#include "schema/base/timestamp.hpp"
#include "schema/tables/resource_table.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace actord::actors {
namespace {

constexpr const char* orphan_finalizer = "orphan";
constexpr const char* foreground_finalizer = "foregroundDeletion";
constexpr const char* definition_finalizer = "customresourcecleanup.apiextensions.k8s.io";

bool is_pod(const schema::resource_type& type) { return type.group.empty() && type.plural == "pods"; }
bool is_namespace(const schema::resource_type& type) {
  return type.group.empty() && type.plural == "namespaces";
}

bool has_text(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() && !found->get_ref<const std::string&>().empty();
}

const json& member(const json& object, const char* key) {
  static const json absent;
  const auto found = object.find(key);
  return found == object.end() ? absent : *found;
}

bool has_items(const json& list) { return list.is_array() && !list.empty(); }

/// Jobs and replication controllers keep their dependents unless told otherwise, as their API versions always
/// did.
bool orphans_by_default(const schema::resource_type& type) {
  return (type.group == "batch" && type.plural == "jobs") ||
         (type.group.empty() && type.plural == "replicationcontrollers");
}

struct wanted_finalizers {
  bool orphan = false;
  bool foreground = false;
};

/// In the order of what decides: the request, a finalizer that is already there, the kind's default.
wanted_finalizers wanted(const schema::resource_type& type, const json& finalizers, propagation how) {
  switch (how) {
  case propagation::orphan:
    return {.orphan = true};
  case propagation::foreground:
    return {.foreground = true};
  case propagation::background:
    return {};
  case propagation::by_default:
    break;
  }
  for (const json& finalizer : finalizers) {
    if (finalizer == orphan_finalizer) return {.orphan = true};
    if (finalizer == foreground_finalizer) return {.foreground = true};
  }
  return {.orphan = orphans_by_default(type)};
}

/// True when that changed the set.
bool set_propagation(const schema::resource_type& type, json& metadata, propagation how) {
  const json before = metadata.value("finalizers", json::array());
  const wanted_finalizers want = wanted(type, before, how);
  json after = json::array();
  for (const json& finalizer : before)
    if (finalizer != orphan_finalizer && finalizer != foreground_finalizer) after.push_back(finalizer);
  if (want.orphan) after.emplace_back(orphan_finalizer);
  if (want.foreground) after.emplace_back(foreground_finalizer);
  const bool changed =
      before.size() != after.size() || !std::is_permutation(before.begin(), before.end(), after.begin());
  if (!changed) return false;
  if (after.empty())
    metadata.erase("finalizers");
  else
    metadata["finalizers"] = std::move(after);
  return true;
}

void raise_generation(json& metadata) {
  const std::int64_t generation = metadata.value("generation", std::int64_t{0});
  if (generation > 0) metadata["generation"] = generation + 1;
}

std::int64_t pod_grace_s(const json& pod, const delete_options& options) {
  const json& spec = member(pod, "spec");
  const json& status = member(pod, "status");
  if (!has_text(spec, "nodeName")) return 0;
  if (const json& phase = member(status, "phase"); phase == "Failed" || phase == "Succeeded") return 0;
  const std::int64_t grace = options.grace_period_s
                                 ? *options.grace_period_s
                                 : spec.value("terminationGracePeriodSeconds", std::int64_t{0});
  return grace < 0 ? 1 : grace;
}

enum class grace_outcome : std::uint8_t { none, set, pending };

/// Sets deletionTimestamp and grace of a pod. `none`: it may go at once as it is.
grace_outcome start_pod_grace(json& pod, const delete_options& options, wall_time now) {
  json& metadata = pod["metadata"];
  if (has_text(metadata, "deletionTimestamp")) {
    const std::int64_t current = metadata.value("deletionGracePeriodSeconds", std::int64_t{0});
    if (current == 0) return grace_outcome::none;
    if (!options.grace_period_s) return grace_outcome::pending;
    std::int64_t asked = *options.grace_period_s < 0 ? 1 : *options.grace_period_s;
    if (asked >= current) return grace_outcome::pending;
    const auto before = schema::parse_time(metadata["deletionTimestamp"].get_ref<const std::string&>());
    wall_time end = (before ? *before : now) - std::chrono::seconds(current) + std::chrono::seconds(asked);
    if (end < now) {
      end = now;
      if (asked != 0) asked = 1;
    }
    metadata["deletionTimestamp"] = schema::format_time(end);
    metadata["deletionGracePeriodSeconds"] = asked;
    return grace_outcome::set;
  }
  const std::int64_t grace = pod_grace_s(pod, options);
  metadata["deletionTimestamp"] = schema::format_time(now + std::chrono::seconds(grace));
  metadata["deletionGracePeriodSeconds"] = grace;
  raise_generation(metadata);
  return grace_outcome::set;
}

/// For everything without a grace period of its own that still waits for finalizers.
void mark_terminating(json& metadata, wall_time now) {
  const auto before = has_text(metadata, "deletionTimestamp")
                          ? schema::parse_time(metadata["deletionTimestamp"].get_ref<const std::string&>())
                          : std::nullopt;
  if (!before) raise_generation(metadata);
  if (!before || *before > now) metadata["deletionTimestamp"] = schema::format_time(now);
  metadata["deletionGracePeriodSeconds"] = 0;
}

deletion_plan plan_namespace(const schema::resource_type& type, json object, const delete_options& options,
                             wall_time now) {
  json& metadata = object["metadata"];
  if (!has_text(metadata, "deletionTimestamp")) {
    metadata["deletionTimestamp"] = schema::format_time(now);
    object["status"]["phase"] = "Terminating";
    set_propagation(type, metadata, options.how);
    if (goes_with_update(type, object)) return {deletion_step::remove, std::move(object)};
    return {deletion_step::mark, std::move(object)};
  }
  if (goes_with_update(type, object)) return {deletion_step::remove, std::move(object)};
  return {deletion_step::nothing, std::move(object)};
}

void set_terminating(json& object, wall_time now) {
  json& conditions = object["status"]["conditions"];
  if (!conditions.is_array()) conditions = json::array();
  for (const json& condition : conditions)
    if (condition.value("type", "") == "Terminating" && condition.value("status", "") == "True") return;
  std::erase_if(conditions.get_ref<json::array_t&>(),
                [](const json& condition) { return condition.value("type", "") == "Terminating"; });
  conditions.push_back(
      {{"type", "Terminating"},
       {"status", "True"},
       {"lastTransitionTime", schema::format_time(now)},
       {"reason", "InstanceDeletionPending"},
       {"message", "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon"}});
}

/// A definition stays until the objects it describes are gone, however it is deleted.
deletion_plan plan_definition(const schema::resource_type& type, json object, wall_time now) {
  json& metadata = object["metadata"];
  if (has_text(metadata, "deletionTimestamp"))
    return {goes_with_update(type, object) ? deletion_step::remove : deletion_step::nothing,
            std::move(object)};
  metadata["deletionTimestamp"] = schema::format_time(now);
  json& finalizers = metadata["finalizers"];
  if (!finalizers.is_array()) finalizers = json::array();
  if (std::ranges::find(finalizers, json(definition_finalizer)) == finalizers.end())
    finalizers.emplace_back(definition_finalizer);
  set_terminating(object, now);
  return {deletion_step::mark, std::move(object)};
}

result<void> check_preconditions(const schema::resource_type& type, const json& metadata,
                                 const delete_options& options) {
  const auto text = [&](const char* key) { return metadata.value(key, std::string()); };
  // The subject is the kind here, not the resource, as in Kubernetes.
  const auto refuse = [&](std::string_view why) -> error {
    const std::string kind =
        type.group.empty() ? std::string(type.kind) : fmt::format("{}.{}", type.kind, type.group);
    return {.kind = error_kind::conflict,
            .message = fmt::format("Operation cannot be fulfilled on {} \"{}\": {}", kind, text("name"), why),
            .causes = {},
            .subject = error_subject{std::string(type.group), std::string(type.kind), text("name"), {}}};
  };
  if (!options.uid.empty() && options.uid != text("uid"))
    return refuse(
        fmt::format("the UID in the precondition ({}) does not match the UID in record ({}). The object "
                    "might have been deleted and then recreated",
                    options.uid, text("uid")));
  if (!options.resource_version.empty() && options.resource_version != text("resourceVersion"))
    return refuse(
        fmt::format("the ResourceVersion in the precondition ({}) does not match the ResourceVersion in "
                    "record ({}). The object might have been modified",
                    options.resource_version, text("resourceVersion")));
  return {};
}

} // namespace

result<deletion_plan> plan_deletion(const schema::resource_type& type, json object,
                                    const delete_options& options, wall_time now) {
  json& metadata = object["metadata"];
  if (auto held = check_preconditions(type, metadata, options); !held) return held.error();
  if (is_namespace(type)) return plan_namespace(type, std::move(object), options, now);
  if (is_definition(type)) return plan_definition(type, std::move(object), now);

  grace_outcome grace = grace_outcome::none;
  if (is_pod(type)) grace = start_pod_grace(object, options, now);
  if (grace == grace_outcome::pending) return deletion_plan{deletion_step::nothing, std::move(object)};

  const bool changed = set_propagation(type, metadata, options.how);
  if (has_items(member(metadata, "finalizers"))) {
    if (grace == grace_outcome::set) return deletion_plan{deletion_step::mark, std::move(object)};
    const bool was_marked = has_text(metadata, "deletionTimestamp");
    const json before = metadata;
    mark_terminating(metadata, now);
    const bool same = was_marked && !changed && before == metadata;
    return deletion_plan{same ? deletion_step::nothing : deletion_step::mark, std::move(object)};
  }
  const bool waits =
      grace == grace_outcome::set && metadata.value("deletionGracePeriodSeconds", std::int64_t{0}) > 0;
  return deletion_plan{waits ? deletion_step::mark : deletion_step::remove, std::move(object)};
}

bool goes_with_update(const schema::resource_type& type, const json& object) {
  const json& metadata = member(object, "metadata");
  if (!has_text(metadata, "deletionTimestamp") || has_items(member(metadata, "finalizers"))) return false;
  if (is_namespace(type)) return !has_items(member(member(object, "spec"), "finalizers"));
  return metadata.value("deletionGracePeriodSeconds", std::int64_t{0}) == 0;
}

bool answers_with_deleted_object(const schema::resource_type& type) {
  constexpr std::array<std::string_view, 9> core{
      "namespaces",     "persistentvolumeclaims", "persistentvolumes",
      "pods",           "podtemplates",           "replicationcontrollers",
      "resourcequotas", "serviceaccounts",        "services"};
  if (type.group.empty()) return std::ranges::find(core, type.plural) != core.end();
  if (type.group == "resource.k8s.io") return true;
  return type.group == "storage.k8s.io" && type.plural != "csistoragecapacities";
}

} // namespace actord::actors
