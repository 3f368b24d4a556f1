#pragma once

#include "schema/base/result.hpp"
#include "schema/view/pod_view.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

/// What a pod's specification refers to besides itself, and how such references read.

namespace actord::actors {

/// Content of a ConfigMap or Secret, decoded; empty when there is no such object.
using object_content = std::optional<schema::text_map>;

/// How a pod's node finds what the pod refers to. Functions, so that the pure parts can be tested with
/// literals.
struct reference_lookup {
  std::function<object_content(std::string_view name)> config_map;
  std::function<object_content(std::string_view name)> secret;
  /// A token of the pod's service account: audience, lifetime in seconds.
  std::function<result<std::string>(std::string_view audience, std::int64_t expiration_s)> token;
};

/// Facts about the pod and its node that fields can be taken from.
struct pod_facts {
  std::string pod_ip; ///< empty before the sandbox runs
  std::string host_ip;
  std::string node_name;
  std::int64_t node_milli_cpu = 0;
  std::int64_t node_memory_bytes = 0;
};

/// The value of a fieldRef ("metadata.labels['app']", "status.podIP"); an error for a path that cannot be
/// referred to.
result<std::string> field_value(const schema::pod_view& pod, const pod_facts& facts, std::string_view path);

/// The value of a resourceFieldRef in multiples of its divisor, rounded up. A missing limit reads as the
/// node's own.
result<std::string> resource_value(const schema::container_view& container, const pod_facts& facts,
                                   const schema::resource_field_reference& reference);

/// The container that a resourceFieldRef names, or `self` when it names none.
const schema::container_view* referred_container(const schema::pod_view& pod, std::string_view name,
                                                 const schema::container_view* self);

} // namespace actord::actors
