#pragma once

#include "schema/base/clock.hpp"
#include "schema/base/json_fwd.hpp"
#include "schema/base/result.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

/// Other forms than its own that an object is shown in: rows of a meta.k8s.io/v1 Table (kubectl get), and
/// PartialObjectMetadata. Values are given as they are stored (schema/object/stored_object.hpp).

namespace actord::schema {

struct resource_type;

/// What a Table row brings along besides its cells; the includeObject parameter.
enum class row_object : std::uint8_t { metadata, whole, none };

struct table_options {
  row_object object = row_object::metadata;
  wall_time now; ///< ages are counted up to here
  /// False leaves the column definitions out: for all events of a watch but the first, and for kubectl
  /// --no-headers.
  bool headers = true;
};

/// metadata of a list.
struct list_meta {
  std::string_view resource_version;
  std::string_view continue_token; ///< empty for none
  std::optional<std::int64_t> remaining_items;
};

/// Appends a complete Table. Values that cannot be read (a damaged page) are an `internal` error; `out` is as
/// it was then.
result<void> append_table(std::string& out, const resource_type& type,
                          std::span<const std::string_view> stored, const list_meta& meta,
                          const table_options& options);

/// Appends one row for a complete object (kind, apiVersion and resourceVersion included).
void append_table_row(std::string& out, const resource_type& type, const json& object,
                      const table_options& options);
/// Appends the value of columnDefinitions.
void append_column_definitions(std::string& out, const resource_type& type);

/// Appends the Table of a Scale (schema/write/scale.hpp), or its PartialObjectMetadata.
void append_scale_table(std::string& out, const json& scale, const table_options& options);
void append_scale_metadata(std::string& out, const json& scale);

/// Appends a PartialObjectMetadata of one stored value.
result<void> append_partial_metadata(std::string& out, const resource_type& type, std::string_view stored);
/// Appends a PartialObjectMetadataList.
result<void> append_partial_metadata_list(std::string& out, const resource_type& type,
                                          std::span<const std::string_view> stored, const list_meta& meta);

} // namespace actord::schema
