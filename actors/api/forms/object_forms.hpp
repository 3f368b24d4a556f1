#pragma once

#include "actors/api/forms/media_types.hpp"
#include "schema/base/json_fwd.hpp"
#include "schema/base/result.hpp"
#include "schema/object/stored_object.hpp"

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace actord::schema {
struct resource_type;
}

/// Stored objects in the forms that answers and watch events take.

namespace actord::actors {

/// Which parts of an object a Table row carries along (query option includeObject).
enum class table_objects : std::uint8_t { none, metadata, whole };

struct list_metadata {
  revision at;
  std::string continue_token;
  std::optional<std::int64_t> remaining;
};

/// One object, in `form`. Tables of one object carry the column definitions only if asked.
result<std::string> render_object(const schema::resource_type& type, const schema::object_view& object,
                                  const answer_form& form, table_objects include,
                                  bool column_definitions = true);

/// A Scale, as the Table or PartialObjectMetadata that `form` asks for, or as itself.
result<std::string> render_scale(const json& scale, const answer_form& form, table_objects include);

/// A list, in `form`. `items` are encoded objects.
result<std::string> render_list(const schema::resource_type& type, const std::vector<std::string_view>& items,
                                const list_metadata& metadata, const answer_form& form,
                                table_objects include);

/// A whole list as JSON, in pieces of some 256 KiB: each is handed to `take` before the next is made. After
/// an error nothing more comes.
result<void> render_list_in_pieces(const schema::resource_type& type, std::span<const std::string_view> items,
                                   const list_metadata& metadata,
                                   const std::function<void(std::string piece)>& take);

/// A finished JSON document (an object that is not stored, a Status) in another wire format.
result<std::string> convert_document(std::string_view document, wire_format format);

} // namespace actord::actors
