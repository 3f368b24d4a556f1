#pragma once

#include "schema/base/json_fwd.hpp"
#include "schema/patch/field_set.hpp"

namespace actord::schema {

struct object_type;

/// Every leaf and list item that `object` mentions: what somebody who applies it comes to own.
field_set mentioned_fields(const object_type& type, const json& object);

/// `live` with what `applied` mentions merged in: no field is removed, applied leaves win, lists follow the
/// applied order. check_configuration must have found nothing wrong with `applied`.
json merge_objects(const object_type& type, const json& live, const json& applied);

/// `object` without the fields and list items of the set. A container that loses all its items stays, empty.
json remove_fields(const object_type& type, const json& object, const field_set& fields);

/// The set with those ancestors added that are fields of a struct (not keys of a map or items of a list).
field_set with_declared_ancestors(const object_type& type, const field_set& set);

} // namespace actord::schema
