#pragma once

#include "schema/view/meta_view.hpp"

#include <string>
#include <string_view>

namespace actord::schema {

struct config_map_view {
  meta_view meta;
  text_map data;
  text_map binary_data; ///< decoded bytes
  bool immutable = false;
};

struct secret_view {
  meta_view meta;
  std::string type;
  text_map data; ///< decoded bytes
  bool immutable = false;
};

/// Never fail: fields that are missing or of another type read as absent, values that are not base64 as
/// empty.
config_map_view parse_config_map(std::string_view canonical_text);
secret_view parse_secret(std::string_view canonical_text);

} // namespace actord::schema
