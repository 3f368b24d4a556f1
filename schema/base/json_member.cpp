#include "schema/base/json_member.hpp"

namespace actord {

const json& json_member(const json& object, std::initializer_list<const char*> path) {
  static const json none;
  const json* node = &object;
  for (const char* name : path) {
    if (!node->is_object()) return none;
    const auto found = node->find(name);
    if (found == node->end()) return none;
    node = &*found;
  }
  return *node;
}

std::string text_member(const json& object, const char* name, std::string_view otherwise) {
  const json& value = json_member(object, {name});
  return value.is_string() ? value.get<std::string>() : std::string(otherwise);
}

std::vector<std::string> text_members(const json& object, const char* name) {
  std::vector<std::string> all;
  if (const json& list = json_member(object, {name}); list.is_array())
    for (const json& one : list)
      if (one.is_string()) all.push_back(one.get<std::string>());
  return all;
}

} // namespace actord
