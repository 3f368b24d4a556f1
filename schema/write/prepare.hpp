#pragma once

#include "schema/base/clock.hpp"
#include "schema/base/json.hpp"
#include "schema/base/result.hpp"
#include "schema/base/rng.hpp"
#include "schema/codec/body_format.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

/// The pure half of a write: from what a client sent and what is stored to what shall be stored.
///
///   decode → patch → default → field ownership → mutating admission → strategy → validate → validating
///   admission
///
/// Nothing here reads the store or the clock; the object actor supplies both and proposes the outcome.

namespace actord::schema {

struct resource_type;

enum class patch_format : std::uint8_t { json_patch, merge_patch, strategic_merge_patch, apply };

/// Admission in process: may change `object` (mutating) or only refuse it (validating). `old` is null on
/// create.
using admission_step = std::function<result<void>(json& object, const json* old)>;

struct write_context {
  const resource_type& type;
  std::string_view subresource; ///< empty, "status", "scale", ...
  std::string_view space;       ///< namespace of the request path; empty for cluster-wide kinds
  std::string_view name;        ///< name of the request path; empty for a create on the collection
  wall_time now;
  random_source& random;
  std::string_view field_manager; ///< option fieldManager, else the user agent up to '/'
  field_validation validation = field_validation::warn;
  bool force = false; ///< server-side apply takes conflicting fields over
  const admission_step* mutate = nullptr;
  const admission_step* admit = nullptr;
};

struct prepared_write {
  json object;         ///< complete, with kind, apiVersion and metadata; without resourceVersion
  bool changed = true; ///< false: store nothing, answer with what is there
  std::vector<std::string> warnings;
  std::string
      expected_revision;    ///< metadata.resourceVersion the client sent: the update's precondition, if any
  std::string expected_uid; ///< metadata.uid the client sent
};

/// A create: names (generateName), uid, creationTimestamp, defaults, ownership, validation.
result<prepared_write> prepare_create(const write_context& context, body_format format,
                                      std::string_view body);

/// A replacement of `current` (complete, with kind and apiVersion; resourceVersion included) by the body. For
/// a subresource only what that subresource owns is taken from the body.
result<prepared_write> prepare_update(const write_context& context, body_format format, std::string_view body,
                                      const json& current);

/// A patch of `current`. `current` is null only for an apply that creates.
result<prepared_write> prepare_patch(const write_context& context, patch_format format, std::string_view body,
                                     const json* current);

} // namespace actord::schema
