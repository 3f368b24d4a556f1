#pragma once

#include "schema/base/json_fwd.hpp"
#include "schema/patch/field_set.hpp"

namespace actord::schema {

struct object_type;

struct field_changes {
  field_set added;
  field_set modified;
  field_set removed;
  /// False when a list has items that cannot be told apart (all keys missing): then who owns what cannot be
  /// said.
  bool comparable = true;
};

/// What differs between two objects of a type. A container that only one side has counts along with all below
/// it; one that both have counts only by what is in it.
field_changes compare_objects(const object_type& type, const json& before, const json& after);

/// The object of the type to which nothing was given: what a create is compared with. Built-in types show
/// some members always ({"spec":{"containers":null},"status":{}}), so that nobody comes to own those by
/// leaving them out.
const json& zero_object(const object_type& type);

} // namespace actord::schema
