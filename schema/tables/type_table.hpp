#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

/// What an object of a kind looks like: the table that drives decoding, pruning, patches, field ownership,
/// protobuf and documentation, for built-in and custom kinds alike.
///
/// Rows are plain aggregates of views and pointers. Those of built-in kinds are constants compiled from
/// schema/api; those of custom kinds can be put together at run time by whoever keeps their memory alive.

namespace actord::schema {

struct object_type;

enum class value_kind : std::uint8_t {
  string,
  boolean,
  int32,
  int64,
  number,            ///< double
  bytes,             ///< base64 text in JSON
  time,              ///< RFC 3339, seconds
  micro_time,        ///< RFC 3339, six digits of fraction
  quantity,          ///< "100m", "1Gi"; a JSON number is accepted
  int_or_string,     ///< a port by number or name
  any,               ///< any JSON value, kept as it is (apiextensions JSON)
  any_object,        ///< any JSON object, kept as it is (RawExtension, FieldsV1)
  deduced,           ///< any JSON value, merged by the shape it has (unknown parts of custom kinds)
  schema_or_array,   ///< JSONSchemaProps, or a list of them
  schema_or_bool,    ///< JSONSchemaProps, true or false
  schema_or_strings, ///< JSONSchemaProps, or a list of strings
  structure,         ///< object with known fields: `structure`
  map,               ///< object with free keys, values of type `items`
  list,              ///< array of `items`
};

struct field_type;

/// The type of a field, a list item or a map value.
struct value_type {
  value_kind kind = value_kind::string;
  const object_type* structure = nullptr; ///< for `structure` and the schema_or_ kinds
  const value_type* items = nullptr;      ///< for `list` and `map`
  /// The name Go's decoder gives this type in its errors ("v1.PodPhase"); empty where it follows from the
  /// kind.
  std::string_view go_name{};
  /// How a list or map that is itself an item or a map's value merges (custom kinds only); null: in one piece
  /// if a list, member by member if a map.
  const field_type* nested = nullptr;
};

/// How items of a list are told apart when two writers merge it (server-side apply).
enum class list_merge : std::uint8_t { atomic, set, map };

/// When a field appears in the canonical text.
enum class presence : std::uint8_t {
  when_not_zero, ///< dropped when null, "", 0, false, {} (map) or []
  when_given,    ///< dropped when null only: an empty struct or a zero that was sent stays
  always, ///< written even when it was not sent: zero values, {} for structs, null for lists, maps and times
  always_null, ///< as when_given, but null instead of absent
};

struct field_type {
  std::string_view name{};
  value_type value;
  bool required = false;
  presence shown = presence::when_not_zero;
  list_merge merge = list_merge::atomic; ///< for lists
  bool atomic_map = false;               ///< for maps and structs: owned and replaced as a whole
  bool granular_map = false; ///< for structs: owned field by field, even if their type says otherwise
  bool patch_merge = false;  ///< strategic merge patch merges the list or map instead of replacing it
  bool patch_retain_keys = false;
  /// Field numbers from the message of the type down to this field. Several where Go embeds a struct: in JSON
  /// the fields of Volume.volumeSource lie in Volume itself. Zeros fill the end; all zero: not in protobuf.
  std::array<std::uint16_t, 3> protobuf{};
  std::string_view patch_merge_key{};
  /// The embedded Go structs between the type and this field ("RuleWithOperations.Rule"): part of decoding
  /// errors.
  std::string_view go_embedded{};
  std::span<const std::string_view> merge_keys{}; ///< for list_merge::map
  /// JSON of what the field is when it is left out, where list items are told apart by it (custom kinds
  /// only).
  std::string_view key_default{};
};

/// At most one of `members` may be set; `discriminator` (may be empty) names the one that is.
struct union_member {
  std::string_view field{};
  std::string_view value{}; ///< of the discriminator
};
struct union_type {
  std::string_view discriminator{};
  std::span<const union_member> members{};
};

struct object_type {
  std::string_view name{};              ///< "io.k8s.api.core.v1.PodSpec"
  std::string_view go_name{};           ///< "PodSpec"
  std::span<const field_type> fields{}; ///< sorted by name
  std::span<const union_type> unions{};
  bool atomic = false;           ///< mapType atomic wherever it is used
  bool preserve_unknown = false; ///< unknown fields are kept instead of pruned

  /// Null when there is no such field.
  [[nodiscard]] const field_type* field(std::string_view name) const;
};

/// All built-in types, sorted by name.
std::span<const object_type> type_table();
/// Null when the name is none of a built-in type.
const object_type* find_type(std::string_view name);

} // namespace actord::schema
