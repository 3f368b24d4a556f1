#pragma once

#include "actors/objects/write_command.hpp"

#include <string>
#include <string_view>

/// What webhooks and expressions are told of a request: an admission.k8s.io AdmissionRequest. Pure.

namespace actord::actors {

struct api_kind {
  std::string group;
  std::string version;
  std::string kind;
};

/// What a body of the resource (or of its subresource) is: "Scale" of "deployments/scale".
api_kind kind_of_body(const schema::resource_type& type, std::string_view subresource);

struct described_request {
  std::string_view operation; ///< "CREATE", "UPDATE", "DELETE" or "CONNECT"
  const schema::resource_type& type;
  std::string_view subresource;
  std::string_view space; ///< of a namespace its own name
  std::string_view name;  ///< empty while generateName has yet to make it
  bool dry_run = false;
  const json& options; ///< CreateOptions and the like; null for CONNECT
  const caller_identity& caller;
};

/// Without its objects and its uid, for a webhook that is asked about `as`; what is empty is left out.
json describe_request(const described_request& request, const schema::resource_type& as);

/// As `request` in an expression, where everything is there.
json request_in_expressions(const described_request& request, const schema::resource_type& as);

} // namespace actord::actors
