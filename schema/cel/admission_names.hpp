#pragma once

#include "schema/cel/environment.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

/// What expressions of admission policies and of webhooks' match conditions may name.

namespace actord::schema::cel {

/// Slots of the variables, whatever of them is declared.
struct admission_slots {
  static constexpr std::size_t object = 0;
  static constexpr std::size_t old_object = 1;
  static constexpr std::size_t request = 2;
  static constexpr std::size_t authorizer = 3;
  static constexpr std::size_t request_resource = 4; ///< authorizer.requestResource
  static constexpr std::size_t namespace_object = 5;
  static constexpr std::size_t params = 6;
  static constexpr std::size_t variables = 7;
  static constexpr std::size_t count = 8;
};

struct named_type {
  std::string name;
  type_ref type;
};

struct admission_names {
  bool in_policy = true; ///< webhooks' conditions know neither the namespace, parameters nor variables
  bool has_params = false;
  /// What `variables` has; not declared when null.
  const std::vector<named_type>* variables = nullptr;
  /// Of `object` and `oldObject`; null: whatever they are.
  type_ref object = nullptr;
};
environment admission_environment(const admission_names& names);

/// Why an expression of admission may not be ("compilation failed: ...", "must evaluate to bool"); empty when
/// it may. `wanted` names the types it may yield; empty: any. `yields`, unless null, is told what it does.
std::string admission_complaint(std::string_view expression, const environment& names,
                                const std::vector<type_kind>& wanted, type_ref* yields = nullptr);

/// The type of `request`, and of its `userInfo`.
const type_ref& admission_request_type();
const type_ref& user_info_type();

} // namespace actord::schema::cel
