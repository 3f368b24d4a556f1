#include "schema/patch/version_changes.hpp"

#include "schema/base/json.hpp"
#include "schema/patch/field_compare.hpp"

namespace actord::schema {

const version_changes::changes& version_changes::in(std::string_view api_version) {
  if (const auto found = seen_.find(api_version); found != seen_.end()) return found->second;
  changes& seen = seen_[std::string(api_version)];
  const object_type* type = writer_.versions->type(api_version);
  if (type == nullptr) {
    seen.gone = true;
    return seen;
  }
  // Both are asked for before either is missed.
  const json* before = writer_.versions->convert(writer_.api_version, api_version, before_);
  const json* after = writer_.versions->convert(writer_.api_version, api_version, after_);
  if (before == nullptr || after == nullptr) return seen;
  field_changes found = compare_objects(*type, *before, *after);
  seen.touched = set_difference_with_subtrees(set_union(found.added, found.modified), writer_.untouchable);
  seen.removed = set_difference_with_subtrees(found.removed, writer_.untouchable);
  return seen;
}

bool object_in_version::turn_into(object_versions& versions, std::string_view wanted) {
  if (wanted == api_version) return true;
  const object_type* there = versions.type(wanted);
  if (there == nullptr) return false;
  const json* converted = versions.convert(api_version, wanted, object);
  if (converted == nullptr) return false;
  object = *converted;
  type = there;
  api_version = wanted;
  return true;
}

} // namespace actord::schema
