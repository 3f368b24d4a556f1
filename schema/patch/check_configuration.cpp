#include "schema/patch/check_configuration.hpp"

#include "schema/codec/json_text.hpp"
#include "schema/patch/field_set.hpp"
#include "schema/patch/merge_type.hpp"

#include <fmt/format.h>
#include <vector>

namespace actord::schema {
namespace {

using messages = std::vector<std::string>;

std::string_view go_name(const json& value) {
  switch (value.type()) {
  case json::value_t::string:
    return "string";
  case json::value_t::boolean:
    return "bool";
  case json::value_t::array:
    return "[]interface {}";
  case json::value_t::object:
    return "map[string]interface {}";
  default:
    return "number";
  }
}

/// Empty when the value is a scalar of the type.
std::string check_scalar(value_kind kind, const json& value) {
  switch (kind) {
  case value_kind::string:
  case value_kind::bytes:
  case value_kind::time:
  case value_kind::micro_time:
    return value.is_string()
               ? ""
               : "expected string, got &value.valueUnstructured{Value:" + json_text(value) + "}";
  case value_kind::boolean:
    return value.is_boolean() ? "" : "expected boolean, got " + json_text(value);
  case value_kind::int32:
  case value_kind::int64:
  case value_kind::number:
    return value.is_number() ? "" : fmt::format("expected numeric (int or float), got {}", go_name(value));
  case value_kind::quantity:
  case value_kind::int_or_string:
    return value.is_structured() ? "expected any scalar, got " + json_text(value) : "";
  default:
    return {};
  }
}

std::string printed_path(const std::string& step) {
  field_set one;
  one.descend(step).member = true;
  std::string printed;
  for_each_path(one, [&](const std::string& text) { printed = text; });
  return printed;
}

void check(const merge_type& type, const json& value, const std::string& path, messages& wrong);

void check_members(const merge_type& type, const json& value, const std::string& path, messages& wrong) {
  const object_type* structure = type.value->kind == value_kind::structure ? type.value->structure : nullptr;
  for (const auto& [name, below] : value.get_ref<const json::object_t&>()) {
    bool declared = false;
    const merge_type member = type.member(name, declared);
    std::string at = path;
    at.append(".").append(name);
    if (structure != nullptr && !declared && !structure->preserve_unknown) {
      wrong.push_back(at + ": field not declared in schema");
      return;
    }
    check(member, below, at, wrong);
  }
}

void check_items(const merge_type& type, const json& list, const std::string& path, messages& wrong) {
  field_set seen;
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (type.merge == list_merge::atomic) {
      check(type.item(), list[i], fmt::format("{}[{}]", path, i), wrong);
      continue;
    }
    const auto step = item_step(type, list[i]);
    if (!step) {
      wrong.push_back(fmt::format("{}: element {}: {}", path, i, step.error().message));
      return;
    }
    const std::string printed = printed_path(*step);
    field_set& node = seen.descend(*step);
    if (node.member) wrong.push_back(fmt::format("{}: duplicate entries for key {}", path, printed));
    node.member = true;
    check(type.item(), list[i], path + printed, wrong);
  }
}

void check(const merge_type& type, const json& value, const std::string& path, messages& wrong) {
  if (value.is_null() || type.value == nullptr) return;
  switch (type.value->kind) {
  case value_kind::structure:
  case value_kind::map:
    if (value.is_object())
      check_members(type, value, path, wrong);
    else
      wrong.push_back(fmt::format("{}: expected map, got {}", path, json_text(value)));
    return;
  case value_kind::list:
    if (value.is_array())
      check_items(type, value, path, wrong);
    else
      wrong.push_back(fmt::format("{}: expected list, got {}", path, json_text(value)));
    return;
  default:
    if (const std::string problem = check_scalar(type.value->kind, value); !problem.empty())
      wrong.push_back(path + ": " + problem);
  }
}

} // namespace

std::string check_configuration(const object_type& type, const json& configuration) {
  const value_type root{value_kind::structure, &type, nullptr, {}};
  messages wrong;
  check({&root, {}, false, false, {}}, configuration, "", wrong);
  if (wrong.size() <= 1) return wrong.empty() ? "" : wrong.front();
  std::string all = "errors:";
  for (const std::string& one : wrong) all += "\n  " + one;
  return all;
}

} // namespace actord::schema
