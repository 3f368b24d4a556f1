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

} // namespace actord
