#include "schema/patch/merge_type.hpp"

#include "schema/codec/json_text.hpp"

#include <fmt/format.h>

namespace actord::schema {
namespace {

error item_error(std::string message) { return {error_kind::bad_request, std::move(message), {}, {}, 0}; }

/// Key fields that clients may leave out because the API defaults them: ports are told apart by number and
/// protocol. Custom kinds say so in their schema.
json default_of_key(const merge_type& list, std::string_view key) {
  const value_type* items = list.value == nullptr ? nullptr : list.value->items;
  const object_type* type = items == nullptr ? nullptr : items->structure;
  const field_type* field = type == nullptr ? nullptr : type->field(key);
  if (field != nullptr && !field->key_default.empty()) return parse_json(field->key_default).value();
  const bool built_in = type == nullptr || !type->go_name.empty();
  return built_in && key == "protocol" ? json("TCP") : json();
}

result<std::string> keyed_step(const merge_type& list, const json& item) {
  if (item.is_null()) return item_error("associative list with keys may not have a null element");
  if (!item.is_object()) return item_error("associative list with keys may not have non-map elements");
  json keys = json::object();
  for (const std::string_view key : list.keys) {
    const auto found = item.find(key);
    if (found != item.end())
      keys[std::string(key)] = *found;
    else if (json by_default = default_of_key(list, key); !by_default.is_null())
      keys[std::string(key)] = std::move(by_default);
  }
  if (keys.empty()) {
    std::string names;
    for (const std::string_view key : list.keys)
      names += fmt::format("{}\"{}\"", names.empty() ? "" : " ", key);
    return item_error(
        fmt::format("associative list with keys has an element that omits all key fields [{}] (and "
                    "doesn't have default values for any key fields)",
                    names));
  }
  return "k:" + json_text(keys);
}

} // namespace

bool merge_type::one_piece(const json& sample) const {
  if (value == nullptr) return !sample.is_object();
  switch (value->kind) {
  case value_kind::structure:
    return (!granular && (atomic || value->structure->atomic)) || !sample.is_object();
  case value_kind::map:
    return atomic || !sample.is_object();
  case value_kind::list:
    return merge == list_merge::atomic || !sample.is_array();
  default:
    return true;
  }
}

merge_type merge_type::member(std::string_view name, bool& declared) const {
  declared = false;
  if (value == nullptr) return {};
  if (value->kind == value_kind::map) return of_value(value->items);
  if (value->kind != value_kind::structure) return {};
  const field_type* field = value->structure->field(name);
  if (field == nullptr) return {};
  declared = true;
  return of_field(*field);
}

result<std::string> item_step(const merge_type& list, const json& item) {
  if (list.merge == list_merge::map) return keyed_step(list, item);
  if (item.is_object()) return item_error("associative list without keys has an element that's a map type");
  if (item.is_array()) return item_error("not supported: associative list with lists as elements");
  if (item.is_null())
    return item_error("associative list without keys has an element that's an explicit null");
  return "v:" + json_text(item);
}

} // namespace actord::schema
