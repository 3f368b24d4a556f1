#pragma once

#include "schema/base/json_fwd.hpp"

namespace actord::schema {

/// RFC 7396: members of `patch` replace those of `target`, null removes, objects merge.
void apply_merge_patch(json& target, const json& patch);

} // namespace actord::schema
