#include "schema/codec/decode_kind.hpp"

#include "schema/base/always.hpp"
#include "schema/tables/resource_table.hpp"
#include "schema/tables/type_table.hpp"

#include <fmt/format.h>

namespace actord::schema {
namespace {

using simdjson::dom::element_type;

error reason(std::string message) { return {.kind = error_kind::bad_request, .message = std::move(message)}; }

/// Go packages carry the first word of a group's name, "core" for the one without.
std::string_view package_of(std::string_view group) {
  return group.empty() ? std::string_view("core") : group.substr(0, group.find('.'));
}

const object_type* find_any_kind(const named_kind& named) {
  if (const auto row = find_kind(named.group, named.version, named.kind)) return row->type;
  const std::string tail = fmt::format(".{}.{}.{}", package_of(named.group), named.version, named.kind);
  for (const object_type& type : type_table())
    if (type.name.ends_with(tail)) return &type;
  return nullptr;
}

std::string api_version_of(std::string_view group, std::string_view version) {
  return group.empty() ? std::string(version) : fmt::format("{}/{}", group, version);
}

std::string_view go_kind_name(element_type type) {
  switch (type) {
  case element_type::ARRAY:
    return "array";
  case element_type::OBJECT:
    return "object";
  case element_type::STRING:
    return "string";
  case element_type::BOOL:
    return "bool";
  default:
    return "number";
  }
}

} // namespace

body_kind body_kind_of(const resource_type& resource, std::string_view subresource) {
  if (subresource.empty())
    return {resource.group, resource.version, resource.kind, resource.type, resource.custom};
  const subresource_type* part = resource.subresource(subresource);
  ALWAYS_WITH(part != nullptr, subresource);
  body_kind kind{resource.group, resource.version, part->kind, nullptr, nullptr};
  if (!part->body_version.empty()) {
    kind.group = part->body_group;
    kind.version = part->body_version;
  }
  if (kind.kind == resource.kind && part->body_version.empty()) {
    kind.type = resource.type;
    kind.custom = resource.custom;
  } else {
    kind.type = find_any_kind({std::string(kind.group), std::string(kind.version), std::string(kind.kind)});
  }
  return kind;
}

body_kind options_kind(std::string_view type_name) {
  const object_type* type = find_type(type_name);
  ALWAYS_WITH(type != nullptr, type_name);
  return {{}, {}, type->go_name, type, nullptr};
}

named_kind named_kind_of(std::string_view api_version, std::string_view kind) {
  const auto slash = api_version.find('/');
  if (slash == std::string_view::npos) return {{}, std::string(api_version), std::string(kind)};
  return {std::string(api_version.substr(0, slash)), std::string(api_version.substr(slash + 1)),
          std::string(kind)};
}

result<named_kind> read_named_kind(const simdjson::dom::element& root) {
  if (root.type() == element_type::NULL_VALUE) return named_kind{};
  if (root.type() != element_type::OBJECT)
    return reason(
        fmt::format("json: cannot unmarshal {} into Go value of type struct {{ APIVersion string "
                    "\"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }}",
                    go_kind_name(root.type())));
  std::string_view api_version;
  std::string_view kind;
  for (const auto member : simdjson::dom::object(root)) {
    std::string_view* wanted = member.key == "apiVersion" ? &api_version
                               : member.key == "kind"     ? &kind
                                                          : nullptr;
    if (wanted == nullptr || member.value.is_null()) continue;
    if (!member.value.is_string())
      return reason(fmt::format("json: cannot unmarshal {} into Go struct field .{} of type string",
                                go_kind_name(member.value.type()), member.key));
    *wanted = member.value;
  }
  if (std::count(api_version.begin(), api_version.end(), '/') > 1)
    return reason(fmt::format("unexpected GroupVersion string: {}", api_version));
  return named_kind_of(api_version, kind);
}

named_kind fill_in(named_kind named, const body_kind& expected) {
  if (named.kind.empty()) named.kind = expected.kind;
  if (named.version.empty() && named.group.empty()) {
    named.group = expected.group;
    named.version = expected.version;
  }
  return named;
}

result<void> check_kind(const named_kind& actual, const body_kind& expected) {
  if (expected.version.empty() && actual.kind == expected.kind) return {};
  if (actual.kind == expected.kind && actual.group == expected.group && actual.version == expected.version)
    return {};
  const object_type* known = find_any_kind(actual);
  if (known == nullptr)
    return reason(fmt::format("no kind \"{}\" is registered for version \"{}\" in scheme "
                              "\"pkg/api/legacyscheme/scheme.go:30\"",
                              actual.kind, api_version_of(actual.group, actual.version)));
  const auto row = find_kind(actual.group, actual.version, actual.kind);
  const auto wanted = find_kind(expected.group, expected.version, expected.kind);
  if (row != nullptr && wanted != nullptr && row->stored_as == wanted->stored_as) {
    error other = reason(fmt::format(
        "the API version in the data ({}) does not match the expected API version ({})",
        api_version_of(actual.group, actual.version), api_version_of(expected.group, expected.version)));
    other.causes.push_back({"", "", "apiVersion"});
    return other;
  }
  return reason(fmt::format("converting ({}.{}) to ({}.{}): unknown conversion", actual.version, actual.kind,
                            package_of(expected.group), expected.kind));
}

void set_kind(const body_kind& expected, json& object) {
  if (expected.version.empty()) return;
  object["kind"] = expected.kind;
  object["apiVersion"] = api_version_of(expected.group, expected.version);
}

} // namespace actord::schema
