#include "schema/write/object_metadata.hpp"

#include "schema/base/json.hpp"
#include "schema/base/timestamp.hpp"
#include "schema/rules/kind_rules.hpp"
#include "schema/tables/resource_table.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace actord::schema {
namespace {

error refuse(error_kind kind, std::string message) { return {kind, std::move(message), {}, {}, 0}; }

error conflict_with(const resource_type& type, const std::string& name, std::string_view reason) {
  const std::string resource =
      type.group.empty() ? std::string(type.plural) : fmt::format("{}.{}", type.plural, type.group);
  error refused = refuse(error_kind::conflict, fmt::format("Operation cannot be fulfilled on {} \"{}\": {}",
                                                           resource, name, reason));
  refused.subject = error_subject{std::string(type.group), std::string(type.plural), name, {}};
  return refused;
}

struct kind_name {
  std::string_view group;
  std::string_view plural;
};

/// Kinds that refuse updates without a resourceVersion.
constexpr std::array conditional_only{
    kind_name{"admissionregistration.k8s.io", "mutatingadmissionpolicies"},
    kind_name{"admissionregistration.k8s.io", "mutatingadmissionpolicybindings"},
    kind_name{"admissionregistration.k8s.io", "mutatingwebhookconfigurations"},
    kind_name{"admissionregistration.k8s.io", "validatingadmissionpolicies"},
    kind_name{"admissionregistration.k8s.io", "validatingadmissionpolicybindings"},
    kind_name{"admissionregistration.k8s.io", "validatingwebhookconfigurations"},
    kind_name{"apiextensions.k8s.io", "customresourcedefinitions"},
    kind_name{"apiregistration.k8s.io", "apiservices"},
    kind_name{"coordination.k8s.io", "leases"},
    kind_name{"node.k8s.io", "runtimeclasses"},
    kind_name{"policy", "poddisruptionbudgets"},
    kind_name{"storage.k8s.io", "csidrivers"},
    kind_name{"storage.k8s.io", "csinodes"},
    kind_name{"storage.k8s.io", "csistoragecapacities"},
    kind_name{"storage.k8s.io", "volumeattachments"},
};

bool needs_resource_version(const resource_type& type) {
  if (type.custom != nullptr) return true;
  return std::ranges::any_of(conditional_only, [&](const kind_name& kind) {
    return kind.group == type.group && kind.plural == type.plural;
  });
}

json* metadata_of(json& object) {
  const auto found = object.find("metadata");
  return found != object.end() && found->is_object() ? &*found : nullptr;
}

} // namespace

std::string metadata_text(const json& object, const char* member) {
  const auto metadata = object.find("metadata");
  if (metadata == object.end() || !metadata->is_object()) return {};
  const auto found = metadata->find(member);
  return found != metadata->end() && found->is_string() ? found->get<std::string>() : std::string();
}

void clear_system_metadata(json& object) {
  json* metadata = metadata_of(object);
  if (metadata == nullptr) return;
  for (const char* member :
       {"creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "selfLink", "uid"})
    metadata->erase(member);
}

result<void> settle_namespace(const resource_type& type, std::string_view request_space, json& object) {
  const std::string sent = metadata_text(object, "namespace");
  if (!type.namespaced) request_space = {};
  if (sent == request_space) return {};
  if (sent.empty()) {
    object["metadata"]["namespace"] = request_space;
  } else if (request_space.empty()) {
    object["metadata"].erase("namespace");
  } else {
    return refuse(error_kind::bad_request,
                  "the namespace of the provided object does not match the namespace sent on the request");
  }
  return {};
}

result<void> check_request_name(const json& object, std::string_view request_name) {
  const std::string sent = metadata_text(object, "name");
  if (sent.empty())
    return refuse(
        error_kind::bad_request,
        fmt::format("the name of the object ({} based on URL) was undeterminable: name must be provided",
                    request_name));
  if (sent == request_name) return {};
  return refuse(
      error_kind::bad_request,
      fmt::format("the name of the object ({}) does not match the name on the URL ({})", sent, request_name));
}

std::string drop_repeated_owners(json& object, bool after_admission) {
  json* metadata = metadata_of(object);
  if (metadata == nullptr) return {};
  const auto owners = metadata->find("ownerReferences");
  if (owners == metadata->end() || !owners->is_array() || owners->size() < 2) return {};
  json kept = json::array();
  std::string repeated;
  for (json& owner : *owners) {
    if (std::ranges::find(kept, owner) == kept.end()) {
      kept.push_back(owner);
      continue;
    }
    if (!repeated.empty()) repeated += ", ";
    repeated += owner.is_object() ? owner.value("uid", std::string()) : std::string();
  }
  if (kept.size() == owners->size()) return {};
  *owners = std::move(kept);
  return fmt::format(
      ".metadata.ownerReferences contains duplicate entries{}; API server dedups owner references in "
      "1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) "
      "observed: {}",
      after_admission ? " after mutating admission happens" : "", repeated);
}

void fill_system_metadata(json& object, wall_time now, random_source& random) {
  json& metadata = object["metadata"];
  metadata["uid"] = new_uuid(random);
  metadata["creationTimestamp"] = format_time(now);
  const std::string prefix = metadata_text(object, "generateName");
  if (metadata_text(object, "name").empty() && !prefix.empty())
    metadata["name"] = prefix.substr(0, generated_name_prefix_max) + random_suffix(random);
}

void keep_system_metadata(json& object, const json& current) {
  json& metadata = object["metadata"];
  metadata.erase("selfLink");
  const auto before = current.find("metadata");
  if (before == current.end()) return;
  const auto keep = [&](const char* member) {
    const auto found = before->find(member);
    if (found != before->end()) metadata[member] = *found;
  };
  if (metadata_text(object, "uid").empty()) keep("uid");
  keep("creationTimestamp");
  keep("deletionTimestamp");
  if (!metadata.contains("deletionGracePeriodSeconds")) keep("deletionGracePeriodSeconds");
}

result<void> check_update_preconditions(const resource_type& type, const json& object, const json& current) {
  const std::string name = metadata_text(current, "name");
  const std::string uid = metadata_text(object, "uid");
  const std::string stored_uid = metadata_text(current, "uid");
  if (!uid.empty() && uid != stored_uid) {
    const std::string space = metadata_text(current, "namespace");
    return conflict_with(
        type, name,
        fmt::format("StorageError: invalid object, Code: 4, Key: /registry/{}/{}{}{}, ResourceVersion: 0, "
                    "AdditionalErrorMsg: Precondition failed: UID in precondition: {}, UID in object "
                    "meta: {}",
                    type.plural, space, space.empty() ? "" : "/", name, uid, stored_uid));
  }
  const std::string revision = metadata_text(object, "resourceVersion");
  if (revision.empty() || revision == "0") {
    if (!needs_resource_version(type)) return {};
    field_errors missing;
    missing.invalid("metadata.resourceVersion", 0, "must be specified for an update");
    return invalid_object(type, name, missing);
  }
  if (revision == metadata_text(current, "resourceVersion")) return {};
  return conflict_with(
      type, name,
      "the object has been modified; please apply your changes to the latest version and try again");
}

} // namespace actord::schema
