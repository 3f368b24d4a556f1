#include "schema/cel/type.hpp"

#include <algorithm>
#include <array>

namespace actord::schema::cel {

const type_ref& simple(type_kind kind) {
  static const auto all = [] {
    std::array<type_ref, static_cast<std::size_t>(type_kind::parameter) + 1> made;
    for (std::size_t i = 0; i < made.size(); ++i)
      made[i] = std::make_shared<const type>(type{.kind = static_cast<type_kind>(i)});
    return made;
  }();
  return all.at(static_cast<std::size_t>(kind));
}

type_ref list_of(type_ref item) {
  return std::make_shared<const type>(type{.kind = type_kind::list, .parameters = {std::move(item)}});
}

type_ref map_of(type_ref key, type_ref value) {
  return std::make_shared<const type>(
      type{.kind = type_kind::map, .parameters = {std::move(key), std::move(value)}});
}

type_ref optional_of(type_ref value) {
  return std::make_shared<const type>(type{.kind = type_kind::optional, .parameters = {std::move(value)}});
}

type_ref opaque(std::string name) {
  return std::make_shared<const type>(type{.kind = type_kind::opaque, .name = std::move(name)});
}

type_ref structure_of(std::string name, std::shared_ptr<const structure_members> members) {
  return std::make_shared<const type>(
      type{.kind = type_kind::structure, .name = std::move(name), .members = std::move(members)});
}

std::string text_of(const type& of) {
  switch (of.kind) {
  case type_kind::dynamic:
    return "dyn";
  case type_kind::null:
    return "null";
  case type_kind::boolean:
    return "bool";
  case type_kind::integer:
    return "int";
  case type_kind::unsigned_integer:
    return "uint";
  case type_kind::floating:
    return "double";
  case type_kind::string:
    return "string";
  case type_kind::bytes:
    return "bytes";
  case type_kind::timestamp:
    return "timestamp";
  case type_kind::duration:
    return "duration";
  case type_kind::list:
    return "list(" + text_of(*of.parameters[0]) + ")";
  case type_kind::map:
    return "map(" + text_of(*of.parameters[0]) + ", " + text_of(*of.parameters[1]) + ")";
  case type_kind::type:
    return "type";
  case type_kind::optional:
    return "optional_type(" + text_of(*of.parameters[0]) + ")";
  case type_kind::structure:
  case type_kind::opaque:
  case type_kind::parameter:
    return of.name;
  }
  return of.name;
}

bool same(const type& left, const type& right) {
  return &left == &right ||
         (left.kind == right.kind && left.name == right.name &&
          std::ranges::equal(left.parameters, right.parameters,
                             [](const type_ref& one, const type_ref& other) { return same(*one, *other); }));
}

} // namespace actord::schema::cel
