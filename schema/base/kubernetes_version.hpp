#pragma once

#include <string_view>

namespace actord {

/// The version of Kubernetes whose API is served; nodes say that they are of it.
inline constexpr std::string_view kubernetes_version = "v1.36.2";

} // namespace actord
