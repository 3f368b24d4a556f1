#pragma once

#include "actors/objects/write_command.hpp"

#include <string_view>

namespace actord::storage {
class store;
}

namespace actord::actors {

class authorizer;

/// A write of a role or binding, about to be stored.
struct role_write {
  const schema::resource_type& type;
  std::string_view space;
  std::string_view name; ///< as in the request: empty on create
  const caller_identity& caller;
  const json& object;
  const json* old; ///< null on create
};

/// Nobody gives what they do not have: who writes a role must hold all of its rules, or the verb `escalate`
/// on it; who binds one must hold all of its rules, or the verb `bind` on it. Administrators may.
class role_guard {
public:
  role_guard(const authorizer& authorization, const storage::store& store)
      : authorization_(authorization), store_(store) {}

  /// Fine for every other kind of object.
  result<void> check(const role_write& write) const;

private:
  result<void> check_role(const role_write& write) const;
  result<void> check_binding(const role_write& write) const;

  const authorizer& authorization_;
  const storage::store& store_;
};

} // namespace actord::actors
