#pragma once

#include <string_view>

namespace actord::schema::custom {

/// Whether version `left` comes before `right` where the best is first: v2, v1, v3beta1, v1beta2, v1alpha1,
/// then everything else by name.
bool is_better_version(std::string_view left, std::string_view right);

} // namespace actord::schema::custom
