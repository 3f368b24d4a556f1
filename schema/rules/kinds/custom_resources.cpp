#include "schema/base/json.hpp"
#include "schema/custom/structural_schema.hpp"
#include "schema/rules/checks/checks.hpp"
#include "schema/rules/checks/defaults.hpp"
#include "schema/rules/kinds/admission_parts.hpp"
#include "schema/rules/kinds/custom_resource_schema.hpp"
#include "schema/rules/kinds/kinds.hpp"
#include "schema/rules/strategy_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <set>

namespace actord::schema::rules {

namespace {

std::string lowered(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](unsigned char c) { return std::tolower(c); });
  return result;
}

/// All complaints about a text as one error.
void check_joined(const field& text, const complaints& wrong, std::string_view before, field_errors& errors) {
  if (!wrong.empty()) errors.invalid(text, text.text(), fmt::format("{}{}", before, fmt::join(wrong, ",")));
}

void default_definition(json& object) {
  json& spec = open_member(object, "spec");
  json& names = open_member(spec, "names");
  const std::string kind(field(names).at("kind").text());
  if (!kind.empty()) {
    fill_zero(names, "singular", lowered(kind));
    fill_zero(names, "listKind", kind + "List");
  }
  fill(spec, "conversion", {{"strategy", "None"}});
  fill_constants(spec, {{"conversion.webhook.clientConfig.service.port", "443"}});
  json& status = open_member(object, "status");
  if (field(status).at("storedVersions").zero())
    for (const field version : field(spec).at("versions").items())
      if (version.at("storage").truth()) {
        status["storedVersions"] = {version.at("name").text()};
        break;
      }
}

/// A new definition stores one version; names are accepted later.
void prepare_definition_create(json& object, const rule_context& context) {
  prepare_create_as_usual(object, context);
  json stored = nullptr;
  for (const field version : field(object).at("spec").at("versions").items())
    if (version.at("storage").truth()) {
      if (!stored.is_array()) stored = json::array();
      const json name(version.at("name").text());
      if (std::ranges::find(stored, name) == stored.end()) stored.push_back(name);
    }
  object["status"] = {
      {"conditions", nullptr}, {"acceptedNames", {{"plural", ""}, {"kind", ""}}}, {"storedVersions", stored}};
}

/// A version that becomes the stored one is remembered as such.
void prepare_definition_update(json& object, const json& old, const rule_context& context) {
  prepare_update_as_usual(object, old, context);
  if (context.subresource == "status") return;
  json& stored = open_member(object, "status")["storedVersions"];
  if (!stored.is_array()) stored = json::array();
  for (const field version : field(object).at("spec").at("versions").items())
    if (version.at("storage").truth()) {
      const json name(version.at("name").text());
      if (std::ranges::find(stored, name) == stored.end()) stored.push_back(name);
    }
}

void check_names(const field& names, field_errors& errors) {
  constexpr std::string_view mixed = "may have mixed case, but should otherwise match: ";
  for (const std::string_view name : {"plural", "singular", "kind", "listKind"})
    require(names.at(name), errors);
  for (const std::string_view name : {"plural", "singular"})
    if (!names.at(name).zero())
      check_joined(names.at(name), dns_1035_label(names.at(name).text()), {}, errors);
  for (const std::string_view name : {"kind", "listKind"})
    if (!names.at(name).zero())
      check_joined(names.at(name), dns_1035_label(lowered(names.at(name).text())), mixed, errors);
  for (const field name : names.at("shortNames").items())
    check_joined(name, dns_1035_label(name.text()), {}, errors);
  const field list = names.at("listKind");
  if (!names.at("kind").zero() && names.at("kind").text() == list.text())
    errors.invalid(list, list.text(), "kind and listKind may not be the same");
  for (const field name : names.at("categories").items())
    check_joined(name, dns_1035_label(name.text()), {}, errors);
}

bool check_simple_path(const field& path, field_errors& errors) {
  if (path.text().starts_with('.')) return true;
  errors.invalid(path, path.text(), "must be a simple json path starting with .");
  return false;
}

void check_columns(const field& columns, field_errors& errors) {
  constexpr std::string_view types = "must be one of boolean,date,integer,number,string";
  constexpr std::string_view formats = "must be one of byte,date,date-time,double,float,int32,int64,password";
  const auto listed = [](std::string_view list, std::string_view word) {
    const std::string all = fmt::format(",{},", list.substr(list.rfind(' ') + 1));
    return all.find(fmt::format(",{},", word)) != std::string::npos;
  };
  for (const field column : columns.items()) {
    require(column.at("name"), errors);
    const field type = column.at("type");
    const field format = column.at("format");
    if (type.zero())
      errors.required(type, types);
    else if (!listed(types, type.text()))
      errors.invalid(type, type.text(), types);
    if (!format.zero() && !listed(formats, format.text())) errors.invalid(format, format.text(), formats);
    const field path = column.named("JSONPath").with(column.at("jsonPath").value());
    if (require(path, errors)) check_simple_path(path, errors);
  }
}

/// Fields that objects can be selected by: scalars that the schema knows, no more than eight.
void check_selectable(const field& fields, const json& schema, field_errors& errors) {
  constexpr std::size_t most = 8;
  std::set<std::string_view> seen;
  for (const field one : fields.items()) {
    const field path = one.at("jsonPath");
    if (!require(path, errors)) continue;
    if (!path.text().starts_with('.') && !path.text().starts_with('[')) {
      errors.invalid(path, path.text(),
                     fmt::format("is an invalid path: expected [ or . but got: {}", path.text()));
      continue;
    }
    const json* found = path.text().starts_with('.') ? schema_at(schema, path.text()) : nullptr;
    if (path.text().starts_with(".metadata.") || path.text() == ".metadata") {
      errors.invalid(path, path.text(), "must not point to fields in metadata");
      continue;
    }
    if (found == nullptr) {
      errors.invalid(path, path.text(), "is an invalid path: does not refer to a valid field");
      continue;
    }
    const std::string_view type = field(*found).at("type").text();
    if (type != "string" && type != "boolean" && type != "integer")
      errors.invalid(
          path, path.text(),
          "must point to a field of type string, boolean or integer. Enum string fields and strings "
          "with formats are allowed.");
    if (!seen.insert(path.text()).second) errors.duplicate(path, path.text());
  }
  if (seen.size() > most) errors.too_many(fields, seen.size(), most);
}

void check_subresources(const field& subresources, field_errors& errors) {
  const field scale = subresources.at("scale");
  if (!scale.present()) return;
  const field wanted = scale.at("specReplicasPath");
  const field seen = scale.at("statusReplicasPath");
  const field selector = scale.at("labelSelectorPath");
  if (require(wanted, errors) && check_simple_path(wanted, errors) && !wanted.text().starts_with(".spec."))
    errors.invalid(wanted, wanted.text(), "should be a json path under .spec");
  if (require(seen, errors) && check_simple_path(seen, errors) && !seen.text().starts_with(".status."))
    errors.invalid(seen, seen.text(), "should be a json path under .status");
  if (!selector.zero() && check_simple_path(selector, errors) && !selector.text().starts_with(".spec.") &&
      !selector.text().starts_with(".status."))
    errors.invalid(selector, selector.text(), "should be a json path under either .spec or .status");
}

void check_conversion(const field& spec, field_errors& errors) {
  const field conversion = spec.at("conversion");
  if (!conversion.present()) return;
  const field strategy = conversion.at("strategy");
  const field client =
      conversion.named("webhookClientConfig").with(conversion.at("webhook").at("clientConfig").value());
  const field versions = conversion.named("conversionReviewVersions")
                             .with(conversion.at("webhook").at("conversionReviewVersions").value());
  if (strategy.text() != "None" && spec.at("preserveUnknownFields").truth())
    errors.invalid(strategy, strategy.text(), "must be None if spec.preserveUnknownFields is true");
  require_one_of(strategy, {"None", "Webhook"}, errors);
  if (strategy.text() != "Webhook") {
    constexpr std::string_view refused = "should not be set when strategy is not set to Webhook";
    if (client.present()) errors.forbidden(client, refused);
    if (!versions.zero()) errors.forbidden(versions, refused);
    return;
  }
  if (!client.present())
    errors.required(client, "required when strategy is set to Webhook");
  else
    check_webhook_client(client, errors);
  if (!require(versions, errors)) return;
  std::set<std::string_view> known;
  bool accepted = false;
  for (const field version : versions.items()) {
    if (!known.insert(version.text()).second) {
      errors.invalid(version, version.text(), "duplicate version");
      continue;
    }
    check_format(version, dns_1035_label, errors);
    accepted = accepted || version.text() == "v1" || version.text() == "v1beta1";
  }
  if (!accepted) errors.invalid(versions, versions.value(), "must include at least one of v1, v1beta1");
}

bool any_defaults(const field& versions) {
  return std::ranges::any_of(versions.value(), [](const json& version) {
    return schema_has_default(field(version).at("schema").at("openAPIV3Schema").value());
  });
}

/// What all versions say alike stands, to errors, in the spec itself.
bool alike(const field& versions, std::string_view member) {
  return std::ranges::all_of(versions.value(), [&](const json& version) {
    return same(field(version).at(member).value(), versions.item(0).at(member).value());
  });
}

const json& whole_schema(const field& version) { return version.at("schema").at("openAPIV3Schema").value(); }

void check_schema_of(const field& place, const field& version, field_errors& errors) {
  const field schema =
      place.named("openAPIV3Schema").with(version.at("schema").at("openAPIV3Schema").value());
  if (!schema.present()) return;
  check_custom_schema(schema, version.at("subresources").contains("status"), errors);
}

void check_deprecation(const field& version, field_errors& errors) {
  constexpr std::size_t longest = 256;
  const field warning = version.at("deprecationWarning");
  if (!warning.present()) return;
  if (!version.at("deprecated").truth())
    return errors.invalid(warning, warning.text(), "can only be set for deprecated versions");
  if (warning.text().size() > longest)
    errors.invalid(warning, warning.text(), "must be <= 256 characters long");
  if (warning.zero()) errors.invalid(warning, "", "must not be an empty string");
}

void check_versions(const field& spec, field_errors& errors) {
  const field versions = spec.at("versions");
  std::set<std::string_view> names;
  int stored = 0;
  bool unique = true;
  const bool one_schema = alike(versions, "schema");
  const bool one_scale = alike(versions, "subresources");
  const bool one_table = alike(versions, "additionalPrinterColumns");
  const bool one_selection = alike(versions, "selectableFields");
  for (const field version : versions.items()) {
    const field name = version.at("name");
    stored += version.at("storage").truth() ? 1 : 0;
    unique = names.insert(name.text()).second && unique;
    check_joined(name, dns_1035_label(name.text()), {}, errors);
    check_deprecation(version, errors);
    if (!one_schema) check_schema_of(version.at("schema"), version, errors);
    if (!one_scale) check_subresources(version.at("subresources"), errors);
    if (!one_table) check_columns(version.at("additionalPrinterColumns"), errors);
    if (!one_selection) check_selectable(version.at("selectableFields"), whole_schema(version), errors);
  }
  if (!unique) errors.invalid(versions, versions.value(), "must contain unique version names");
  if (stored != 1)
    errors.invalid(versions, versions.value(), "must have exactly one version marked as storage version");
  // The first version's name is also known by an older word.
  const field first = versions.item(0).at("name");
  if (!first.zero())
    check_joined(spec.named("version").with(first.value()), dns_1035_label(first.text()), {}, errors);
}

void check_shared_selection(const field& spec, const field& first, field_errors& errors) {
  check_selectable(spec.named("selectableFields").with(first.at("selectableFields").value()),
                   whole_schema(first), errors);
}

void check_shared_parts(const field& spec, field_errors& errors) {
  const field versions = spec.at("versions");
  const field first = versions.item(0);
  if (alike(versions, "schema")) check_schema_of(spec.named("validation"), first, errors);
  if (alike(versions, "subresources"))
    check_subresources(spec.named("subresources").with(first.at("subresources").value()), errors);
  if (alike(versions, "additionalPrinterColumns"))
    check_columns(spec.named("additionalPrinterColumns").with(first.at("additionalPrinterColumns").value()),
                  errors);
  if (alike(versions, "selectableFields")) check_shared_selection(spec, first, errors);
}

void check_name(const json& object, field_errors& errors) {
  const field metadata = field(object).at("metadata");
  const field spec = field(object).at("spec");
  const std::string wanted =
      fmt::format("{}.{}", spec.at("names").at("plural").text(), spec.at("group").text());
  for (const std::string_view name : {"generateName", "name"}) {
    const field given = metadata.at(name);
    if (given.zero()) {
      if (name == "name") errors.required(given, "name or generateName is required");
      continue;
    }
    const std::string text = name == "name" ? std::string(given.text()) : mask_trailing_dash(given.text());
    for (const std::string& wrong : dns_subdomain(text)) errors.invalid(given, given.text(), wrong);
    if (given.text() != wanted)
      errors.invalid(given, given.text(), "must be spec.names.plural+\".\"+spec.group");
  }
  check_metadata_but_name(metadata, false, errors);
}

/// What the annotation of a community group says of its API.
enum class approval : std::uint8_t { missing, invalid, bypassed, approved };

constexpr std::string_view approval_key = "api-approved.kubernetes.io";

approval approval_of(const json& definition) {
  const std::string_view said = field(definition).at("metadata").at("annotations").entry(approval_key).text();
  if (said.empty()) return approval::missing;
  if (said.starts_with("unapproved")) return approval::bypassed;
  const std::size_t scheme = said.find("://");
  const bool address = scheme != std::string_view::npos && scheme > 0 && said.size() > scheme + 3 &&
                       said[scheme + 3] != '/' && said.find(' ') == std::string_view::npos;
  return address ? approval::approved : approval::invalid;
}

/// Groups under k8s.io and kubernetes.io are the community's. Nobody is refused for what was so before.
void check_approval(const json& object, const json* old, field_errors& errors) {
  const std::string group = "." + std::string(field(object).at("spec").at("group").text());
  if (!group.ends_with(".k8s.io") && !group.ends_with(".kubernetes.io")) return;
  const approval now = approval_of(object);
  if (old != nullptr && approval_of(*old) == now) return;
  constexpr std::string_view see = ", see https://github.com/kubernetes/enhancements/pull/1111";
  const field place = field(object).at("metadata").at("annotations").entry(approval_key);
  if (now == approval::missing)
    errors.required(
        place, fmt::format("protected groups must have approval annotation \"{}\"{}", approval_key, see));
  if (now == approval::invalid)
    errors.invalid(place, place.text(),
                   fmt::format("protected groups must have approval annotation \"{}\" with either a URL or "
                               "a reason starting with \"unapproved\"{}",
                               approval_key, see));
}

void check_definition_with(const json& object, const json* old, field_errors& errors) {
  const field spec = field(object).at("spec");
  const field versions = spec.at("versions");
  const field preserve = spec.at("preserveUnknownFields");
  check_name(object, errors);
  const field group = spec.at("group");
  if (require(group, errors)) {
    if (const complaints wrong = dns_subdomain(group.text()); !wrong.empty())
      check_joined(group, wrong, {}, errors);
    else if (group.text().find('.') == std::string_view::npos)
      errors.invalid(group, group.text(), "should be a domain with at least one dot");
  }
  require_one_of(spec.at("scope"), {"Cluster", "Namespaced"}, errors);
  for (const field version : versions.items())
    if (!version.at("schema").contains("openAPIV3Schema"))
      errors.required(version.at("schema").named("openAPIV3Schema"));
  if (preserve.truth() && any_defaults(versions))
    errors.invalid(preserve, true, "must be false in order to use defaults in the schema");
  check_versions(spec, errors);
  check_names(spec.at("names"), errors);
  check_shared_parts(spec, errors);
  check_conversion(spec, errors);
  const field stored = field(object).at("status").at("storedVersions");
  if (stored.zero()) errors.invalid(stored, nullptr, "must have at least one stored version");
  check_approval(object, old, errors);
  if (preserve.truth())
    errors.invalid(
        preserve, true,
        "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema "
        "instead");
}

void check_definition(const json& object, field_errors& errors, const rule_context&) {
  check_definition_with(object, nullptr, errors);
}

bool is_established(const json& definition) {
  for (const field condition : field(definition).at("status").at("conditions").items())
    if (condition.at("type").text() == "Established") return condition.at("status").text() == "True";
  return false;
}

/// Says what of a definition is kept and shown but not acted on, so that nobody relies on it.
void warn_of_definition(const json& object, const json*, std::vector<std::string>& warnings) {
  const field spec = field(object).at("spec");
  for (const field version : spec.at("versions").items()) {
    const field schema = version.at("schema").at("openAPIV3Schema");
    warn_of_schema(schema.value(), schema.path(), warnings);
  }
}

void check_definition_update(const json& object, const json& old, field_errors& errors,
                             const rule_context& context) {
  validate_metadata_update(object, old, errors, context);
  if (context.subresource == "status") return;
  check_definition_with(object, &old, errors);
  const field spec = field(object).at("spec");
  const field before = field(old).at("spec");
  // The names of the resource never change; what it is does not once it may have been used.
  if (is_established(old)) {
    check_immutable(spec.at("scope"), before.at("scope"), errors);
    check_immutable(spec.at("names").at("kind"), before.at("names").at("kind"), errors);
  }
  check_immutable(spec.at("group"), before.at("group"), errors);
  check_immutable(spec.at("names").at("plural"), before.at("names").at("plural"), errors);
  const field stored = field(object).at("status").at("storedVersions");
  for (const field version : stored.items()) {
    bool there = false;
    for (const field one : spec.at("versions").items())
      there = there || one.at("name").text() == version.text();
    if (!there)
      errors.invalid(
          version, version.text(),
          fmt::format("missing from spec.versions; {0} was previously a storage version, and must remain in "
                      "spec.versions until a storage migration ensures no data remains persisted in {0} and "
                      "removes {0} from status.storedVersions",
                      version.text()));
  }
}

} // namespace

constinit const kind_rules custom_resource_definition_rules{.set_defaults = default_definition,
                                                            .prepare_create = prepare_definition_create,
                                                            .prepare_update = prepare_definition_update,
                                                            .validate_create = check_definition,
                                                            .validate_update = check_definition_update,
                                                            .warn = warn_of_definition};

} // namespace actord::schema::rules
