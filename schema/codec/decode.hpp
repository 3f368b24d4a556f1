#pragma once

#include "schema/base/json.hpp"
#include "schema/base/result.hpp"
#include "schema/codec/body_format.hpp"

#include <string>
#include <string_view>
#include <vector>

/// From a request body to the tree that everything else works on. The tree is normal: null and empty members
/// are left out or filled in as Go would on the wire, scalars are in their one canonical form (quantities,
/// times, base64), unknown fields are gone, and keys are sorted. JSON → tree → protobuf → tree is the
/// identity.

namespace actord::schema {

struct custom_kind;
struct object_type;
struct resource_type;

struct decoded {
  json object;
  /// `unknown field "spec.foo"`, `duplicate field "spec.bar"`, in the order of the body.
  std::vector<std::string> warnings;
};

/// What a body shall be.
struct body_kind {
  std::string_view group;
  std::string_view version;
  std::string_view kind;
  const object_type* type = nullptr;
  const custom_kind* custom = nullptr; ///< null for built-in kinds
};

/// The body of a resource, or of a subresource ("scale": autoscaling/v1 Scale). `type` is null when the
/// subresource takes no body.
body_kind body_kind_of(const resource_type& resource, std::string_view subresource = {});
/// A kind that is no resource ("meta.k8s.io/v1 DeleteOptions"), by its type's name. Bodies of it may name any
/// group and version.
body_kind options_kind(std::string_view type_name);

/// Reads a body that a client sent. A body without kind or apiVersion is taken for what is expected. Errors
/// are bad_request in the words of a Kubernetes server:
///   broken JSON or YAML, too deep, no object, wrong types, wrong kind or version, and, with
///   field_validation::strict, unknown and duplicate fields;
/// unsupported_media_type for a protobuf body of a custom kind, which has no such form.
/// kind and apiVersion of the outcome are those of `expected`.
result<decoded> decode_object(const body_kind& expected, body_format format, std::string_view body,
                              field_validation validation);

/// The same for a tree that was built or patched here. The error's message is only the reason ("json: cannot
/// unmarshal ..."); a caller knows what to say in front. kind and apiVersion stay as they are.
result<decoded> decode_tree(const object_type& type, const json& tree, field_validation validation);
/// The same for a kind, custom ones included.
result<decoded> decode_tree(const body_kind& kind, const json& tree, field_validation validation);

/// Rewrites YAML as JSON text, duplicate keys and all, the way kubectl does. Aliases are expanded within a
/// budget; tags are refused. The error's message names the line ("yaml: line 3: ...").
result<std::string> yaml_to_json(std::string_view text);

} // namespace actord::schema
