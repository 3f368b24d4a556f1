#include "schema/cel/unify.hpp"

namespace actord::schema::cel {
namespace {

bool is(const type_ref& one, type_kind kind) { return one->kind == kind; }

/// null may stand for what a message stands for.
bool takes_null(const type& wanted) {
  return wanted.kind == type_kind::structure || wanted.kind == type_kind::timestamp ||
         wanted.kind == type_kind::duration || wanted.kind == type_kind::opaque ||
         wanted.kind == type_kind::optional;
}

} // namespace

bool assignable(const type_ref& wanted, const type_ref& actual, bindings& bound) {
  if (is(wanted, type_kind::parameter)) {
    const auto found = bound.find(wanted->name);
    if (found == bound.end()) {
      bound.emplace(wanted->name, actual);
      return true;
    }
    const type_ref before = found->second;
    bindings none;
    if (assignable(before, actual, none)) return true;
    if (!assignable(actual, before, none)) return false;
    bound[wanted->name] = actual;
    return true;
  }
  if (is(wanted, type_kind::dynamic) || is(actual, type_kind::dynamic)) return true;
  if (is(actual, type_kind::null) && takes_null(*wanted)) return true;
  if (wanted->kind != actual->kind || wanted->name != actual->name) return false;
  for (std::size_t i = 0; i < wanted->parameters.size(); ++i)
    if (!assignable(wanted->parameters[i], actual->parameters[i], bound)) return false;
  return true;
}

type_ref substituted(const type_ref& from, const bindings& bound) {
  if (is(from, type_kind::parameter)) {
    const auto found = bound.find(from->name);
    return found == bound.end() ? simple(type_kind::dynamic) : found->second;
  }
  if (from->parameters.empty()) return from;
  type copy = *from;
  for (type_ref& one : copy.parameters) one = substituted(one, bound);
  return std::make_shared<const type>(std::move(copy));
}

type_ref joined(const type_ref& left, const type_ref& right) {
  bindings none;
  if (is(left, type_kind::dynamic) || is(right, type_kind::dynamic)) return simple(type_kind::dynamic);
  if (assignable(left, right, none)) return left;
  if (assignable(right, left, none)) return right;
  return simple(type_kind::dynamic);
}

} // namespace actord::schema::cel
