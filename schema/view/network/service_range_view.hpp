#pragma once

#include "schema/view/meta_view.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace actord::schema {

/// A ServiceCIDR: blocks that addresses of services are taken from.
struct service_range_view {
  meta_view meta;
  std::vector<std::string> blocks; ///< spec.cidrs: "10.96.0.0/16", at most one of each family
  std::vector<condition_view> conditions;
};

/// Never fails: fields that are missing or of another type read as absent.
service_range_view parse_service_range(std::string_view canonical_text);

} // namespace actord::schema
