#pragma once

#include "schema/view/meta_view.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace actord::schema {

/// A ControllerRevision: what a workload's pods were made from at some time.
struct revision_view {
  meta_view meta;
  std::int64_t revision = 0;
  std::string data_text; ///< canonical JSON
};

/// Never fails: fields that are missing or of another type read as absent.
revision_view parse_revision(std::string_view canonical_text);

} // namespace actord::schema
