#pragma once

#include "schema/base/json_fwd.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace actord::schema {

/// A set of field paths as a tree: what one manager owns (metadata.managedFields[].fieldsV1).
///
/// A step is written as in FieldsV1, and two steps are the same field exactly when they are the same text:
///   f:<name>            a member of a struct or map
///   k:{"name":"c"}      the item of an associative list with these keys (sorted, compact JSON)
///   v:"x"               the item of a set
/// A node's path is in the set when `member` is true; children may be in the set without their parent being
/// in it. Invariants: `children` is sorted by step; no child is empty.
struct field_set {
  struct child;

  bool member = false;
  std::vector<child> children;

  [[nodiscard]] bool empty() const { return !member && children.empty(); }
  /// Null when nothing at or below the step is in the set.
  [[nodiscard]] const field_set* find(std::string_view step) const;
  /// The node for the step, made when absent; the caller makes it non-empty.
  field_set& descend(std::string_view step);
  /// The node for a step behind all that are there.
  field_set& append(std::string step);
  /// Removes the child if it is empty.
  void drop_if_empty(std::string_view step);
  /// Inserts a path of steps.
  void insert(std::initializer_list<std::string_view> path);
  [[nodiscard]] bool contains(std::initializer_list<std::string_view> path) const;

  bool operator==(const field_set& other) const;
};

struct field_set::child {
  std::string step;
  field_set set;

  bool operator==(const child& other) const = default;
};

inline bool field_set::operator==(const field_set& other) const {
  return member == other.member && children == other.children;
}

field_set set_union(const field_set& left, const field_set& right);
field_set set_intersection(const field_set& left, const field_set& right);
/// Paths of `left` that are not paths of `right`; a path says nothing about those below it.
field_set set_difference(const field_set& left, const field_set& right);
/// The same, but a path of `right` takes everything below it along.
field_set set_difference_with_subtrees(const field_set& left, const field_set& right);

/// The same, in place.
void subtract(field_set& from, const field_set& what);
void subtract_with_subtrees(field_set& from, const field_set& what);
void add(field_set& to, field_set&& what);
/// Whether a FieldsV1 value has a path of the set, without decoding it.
bool fields_v1_overlap(const json& fields, const field_set& set);

/// FieldsV1 form; {"f:spec":{".":{},"f:replicas":{}}}.
json to_fields_v1(const field_set& set);
/// False when the value is no FieldsV1; `out` is undefined then.
bool from_fields_v1(const json& fields, field_set& out);

/// Calls `visit` with each path as Kubernetes prints it: `.spec.containers[name="c"].image`. Members of a
/// level come before what lies below them.
void for_each_path(const field_set& set, const std::function<void(const std::string& path)>& visit);

} // namespace actord::schema
