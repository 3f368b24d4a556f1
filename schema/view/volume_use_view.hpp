#pragma once

#include "schema/view/meta_view.hpp"

#include <string>
#include <string_view>
#include <vector>

/// Who uses claims and volumes.

namespace actord::schema {

/// metadata of any object.
meta_view parse_metadata(std::string_view canonical_text);

/// Names of the claims a pod uses, those made for it included.
std::vector<std::string> parse_used_claims(std::string_view pod_text);

/// "namespace/name" of the claim a volume is bound to; empty while it is not.
std::string parse_bound_claim(std::string_view volume_text);

} // namespace actord::schema
