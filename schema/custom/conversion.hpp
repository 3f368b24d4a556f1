#pragma once

#include "schema/base/json_fwd.hpp"

#include <optional>
#include <string>

/// How objects of a custom kind come from one of its versions into another (spec.conversion).

namespace actord::schema::custom {

/// Who converts where renaming the version does not: an HTTPS server of the kind's owner. What it is asked
/// and how, others know (actors/conversion).
struct conversion_webhook {
  /// Where it listens when it is a Service of the cluster.
  struct service_place {
    std::string space;
    std::string name;
    std::string path;
    int port = 443;
  };
  std::string url; ///< unless it is a service
  std::optional<service_place> service;
  std::string authority_pem;  ///< whom to believe; empty: the machine's authorities
  std::string review_version; ///< of apiextensions.k8s.io: the first it knows that is known here; empty: none
};

/// Of a CustomResourceDefinition that was accepted; none where versions differ by name only.
std::optional<conversion_webhook> read_conversion(const json& definition);

} // namespace actord::schema::custom
