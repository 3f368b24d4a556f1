#include "schema/base/json.hpp"
#include "schema/rules/checks/checks.hpp"
#include "schema/rules/checks/go_value.hpp"
#include "schema/rules/kind_rules.hpp"
#include "schema/rules/strategy_table.hpp"
#include "schema/tables/resource_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace actord::schema {

namespace rules {

namespace {

constexpr std::size_t annotations_limit_bytes = 256 * 1024;
constexpr int manager_limit_bytes = 128;
constexpr int subresource_limit_bytes = 256;

constexpr std::string_view owner_type = "io.k8s.apimachinery.pkg.apis.meta.v1.OwnerReference";

void check_owners(const field& owners, field_errors& errors) {
  std::string controller;
  for (const field owner : owners.items()) {
    // Errors name the list, not the item.
    const std::string_view api_version = owner.at("apiVersion").text();
    const std::string_view kind = owner.at("kind").text();
    const std::size_t slash = api_version.find('/');
    const std::string_view version =
        slash == std::string_view::npos ? api_version : api_version.substr(slash + 1);
    if (version.empty() || std::ranges::count(api_version, '/') > 1)
      errors.invalid(owners.named("apiVersion"), api_version, "version must not be empty");
    if (kind.empty()) errors.invalid(owners.named("kind"), "", "must not be empty");
    if (owner.at("name").zero()) errors.invalid(owners.named("name"), "", "must not be empty");
    if (owner.at("uid").zero()) errors.invalid(owners.named("uid"), "", "must not be empty");
    if (api_version == "v1" && kind == "Event")
      errors.invalid(owners, as_structure(owner_type, owner.value()),
                     "/v1, Kind=Event is disallowed from being an owner");
    if (!owner.at("controller").truth()) continue;
    const std::string here = fmt::format("{}/{}", kind, owner.at("name").text());
    if (controller.empty())
      controller = here;
    else
      errors.invalid(
          owners, as_structures(owner_type, owners.value()),
          fmt::format("Only one reference can have Controller set to true. Found \"true\" in references "
                      "for {} and {}",
                      controller, here));
  }
}

void check_finalizers(const field& finalizers, field_errors& errors) {
  bool orphan = false;
  bool foreground = false;
  for (const field finalizer : finalizers.items()) {
    for (const std::string& wrong : label_key(finalizer.text()))
      errors.invalid(finalizers, finalizer.text(), wrong);
    orphan = orphan || finalizer.text() == "orphan";
    foreground = foreground || finalizer.text() == "foregroundDeletion";
  }
  if (orphan && foreground)
    errors.invalid(finalizers, finalizers.value(),
                   "finalizer orphan and foregroundDeletion cannot be both set");
}

void check_managed_fields(const field& entries, field_errors& errors) {
  for (const field entry : entries.items()) {
    const std::string_view operation = entry.at("operation").text();
    if (operation != "Apply" && operation != "Update")
      errors.invalid(entry.named("operation"), operation, "must be `Apply` or `Update`");
    const field fields_type = entry.at("fieldsType");
    if (!fields_type.zero() && fields_type.text() != "FieldsV1")
      errors.invalid(fields_type, fields_type.text(), "must be `FieldsV1`");
    if (entry.at("manager").text().size() > manager_limit_bytes)
      errors.too_long(entry.named("manager"), manager_limit_bytes);
    if (entry.at("subresource").text().size() > subresource_limit_bytes)
      errors.too_long(entry.named("subresource"), subresource_limit_bytes);
  }
}

/// What follows the name in a check of metadata.
void check_common(const field& metadata, bool namespaced, field_errors& errors) {
  const field space = metadata.at("namespace");
  if (!namespaced) {
    if (!space.zero()) errors.forbidden(space, "not allowed on this type");
  } else if (space.zero())
    errors.required(space);
  else
    check_format(space, dns_label, errors);
  at_least(metadata.at("generation"), 0, errors);
  check_labels(metadata.at("labels"), errors);
  check_annotations(metadata.at("annotations"), errors);
  check_owners(metadata.at("ownerReferences"), errors);
  check_finalizers(metadata.at("finalizers"), errors);
  check_managed_fields(metadata.at("managedFields"), errors);
}

} // namespace

void check_annotations(const field& annotations, field_errors& errors) {
  std::size_t size_bytes = 0;
  if (!annotations.value().is_object()) return;
  for (const auto& [key, value] : annotations.value().items()) {
    std::string lowered = key;
    std::ranges::transform(lowered, lowered.begin(), [](unsigned char c) { return std::tolower(c); });
    for (const std::string& wrong : label_key(lowered)) errors.invalid(annotations, key, wrong);
    size_bytes += key.size() + (value.is_string() ? value.get_ref<const std::string&>().size() : 0);
  }
  if (size_bytes > annotations_limit_bytes) errors.too_long(annotations, annotations_limit_bytes);
}

void check_name_prefix(const field& metadata, format_check name_format, field_errors& errors) {
  const field prefix = metadata.at("generateName");
  if (!prefix.zero()) {
    const bool path = name_format == path_segment;
    for (const std::string& wrong :
         path ? path_segment_prefix(prefix.text()) : name_format(mask_trailing_dash(prefix.text())))
      errors.invalid(prefix, prefix.text(), wrong);
  }
}

void check_name(const field& metadata, format_check name_format, field_errors& errors) {
  const field name = metadata.at("name");
  if (name.zero())
    errors.required(name, "name or generateName is required");
  else
    check_format(name, name_format, errors);
}

void check_metadata(const field& metadata, bool namespaced, format_check name_format, field_errors& errors) {
  check_name(metadata, name_format, errors);
  check_common(metadata, namespaced, errors);
}

void check_metadata_but_name(const field& metadata, bool namespaced, field_errors& errors) {
  check_common(metadata, namespaced, errors);
}

void check_metadata_change(const field& metadata, const field& old, field_errors& errors) {
  if (old.contains("deletionTimestamp")) {
    std::vector<std::string> added;
    for (const field one : metadata.at("finalizers").items()) {
      const json& known = old.at("finalizers").value();
      if (std::ranges::find(known, one.value()) == known.end()) added.push_back(go_quoted(one.text()));
    }
    std::ranges::sort(added);
    if (!added.empty())
      errors.forbidden(metadata.at("finalizers"),
                       fmt::format("no new finalizers can be added if the object is being deleted, found new "
                                   "finalizers []string{{{}}}",
                                   fmt::join(added, ", ")));
  }
  if (metadata.at("resourceVersion").zero())
    errors.invalid(metadata.named("resourceVersion"), "", "must be specified for an update");
  if (metadata.at("generation").integer() < old.at("generation").integer())
    errors.invalid(metadata.at("generation"), metadata.at("generation").integer(), "must not be decremented");
  for (const std::string_view name : {"name", "namespace", "uid"}) {
    const field now = metadata.at(name);
    if (now.text() != old.at(name).text()) errors.invalid(now, now.text(), "field is immutable");
  }
  for (const std::string_view name : {"creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"})
    check_immutable(metadata.at(name), old.at(name), errors);
  check_labels(metadata.at("labels"), errors);
  check_annotations(metadata.at("annotations"), errors);
  check_owners(metadata.at("ownerReferences"), errors);
  check_managed_fields(metadata.at("managedFields"), errors);
}

namespace {

/// Most kinds let no finalizer pass that the server does not know and no domain owns.
void check_own_finalizers(const json& object, field_errors& errors, const rule_context& context) {
  if (strategy_of(context.type).any_finalizer) return;
  const field finalizers = field(object).at("metadata").at("finalizers");
  for (const field finalizer : finalizers.items())
    check_standard_finalizer(finalizer, finalizer.text(), errors);
}

} // namespace

} // namespace rules

void validate_metadata_create(const json& object, field_errors& errors, const rule_context& context) {
  const rules::strategy& row = rules::strategy_of(context.type);
  const rules::field metadata = rules::field(object).at("metadata");
  if (row.judges_prefix) rules::check_name_prefix(metadata, row.name_format, errors);
  rules::check_metadata(metadata, context.type.namespaced, row.name_format, errors);
  rules::check_own_finalizers(object, errors, context);
}

void validate_metadata_update(const json& object, const json& old, field_errors& errors,
                              const rule_context& context) {
  rules::check_metadata_change(rules::field(object).at("metadata"), rules::field(old).at("metadata"), errors);
  rules::check_own_finalizers(object, errors, context);
}

} // namespace actord::schema
