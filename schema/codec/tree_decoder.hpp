#pragma once

#include "schema/codec/decode_errors.hpp"
#include "schema/codec/scalar_forms.hpp"
#include "schema/codec/tree_source.hpp"
#include "schema/tables/type_table.hpp"

#include <bitset>

/// Reads a tree along a type. Only for sources of schema/codec.

namespace actord::schema {

inline constexpr std::string_view json_kind_name(json_kind kind) {
  constexpr std::string_view names[] = {"null", "bool", "number", "string", "array", "object"};
  return names[static_cast<std::size_t>(kind)];
}

template <class Source>
class tree_decoder {
public:
  using value = typename Source::value;

  explicit tree_decoder(decode_errors& errors) : errors_(errors) {}

  /// Decodes an object into `into`, which is an object. Fields it has already are merged with (a field that
  /// comes twice), as Go does.
  void decode_structure(const object_type& type, const value& in, json& into) {
    seen_fields seen;
    auto& members = into.get_ref<json::object_t&>();
    Source::members(in, [&](std::string_view key, const value& member) {
      const field_type* field = type.field(key);
      if (field == nullptr) {
        if (type.preserve_unknown)
          members.insert_or_assign(std::string(key), Source::copy(member));
        else
          errors_.unknown_field(key);
        return;
      }
      if (seen.test_and_set(static_cast<std::size_t>(field - type.fields.data())))
        errors_.duplicate_field(key);
      const decode_errors::place back(errors_);
      errors_.enter_field(type.go_name, field->go_embedded, key);
      decode_field(*field, member, members);
    });
    add_missing(type, members);
  }

private:
  /// The fields met so far; types with more fields than this (custom ones) go without duplicate detection
  /// beyond.
  class seen_fields {
  public:
    bool test_and_set(std::size_t index) {
      if (index >= bits_.size()) return false;
      const bool was = bits_.test(index);
      bits_.set(index);
      return was;
    }

  private:
    std::bitset<256> bits_;
  };

  void decode_field(const field_type& field, const value& in, json::object_t& members) {
    const auto existing = members.find(field.name);
    json slot;
    if (existing != members.end()) slot = std::move(existing->second);
    decode_value(field.value, in, slot, field.shown);
    // An empty list that is always shown belongs to who sent it; all others are as good as absent.
    const bool is_empty_container =
        (field.value.kind == value_kind::list || field.value.kind == value_kind::map) && slot.empty() &&
        !(field.value.kind == value_kind::list && field.shown == presence::always && slot.is_array());
    const bool shown = !slot.is_null() && !is_empty_container &&
                       (field.shown != presence::when_not_zero || !is_zero(field.value, slot));
    if (!shown) {
      if (existing != members.end()) members.erase(existing);
    } else if (existing != members.end()) {
      existing->second = std::move(slot);
    } else {
      members.emplace(field.name, std::move(slot));
    }
  }

  /// `slot` is what the place holds so far (null: nothing).
  void decode_value(const value_type& type, const value& in, json& slot, presence shown) {
    const json_kind kind = Source::kind(in);
    if (kind == json_kind::null) {
      const bool can_be_nil = shown == presence::when_given || shown == presence::always_null ||
                              type.kind == value_kind::list || type.kind == value_kind::map ||
                              type.kind == value_kind::any || type.kind == value_kind::any_object ||
                              type.kind == value_kind::deduced;
      if (can_be_nil) slot = nullptr;
      return; // for all others null says nothing
    }
    switch (type.kind) {
    case value_kind::structure:
      decode_object_value(type, kind, in, slot);
      return;
    case value_kind::map:
      decode_map(type, kind, in, slot);
      return;
    case value_kind::list:
      decode_list(type, kind, in, slot);
      return;
    case value_kind::any:
    case value_kind::any_object:
    case value_kind::deduced:
      slot = Source::copy(in);
      return;
    case value_kind::schema_or_array:
    case value_kind::schema_or_bool:
    case value_kind::schema_or_strings:
      decode_schema_choice(type, kind, in, slot);
      return;
    default:
      decode_scalar(type, kind, in, slot);
      return;
    }
  }

  void decode_object_value(const value_type& type, json_kind kind, const value& in, json& slot) {
    if (kind != json_kind::object) {
      errors_.wrong_type(json_kind_name(kind), type);
      return;
    }
    if (!slot.is_object()) slot = json::object();
    decode_structure(*type.structure, in, slot);
  }

  void decode_map(const value_type& type, json_kind kind, const value& in, json& slot) {
    if (kind != json_kind::object) {
      errors_.wrong_type(json_kind_name(kind), type);
      return;
    }
    const bool is_again = slot.is_object();
    if (!is_again) slot = json::object();
    auto& members = slot.get_ref<json::object_t&>();
    std::unordered_set<std::string_view> seen; // only when the map itself comes twice
    Source::members(in, [&](std::string_view key, const value& member) {
      auto [place, is_new] = members.try_emplace(std::string(key));
      if (is_again ? !seen.insert(key).second : !is_new) errors_.duplicate_field(key);
      const decode_errors::place back(errors_);
      errors_.enter_key(key);
      json element;
      decode_value(*type.items, member, element, presence::when_not_zero);
      if (element.is_array() && element.empty()) element = nullptr; // protobuf cannot tell them apart
      place->second = element.is_null() ? zero_of(*type.items) : std::move(element);
    });
  }

  void decode_list(const value_type& type, json_kind kind, const value& in, json& slot) {
    if (kind != json_kind::array) {
      errors_.wrong_type(json_kind_name(kind), type);
      return;
    }
    slot = json::array();
    auto& items = slot.get_ref<json::array_t&>();
    items.reserve(Source::size(in));
    Source::items(in, [&](const value& item) {
      const decode_errors::place back(errors_);
      errors_.enter_item(items.size());
      json element;
      decode_value(*type.items, item, element, presence::when_not_zero);
      items.push_back(element.is_null() ? zero_of(*type.items) : std::move(element));
    });
  }

  /// Go decodes these by methods of their own, so nothing below them counts as unknown.
  void decode_schema_choice(const value_type& type, json_kind kind, const value& in, json& slot) {
    const bool was_strict = errors_.is_strict();
    errors_.set_strict(false);
    const value_type schema{.kind = value_kind::structure, .structure = type.structure};
    if (kind == json_kind::object) {
      slot = nullptr;
      decode_object_value(schema, kind, in, slot);
    } else if (type.kind == value_kind::schema_or_bool) {
      if (kind == json_kind::boolean)
        slot = Source::boolean(in);
      else
        errors_.fail("boolean or JSON schema expected");
    } else if (kind == json_kind::array) {
      const value_type text{.kind = value_kind::string};
      const value_type list{.kind = value_kind::list,
                            .items = type.kind == value_kind::schema_or_array ? &schema : &text};
      decode_list(list, kind, in, slot);
    }
    errors_.set_strict(was_strict);
  }

  void decode_scalar(const value_type& type, json_kind kind, const value& in, json& slot) {
    switch (type.kind) {
    case value_kind::string:
      if (kind == json_kind::string) {
        slot = Source::text(in);
        return;
      }
      break;
    case value_kind::boolean:
      if (kind == json_kind::boolean) {
        slot = Source::boolean(in);
        return;
      }
      break;
    case value_kind::int32:
    case value_kind::int64:
      if (kind == json_kind::number) {
        decode_integer(type, in, slot);
        return;
      }
      break;
    case value_kind::number:
      if (kind == json_kind::number) {
        slot = Source::copy(in);
        return;
      }
      break;
    default:
      decode_formed_scalar(type, kind, in, slot);
      return;
    }
    errors_.wrong_type(json_kind_name(kind), type);
  }

  void decode_integer(const value_type& type, const value& in, json& slot) {
    const auto number = Source::integer(in);
    if (!number || (type.kind == value_kind::int32 && *number != static_cast<std::int32_t>(*number))) {
      errors_.wrong_type("number " + Source::number_text(in), type);
      return;
    }
    slot = *number;
  }

  /// Scalars whose text has a form of its own.
  void decode_formed_scalar(const value_type& type, json_kind kind, const value& in, json& slot) {
    if (type.kind == value_kind::int_or_string) {
      if (kind == json_kind::string)
        slot = Source::text(in);
      else if (const auto number = kind == json_kind::number ? Source::integer(in) : std::nullopt;
               number && *number == static_cast<std::int32_t>(*number))
        slot = *number;
      else
        errors_.fail("json: cannot unmarshal " + found_text(kind, in) + " into Go value of type int32");
      return;
    }
    if (type.kind == value_kind::quantity && kind == json_kind::number) {
      keep(scalar_forms::quantity(Source::number_text(in)), slot);
      return;
    }
    if (kind != json_kind::string) {
      if (type.kind == value_kind::bytes)
        errors_.wrong_type(json_kind_name(kind), type);
      else if (type.kind == value_kind::quantity)
        keep(scalar_forms::quantity("?"), slot);
      else
        errors_.fail("json: cannot unmarshal " + std::string(json_kind_name(kind)) +
                     " into Go value of type string");
      return;
    }
    const std::string_view text = Source::text(in);
    switch (type.kind) {
    case value_kind::bytes:
      keep(scalar_forms::bytes(text), slot);
      return;
    case value_kind::time:
      keep(scalar_forms::time(text), slot);
      return;
    case value_kind::micro_time:
      keep(scalar_forms::micro_time(text), slot);
      return;
    default:
      keep(scalar_forms::quantity(text), slot);
      return;
    }
  }

  static std::string found_text(json_kind kind, const value& in) {
    std::string text(json_kind_name(kind));
    if (kind == json_kind::number) text += " " + Source::number_text(in);
    return text;
  }

  void keep(result<std::string> form, json& slot) {
    if (form)
      slot = std::move(form).value();
    else
      errors_.fail(form.error().message);
  }

  decode_errors& errors_;
};

} // namespace actord::schema
