#pragma once

#include "schema/view/meta_view.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace actord::schema {

struct namespace_view {
  meta_view meta;
  std::vector<std::string> spec_finalizers; ///< "kubernetes" until its content is gone
  std::string phase;                        ///< "Active" or "Terminating"
  std::vector<condition_view> conditions;
};

/// Never fails: fields that are missing or of another type read as absent.
namespace_view parse_namespace(std::string_view canonical_text);

} // namespace actord::schema
