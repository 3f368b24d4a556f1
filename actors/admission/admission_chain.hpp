#pragma once

#include "actors/objects/write_command.hpp"

namespace actord::storage {
class store;
}

namespace actord::actors {

/// What admission may know of a write besides the object.
struct admission_request {
  const schema::resource_type& type;
  std::string_view subresource;
  std::string_view space;
  write_verb verb;
  const caller_identity& caller;
};

/// The admission plugins of the API, in process and in order: what Kubernetes turns on by default, as far as
/// it applies. Checks that a race could make stale (the namespace is active) are preconditions of the write's
/// transaction instead.
class admission_chain {
public:
  admission_chain(const storage::store& store, random_source& random) : store_(store), random_(random) {}

  /// May change `object`. `old` is null on create.
  result<void> mutate(const admission_request& request, json& object, const json* old) const;
  /// Only refuses.
  result<void> admit(const admission_request& request, const json& object, const json* old) const;
  /// May refuse a deletion.
  result<void> admit_removal(const admission_request& request, std::string_view name) const;

private:
  result<void> mutate_pod(const admission_request& request, json& pod) const;

  const storage::store& store_;
  random_source& random_;
};

} // namespace actord::actors
