#include "schema/codec/decode_errors.hpp"

#include "schema/tables/type_table.hpp"

#include <fmt/format.h>

namespace actord::schema {
namespace {

constexpr std::size_t strict_errors_max = 100;

/// io.k8s.api.core.v1.PodSpec is v1.PodSpec to its users.
std::string_view package_and_name(std::string_view type_name) {
  const auto name = type_name.rfind('.');
  if (name == std::string_view::npos || name == 0) return type_name;
  const auto package = type_name.rfind('.', name - 1);
  return package == std::string_view::npos ? type_name : type_name.substr(package + 1);
}

} // namespace

std::string go_type_name(const value_type& type) {
  if (!type.go_name.empty()) return std::string(type.go_name);
  switch (type.kind) {
  case value_kind::boolean:
    return "bool";
  case value_kind::int32:
    return "int32";
  case value_kind::int64:
    return "int64";
  case value_kind::number:
    return "float64";
  case value_kind::bytes:
    return "[]uint8";
  case value_kind::structure:
    return std::string(package_and_name(type.structure->name));
  case value_kind::list:
    return "[]" + go_type_name(*type.items);
  case value_kind::map:
    return "map[string]" + go_type_name(*type.items);
  case value_kind::quantity:
    return "resource.Quantity";
  case value_kind::time:
    return "v1.Time";
  case value_kind::micro_time:
    return "v1.MicroTime";
  case value_kind::int_or_string:
    return "intstr.IntOrString";
  default:
    return "string";
  }
}

void decode_errors::enter_key(std::string_view key) {
  if (!strict_path_.empty()) strict_path_ += '.';
  strict_path_ += key;
}

void decode_errors::enter_field(std::string_view go_struct, std::string_view go_embedded,
                                std::string_view name) {
  enter_key(name);
  go_struct_ = go_struct;
  for (const std::string_view part : {go_embedded, name}) {
    if (part.empty()) continue;
    if (!go_path_.empty()) go_path_ += '.';
    go_path_ += part;
  }
}

void decode_errors::enter_item(std::size_t index) {
  strict_path_ += '[';
  strict_path_ += std::to_string(index);
  strict_path_ += ']';
}

void decode_errors::add_strict(std::string_view what, std::string_view name) {
  if (!strict_ || strict_errors_.size() >= strict_errors_max) return;
  std::string message(what);
  message += '"';
  message += strict_path_;
  if (!strict_path_.empty()) message += '.';
  message += name;
  message += '"';
  if (seen_.insert(message).second) strict_errors_.push_back(std::move(message));
}

void decode_errors::wrong_type(std::string_view found, const value_type& wanted) {
  if (failed()) return;
  if (go_path_.empty())
    fail(fmt::format("json: cannot unmarshal {} into Go value of type {}", found, go_type_name(wanted)));
  else
    fail(fmt::format("json: cannot unmarshal {} into Go struct field {}.{} of type {}", found, go_struct_,
                     go_path_, go_type_name(wanted)));
}

void decode_errors::fail(std::string message) {
  if (!failed()) first_ = std::move(message);
}

} // namespace actord::schema
