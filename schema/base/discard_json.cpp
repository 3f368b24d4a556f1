#include "schema/base/discard_json.hpp"

#include "schema/base/json.hpp"

namespace actord {

void discard_json(json& tree) {
  if (auto* members = tree.get_ptr<json::object_t*>()) {
    for (auto& [name, member] : *members)
      if (member.is_structured()) discard_json(member);
    members->clear();
  } else if (auto* items = tree.get_ptr<json::array_t*>()) {
    for (json& item : *items)
      if (item.is_structured()) discard_json(item);
    items->clear();
  }
}

} // namespace actord
