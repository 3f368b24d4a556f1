#pragma once

#include "schema/base/json_fwd.hpp"
#include "schema/base/result.hpp"

#include <string>

namespace actord::schema {

struct object_type;

/// Kubernetes' own merge patch: lists that the type table gives a merge key are merged item by item, lists of
/// plain values that merge become unions, everything else works as in RFC 7396. Directives in the patch:
///   $patch: replace | delete | merge         on an object or a list item
///   $deleteFromPrimitiveList/<list>: [...]   takes values out of a merging list of plain values
///   $setElementOrder/<list>: [...]           the order the merged list shall have
///   $retainKeys: [...]                       members of the object that are not named go away
///   bad_request  a directive has a wrong form
///   invalid      the patch cannot be applied to this object
///   internal     an item lacks its merge key, or a directive is unknown
/// `target` is left half patched on failure.
result<void> apply_strategic_merge_patch(const object_type& type, json& target, json patch);

/// A value the way Go's %v prints it, which is how clients are told about broken patches: `map[name:c
/// ports:[80 81]]`.
std::string printed_like_go(const json& value);

} // namespace actord::schema
