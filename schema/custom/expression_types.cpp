#include "schema/custom/expression_types.hpp"

#include "schema/custom/structural_schema.hpp"

#include <algorithm>
#include <array>
#include <map>

namespace actord::schema::custom {
namespace {

using cel::simple;
using cel::type_kind;
using cel::type_ref;

class known_members : public cel::structure_members {
public:
  [[nodiscard]] std::optional<cel::member_type> find(std::string_view name) const override {
    const auto found = members_.find(name);
    return found == members_.end() ? std::nullopt : std::optional(found->second);
  }
  void add(std::string_view name, type_ref type) {
    if (type == nullptr) return;
    if (auto escaped = escaped_name(name)) members_[*escaped] = {std::move(type), std::string(name)};
  }

private:
  std::map<std::string, cel::member_type, std::less<>> members_;
};

type_ref metadata_type() {
  static const type_ref made = [] {
    auto members = std::make_shared<known_members>();
    members->add("name", simple(type_kind::string));
    members->add("generateName", simple(type_kind::string));
    return cel::structure_of("object.metadata", std::move(members));
  }();
  return made;
}

type_ref text_type(const schema_node& schema) {
  const std::string_view format = schema.checks == nullptr ? std::string_view() : schema.checks->format;
  if (format == "date" || format == "date-time" || format == "datetime") return simple(type_kind::timestamp);
  if (format == "duration") return simple(type_kind::duration);
  if (format == "byte") return simple(type_kind::bytes);
  return simple(type_kind::string);
}

type_ref list_type(const schema_node& schema, const std::string& name) {
  if (schema.items == nullptr) return nullptr;
  type_ref item = expression_type(*schema.items, name + ".@idx", schema.items->embedded);
  if (item == nullptr) return nullptr;
  cel::type made{.kind = type_kind::list, .parameters = {std::move(item)}};
  if (schema.merge == list_merge::set) made.form = cel::list_form::set;
  if (schema.merge == list_merge::map) {
    made.form = cel::list_form::keyed;
    for (const std::string& key : schema.keys)
      if (auto escaped = escaped_name(key)) made.keys.push_back(std::move(*escaped));
  }
  return std::make_shared<const cel::type>(std::move(made));
}

type_ref object_type_of(const schema_node& schema, const std::string& name, bool root) {
  if (schema.rest != nullptr) {
    type_ref held = expression_type(*schema.rest, name + ".@elem", schema.rest->embedded);
    return held == nullptr ? nullptr : cel::map_of(simple(type_kind::string), std::move(held));
  }
  auto members = std::make_shared<known_members>();
  for (const schema_property& property : schema.properties)
    members->add(property.name,
                 expression_type(property.schema, name + "." + property.name, property.schema.embedded));
  if (root) {
    members->add("apiVersion", simple(type_kind::string));
    members->add("kind", simple(type_kind::string));
    members->add("metadata", metadata_type());
  }
  return cel::structure_of(name, std::move(members));
}

} // namespace

type_ref expression_type(const schema_node& schema, const std::string& name, bool root) {
  if (schema.int_or_string) return simple(type_kind::dynamic);
  switch (schema.shape) {
  case value_shape::string:
    return text_type(schema);
  case value_shape::integer:
    return simple(type_kind::integer);
  case value_shape::number:
    return simple(type_kind::floating);
  case value_shape::boolean:
    return simple(type_kind::boolean);
  case value_shape::array:
    return list_type(schema, name);
  case value_shape::object:
    return object_type_of(schema, name, root);
  case value_shape::any:
    break;
  }
  return schema.embedded ? object_type_of(schema, name, true) : nullptr;
}

std::optional<std::string> escaped_name(std::string_view name) {
  constexpr std::array<std::string_view, 21> reserved{
      "true",     "false",   "null",      "in",       "as",  "break",  "const",
      "continue", "else",    "for",       "function", "if",  "import", "let",
      "loop",     "package", "namespace", "return",   "var", "void",   "while"};
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return std::nullopt;
  if (std::ranges::find(reserved, name) != reserved.end()) return "__" + std::string(name) + "__";
  std::string made;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    if (name.substr(i).starts_with("__"))
      made += "__underscores__", ++i;
    else if (c == '.')
      made += "__dot__";
    else if (c == '-')
      made += "__dash__";
    else if (c == '/')
      made += "__slash__";
    else if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_')
      made += c;
    else
      return std::nullopt;
  }
  return made;
}

} // namespace actord::schema::custom
