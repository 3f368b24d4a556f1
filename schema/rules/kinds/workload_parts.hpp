#pragma once

#include "schema/rules/checks/field.hpp"
#include "schema/rules/kind_rules.hpp"

#include <initializer_list>
#include <string_view>

/// Checks that kinds with a pod template share.

namespace actord::schema::rules {

/// Pods that a controller keeps running restart always and have no deadline.
void check_restarts_always(const field& pod_template, std::string_view kind, field_errors& errors);
/// The selector must choose the template's own pods.
void check_template_labels(const field& selector, const field& pod_template, field_errors& errors);
/// Required, well formed, not empty; false when it cannot be used.
bool check_workload_selector(const field& selector, std::string_view kind, field_errors& errors);
void check_collision_count(const field& status, const field& old, field_errors& errors);
void check_not_above(const field& status, std::initializer_list<std::string_view> names,
                     std::string_view limit, std::string_view detail, field_errors& errors);

} // namespace actord::schema::rules
