#pragma once

#include "schema/view/meta_view.hpp"

#include <string>
#include <string_view>
#include <vector>

/// Which other objects a node needs for a pod: what it may read is decided by these.

namespace actord::schema {

struct secret_reference {
  std::string space; ///< empty: the namespace of the object that refers
  std::string name;

  bool operator==(const secret_reference&) const = default;
};

struct pod_references {
  meta_view meta;
  std::string node;
  std::string service_account;
  std::vector<std::string> secrets;
  std::vector<std::string> config_maps;
  std::vector<std::string> claims;          ///< persistent volume claims, those of ephemeral volumes included
  std::vector<std::string> resource_claims; ///< named in the spec or made for the pod
};

struct volume_claim_reference {
  std::string volume; ///< the persistent volume it is bound to; empty for none
};

struct volume_references {
  std::vector<secret_reference> secrets;
  std::string claim_space; ///< of the claim it is bound to
};

pod_references parse_pod_references(std::string_view canonical_text);
volume_claim_reference parse_claim_reference(std::string_view canonical_text);
volume_references parse_volume_references(std::string_view canonical_text);

} // namespace actord::schema
