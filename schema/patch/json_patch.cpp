#include "schema/patch/json_patch.hpp"

#include "schema/base/json.hpp"

#include <charconv>
#include <fmt/format.h>
#include <optional>

namespace actord::schema {
namespace {

/// The text Kubernetes answers with whatever the operation's own failure was.
error does_not_apply() {
  return {error_kind::invalid,
          "the server rejected our request due to an error in our request",
          {},
          error_subject{},
          0};
}

error malformed(std::string_view detail) {
  return {error_kind::bad_request, fmt::format("error decoding patch: {}", detail), {}, {}, 0};
}

std::string_view go_type_name(const json& value) {
  switch (value.type()) {
  case json::value_t::object:
    return "object";
  case json::value_t::array:
    return "array";
  case json::value_t::string:
    return "string";
  case json::value_t::boolean:
    return "bool";
  default:
    return "number";
  }
}

/// One step of a JSON pointer with ~1 and ~0 resolved.
std::string unescape(std::string_view token) {
  std::string plain;
  plain.reserve(token.size());
  for (std::size_t i = 0; i < token.size(); ++i) {
    if (token[i] == '~' && i + 1 < token.size() && (token[i + 1] == '0' || token[i + 1] == '1'))
      plain += token[++i] == '0' ? '~' : '/';
    else
      plain += token[i];
  }
  return plain;
}

std::optional<long> to_index(std::string_view token) {
  long index = 0;
  if (token.starts_with('+')) token.remove_prefix(1);
  const auto [end, failure] = std::from_chars(token.data(), token.data() + token.size(), index);
  if (failure != std::errc{} || end != token.data() + token.size() || token.empty()) return std::nullopt;
  return index;
}

/// `size` is the number of valid positions. Negative indices count from the end.
std::optional<std::size_t> in_bounds(std::string_view token, std::size_t size) {
  auto index = to_index(token);
  if (!index) return std::nullopt;
  if (*index < 0) *index += static_cast<long>(size);
  if (*index < 0 || *index >= static_cast<long>(size)) return std::nullopt;
  return static_cast<std::size_t>(*index);
}

/// What a pointer's last step is applied to.
struct place {
  json* container;
  std::string key;
};

json* child(json& container, const std::string& key) {
  if (container.is_object()) {
    const auto found = container.find(key);
    return found == container.end() ? nullptr : &*found;
  }
  if (container.is_array()) {
    const auto index = in_bounds(key, container.size());
    return index ? &container[*index] : nullptr;
  }
  return nullptr;
}

std::optional<place> find_place(json& document, std::string_view pointer) {
  if (!pointer.starts_with('/')) return std::nullopt;
  pointer.remove_prefix(1);
  json* container = &document;
  for (;;) {
    const auto slash = pointer.find('/');
    std::string key = unescape(pointer.substr(0, slash));
    if (slash == std::string_view::npos) {
      if (!container->is_structured()) return std::nullopt;
      return place{container, std::move(key)};
    }
    container = child(*container, key);
    if (container == nullptr) return std::nullopt;
    pointer.remove_prefix(slash + 1);
  }
}

bool add_at(json& document, std::string_view pointer, json value) {
  const auto where = find_place(document, pointer);
  if (!where) return false;
  if (where->container->is_object()) {
    (*where->container)[where->key] = std::move(value);
    return true;
  }
  if (where->key == "-") {
    where->container->push_back(std::move(value));
    return true;
  }
  const auto index = in_bounds(where->key, where->container->size() + 1);
  if (!index) return false;
  where->container->insert(where->container->begin() + static_cast<long>(*index), std::move(value));
  return true;
}

bool remove_at(json& document, std::string_view pointer) {
  const auto where = find_place(document, pointer);
  if (!where) return false;
  if (where->container->is_object()) return where->container->erase(where->key) == 1;
  const auto index = in_bounds(where->key, where->container->size());
  if (!index) return false;
  where->container->erase(*index);
  return true;
}

bool replace_at(json& document, std::string_view pointer, json value) {
  if (pointer.empty()) {
    if (!value.is_structured()) return false;
    document = std::move(value);
    return true;
  }
  const auto where = find_place(document, pointer);
  if (!where) return false;
  if (where->container->is_object()) {
    (*where->container)[where->key] = std::move(value);
    return true;
  }
  json* old = child(*where->container, where->key);
  if (old == nullptr) return false;
  *old = std::move(value);
  return true;
}

bool test_at(json& document, std::string_view pointer, const json& value) {
  if (pointer.empty()) return document == value;
  const auto where = find_place(document, pointer);
  if (!where) return false;
  const json* found = child(*where->container, where->key);
  if (found == nullptr) return where->container->is_object() && value.is_null();
  return *found == value;
}

const json* find_value(json& document, std::string_view pointer) {
  const auto where = find_place(document, pointer);
  return where ? child(*where->container, where->key) : nullptr;
}

bool move_value(json& document, std::string_view from, std::string_view to) {
  const json* found = find_value(document, from);
  if (found == nullptr) return false;
  json value = *found;
  return remove_at(document, from) && add_at(document, to, std::move(value));
}

bool copy_value(json& document, std::string_view from, std::string_view to, std::size_t& budget_bytes) {
  const json* found = find_value(document, from);
  if (found == nullptr) return false;
  const std::size_t bytes = found->dump().size();
  if (bytes > budget_bytes) return false;
  budget_bytes -= bytes;
  json value = *found;
  return add_at(document, to, std::move(value));
}

bool apply_operation(json& document, const json& operation, std::size_t& copy_budget_bytes) {
  const auto text = [&](const char* member) -> std::optional<std::string> {
    const auto found = operation.find(member);
    if (found == operation.end() || !found->is_string()) return std::nullopt;
    return found->get<std::string>();
  };
  const auto op = text("op");
  const auto path = text("path");
  if (!op || !path) return false;
  const auto value = operation.find("value");
  const json given = value == operation.end() ? json(nullptr) : *value;
  if (*op == "add") return add_at(document, *path, given);
  if (*op == "remove") return remove_at(document, *path);
  if (*op == "replace") return replace_at(document, *path, given);
  if (*op == "test") return test_at(document, *path, given);
  const auto from = text("from");
  if (!from) return false;
  if (*op == "move") return move_value(document, *from, *path);
  if (*op == "copy") return copy_value(document, *from, *path, copy_budget_bytes);
  return false;
}

} // namespace

result<void> apply_json_patch(json& document, const json& patch) {
  if (!patch.is_array())
    return malformed(fmt::format("json: cannot unmarshal {} into Go value of type []handlers.jsonPatchOp",
                                 go_type_name(patch)));
  for (const json& operation : patch) {
    if (!operation.is_object())
      return malformed(fmt::format("json: cannot unmarshal {} into Go value of type handlers.jsonPatchOp",
                                   go_type_name(operation)));
    for (const char* member : {"op", "path", "from"}) {
      const auto found = operation.find(member);
      if (found != operation.end() && !found->is_string() && !found->is_null())
        return malformed(
            fmt::format("json: cannot unmarshal {} into Go struct field jsonPatchOp.{} of type string",
                        go_type_name(*found), member));
    }
  }
  if (patch.size() > json_patch_max_operations)
    return error{error_kind::too_large,
                 fmt::format("The allowed maximum operations in a JSON patch is {}, got {}",
                             json_patch_max_operations, patch.size()),
                 {},
                 {},
                 0};
  std::size_t copy_budget_bytes = json_patch_copy_budget_bytes;
  for (const json& operation : patch)
    if (!apply_operation(document, operation, copy_budget_bytes)) return does_not_apply();
  return {};
}

std::vector<std::string> json_patch_unknown_fields(const json& patch) {
  std::vector<std::string> unknown;
  if (!patch.is_array()) return unknown;
  for (std::size_t i = 0; i < patch.size(); ++i) {
    if (!patch[i].is_object()) continue;
    for (const auto& [name, value] : patch[i].items())
      if (name != "op" && name != "path" && name != "from" && name != "value")
        unknown.push_back(fmt::format("unknown field \"[{}].{}\"", i, name));
  }
  return unknown;
}

} // namespace actord::schema
