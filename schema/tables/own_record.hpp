#pragma once

#include "schema/tables/resource_table.hpp"

#include <string_view>

namespace actord::schema {

/// Records of the daemon's own lie in the store like objects and are served by no API. Their numbers stand
/// between those of the built-in resources and those of custom ones; stored records have them, so they never
/// change.
inline constexpr resource_id number_book_id{0x0fff};
inline constexpr resource_id node_record_id{0x0ffe};
inline constexpr resource_id key_table_id{0x0ffd};

/// What `encode_object` needs to know of such a record. The texts must live for ever.
resource_type own_record(resource_id id, std::string_view kind, std::string_view plural);

} // namespace actord::schema
