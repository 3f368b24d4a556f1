#include "schema/patch/merge_patch.hpp"

#include "schema/base/json.hpp"

namespace actord::schema {

void apply_merge_patch(json& target, const json& patch) {
  if (!patch.is_object()) {
    target = patch;
    return;
  }
  if (!target.is_object()) target = json::object();
  for (const auto& [name, value] : patch.items()) {
    if (value.is_null())
      target.erase(name);
    else
      apply_merge_patch(target[name], value);
  }
}

} // namespace actord::schema
