#include "schema/cel/patch_types.hpp"

namespace actord::schema::cel {
namespace {

class patch_members : public structure_members {
public:
  [[nodiscard]] std::optional<member_type> find(std::string_view name) const override {
    if (name == "op" || name == "path" || name == "from")
      return member_type{simple(type_kind::string), std::string(name)};
    if (name == "value") return member_type{simple(type_kind::dynamic), std::string(name)};
    return std::nullopt;
  }
};

class any_members : public structure_members {
public:
  [[nodiscard]] std::optional<member_type> find(std::string_view name) const override {
    return member_type{simple(type_kind::dynamic), std::string(name)};
  }
};

} // namespace

type_ref patch_structure(std::string_view name) {
  static const type_ref patch = structure_of("JSONPatch", std::make_shared<patch_members>());
  if (name == "JSONPatch") return patch;
  if (name == "Object" || name.starts_with("Object."))
    return structure_of(std::string(name), std::make_shared<any_members>());
  return nullptr;
}

} // namespace actord::schema::cel
