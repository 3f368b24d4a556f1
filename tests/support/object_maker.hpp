#pragma once

#include "schema/base/json.hpp"
#include "schema/base/rng.hpp"
#include "schema/codec/base64.hpp"
#include "schema/tables/type_table.hpp"

#include <initializer_list>
#include <string>

namespace actord::schema {

/// Random objects that follow a type, odd values included.
class object_maker {
public:
  explicit object_maker(std::uint64_t seed) : random_(seed) {}

  json structure(const object_type& type, int depth) {
    json object = json::object();
    for (const field_type& field : type.fields) {
      if (field.name == "kind" || field.name == "apiVersion") {
        if (field.protobuf[0] == 0) continue;
      }
      const bool is_deep = field.value.kind == value_kind::structure ||
                           field.value.kind == value_kind::list || field.value.kind == value_kind::map;
      if (below(100) < (depth > 3 && is_deep ? 95U : 40U)) continue;
      if (depth > 9 && is_deep) continue;
      object[field.name] = value(field.value, depth + 1);
    }
    return object;
  }

private:
  std::uint64_t below(std::uint64_t bound) { return random_.next() % bound; }

  json value(const value_type& type, int depth) {
    switch (type.kind) {
    case value_kind::string:
      return text();
    case value_kind::boolean:
      return below(2) == 1;
    case value_kind::int32:
      return static_cast<std::int32_t>(number());
    case value_kind::int64:
      return static_cast<std::int64_t>(number());
    case value_kind::number:
      return static_cast<double>(static_cast<std::int32_t>(number())) / 8;
    case value_kind::bytes:
      return encode_base64(text());
    case value_kind::time:
      return pick({"2026-01-02T03:04:05Z", "1970-01-01T00:00:00Z", "2199-12-31T23:59:59.9+05:00"});
    case value_kind::micro_time:
      return pick({"2026-01-02T03:04:05.000006Z", "1969-01-01T00:00:00.999999Z"});
    case value_kind::quantity:
      return pick({"1", "100m", "1.5", "1024Mi", "0", "1e3", "-5", "12345678901234567890", "3Ki"});
    case value_kind::int_or_string:
      return below(2) == 0 ? json(static_cast<std::int32_t>(number())) : json(text());
    case value_kind::any:
    case value_kind::any_object:
    case value_kind::deduced:
      return json{{"x", {1, "two", nullptr, {{"y", 1.5}}}}};
    case value_kind::schema_or_array:
    case value_kind::schema_or_bool:
    case value_kind::schema_or_strings:
      return schema_choice(type, depth);
    case value_kind::structure:
      return structure(*type.structure, depth);
    case value_kind::map: {
      json map = json::object();
      for (std::uint64_t left = below(3); left > 0; --left) map[text()] = value(*type.items, depth);
      return map;
    }
    case value_kind::list: {
      json list = json::array();
      for (std::uint64_t left = below(3); left > 0; --left) list.push_back(value(*type.items, depth));
      return list;
    }
    }
    return nullptr;
  }

  json schema_choice(const value_type& type, int depth) {
    if (below(2) == 0 && depth < 6) return structure(*type.structure, depth + 2);
    if (type.kind == value_kind::schema_or_bool) return below(2) == 0;
    if (type.kind == value_kind::schema_or_strings) return json{"a", "b"};
    return json::array({json::object(), json{{"type", "string"}}});
  }

  std::string text() {
    return pick({"", "a", "name-1", "\xc3\xa4\xe2\x82\xac", "with \"quotes\" and \n lines", "0", "true"});
  }
  std::uint64_t number() { return below(3) == 0 ? below(5) : random_.next(); }
  std::string pick(std::initializer_list<const char*> choices) {
    return *(choices.begin() + below(choices.size()));
  }

  seeded_random_source random_;
};

} // namespace actord::schema
