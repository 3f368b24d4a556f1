#pragma once

#include "schema/base/json_fwd.hpp"
#include "schema/base/result.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace actord::schema {

inline constexpr std::size_t json_patch_max_operations = 10'000;
/// Bytes that all `copy` operations of one patch may add together: a short patch must not blow up an object.
inline constexpr std::size_t json_patch_copy_budget_bytes = 3u << 20;

/// Applies an RFC 6902 patch to `document`, which is left half patched on failure. Two liberties that
/// Kubernetes clients rely on: `replace` sets a key that is absent, and negative array indices count from the
/// end.
///   bad_request  the patch is no list of operations
///   too_large    too many operations
///   invalid      an operation does not apply (a failed test included)
result<void> apply_json_patch(json& document, const json& patch);

/// Members of operations that RFC 6902 does not know, as `unknown field "[0].x"`.
std::vector<std::string> json_patch_unknown_fields(const json& patch);

} // namespace actord::schema
