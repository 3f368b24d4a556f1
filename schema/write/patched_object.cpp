#include "schema/write/patched_object.hpp"

#include "schema/codec/json_text.hpp"
#include "schema/codec/yaml_repeats.hpp"
#include "schema/patch/json_patch.hpp"
#include "schema/patch/merge_patch.hpp"
#include "schema/patch/strategic_merge_patch.hpp"
#include "schema/rules/kind_rules.hpp"
#include "schema/tables/resource_table.hpp"
#include "schema/tables/type_table.hpp"
#include "schema/write/repeated_fields.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace actord::schema {
namespace {

error bad_request(std::string message) { return {error_kind::bad_request, std::move(message), {}, {}, 0}; }

/// The refusal of a patch whose outcome is no object of the kind: about no object in particular.
error bad_outcome(std::string_view value, std::string_view why) {
  static const resource_type nameless;
  field_errors errors;
  errors.invalid("patch", std::string(value), why);
  return invalid_object(nameless, "", errors);
}

bool mentions_revision(const json& patch, patch_format format) {
  if (format == patch_format::json_patch) {
    for (const json& operation : patch)
      if (operation.value("path", std::string()) == "/metadata/resourceVersion") return true;
    return false;
  }
  const auto metadata = patch.find("metadata");
  return metadata != patch.end() && metadata->is_object() && metadata->contains("resourceVersion");
}

std::string_view go_type_name(const json& value) {
  return value.is_array() ? "array" : value.is_string() ? "string" : value.is_boolean() ? "bool" : "number";
}

/// Applies the patch to `object`; strict complaints about the patch itself are added to `complaints`.
result<void> apply_patch(const body_kind& kind, patch_format format, const json& patch, json& object,
                         std::vector<std::string>& complaints) {
  if (format == patch_format::json_patch) {
    auto applied = apply_json_patch(object, patch);
    if (applied)
      for (const std::string& unknown : json_patch_unknown_fields(patch))
        complaints.push_back("json patch " + unknown);
    return applied;
  }
  if (!patch.is_object())
    return bad_request(
        fmt::format("error decoding patch: json: cannot unmarshal {} into Go value of type map[string]"
                    "interface {{}}",
                    go_type_name(patch)));
  if (format == patch_format::strategic_merge_patch)
    return apply_strategic_merge_patch(*kind.type, object, patch);
  apply_merge_patch(object, patch);
  return {};
}

/// The patch may not make another kind of the object.
std::string changed_kind(const json& object, const body_kind& kind) {
  const std::string wanted_version =
      kind.group.empty() ? std::string(kind.version) : fmt::format("{}/{}", kind.group, kind.version);
  const auto text = [&](const char* member) {
    const auto found = object.is_object() ? object.find(member) : object.end();
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  if (!object.is_object() || (text("kind") == kind.kind && text("apiVersion") == wanted_version)) return {};
  return fmt::format(
      "no kind \"{}\" is registered for version \"{}\" in scheme \"pkg/api/legacyscheme/scheme.go:30\"",
      text("kind"), text("apiVersion"));
}

} // namespace

result<patched_object> patch_object(const body_kind& kind, patch_format format, std::string_view body,
                                    const json& current, field_validation validation) {
  if (format == patch_format::strategic_merge_patch && kind.custom != nullptr)
    return error{error_kind::unsupported_media_type,
                 "the body of the request was in an unknown format - accepted media types include: "
                 "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml",
                 {},
                 {},
                 0};
  const auto patch = parse_json(body);
  if (!patch) return bad_request("error decoding patch: " + patch.error().message);
  json object = current;
  std::vector<std::string> complaints;
  if (validation != field_validation::ignore)
    for (std::string& repeated : repeated_fields(body))
      complaints.push_back(format == patch_format::json_patch ? "json patch " + repeated
                                                              : std::move(repeated));
  if (auto applied = apply_patch(kind, format, *patch, object, complaints); !applied)
    return std::move(applied).error();
  const std::string shown =
      format == patch_format::strategic_merge_patch ? printed_like_go(*patch) : json_text(object);
  if (const std::string wrong = changed_kind(object, kind); !wrong.empty()) return bad_outcome(shown, wrong);
  auto typed =
      decode_tree(kind, object, validation == field_validation::ignore ? validation : field_validation::warn);
  if (!typed) return bad_outcome(shown, typed.error().message);
  complaints.insert(complaints.end(), typed->warnings.begin(), typed->warnings.end());
  if (validation == field_validation::strict && !complaints.empty())
    return bad_outcome(shown, fmt::format("strict decoding error: {}", fmt::join(complaints, ", ")));
  if (validation == field_validation::ignore) complaints.clear();
  return patched_object{std::move(typed->object), std::move(complaints), mentions_revision(*patch, format)};
}

result<json> read_configuration(std::string_view body, field_validation validation,
                                std::vector<std::string>& warnings) {
  const auto as_json = yaml_to_json(body);
  if (!as_json) return bad_request("error decoding YAML: " + as_json.error().message);
  auto configuration = parse_json(*as_json == "null" ? "{}" : *as_json);
  if (!configuration) return bad_request("error decoding YAML: " + configuration.error().message);
  if (!configuration->is_object())
    return bad_request(
        fmt::format("error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot "
                    "unmarshal {} into Go value of type map[string]interface {{}}",
                    go_type_name(*configuration)));
  if (validation == field_validation::ignore) return std::move(*configuration);
  std::string repeated = repeated_yaml_keys(body);
  if (repeated.empty()) return std::move(*configuration);
  repeated = "error converting YAML to JSON: " + repeated;
  if (validation == field_validation::strict) return bad_request("error strict decoding YAML: " + repeated);
  warnings.push_back(std::move(repeated));
  return std::move(*configuration);
}

} // namespace actord::schema
