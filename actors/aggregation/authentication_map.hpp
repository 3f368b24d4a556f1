#pragma once

#include "schema/base/json.hpp"

#include <optional>
#include <string>

/// The ConfigMap by which extension servers know whom to believe: clients by their certificates, and a front
/// proxy that says who asks. Pure.

namespace actord::actors {

inline constexpr const char* authentication_map_space = "kube-system";
inline constexpr const char* authentication_map_name = "extension-apiserver-authentication";

struct authentication_facts {
  std::string client_authorities_pem;
  std::string proxy_authority_pem;

  bool operator==(const authentication_facts&) const = default;
};

/// The whole ConfigMap, to be created where `stored` is null; else to be updated where it differs. None when
/// it says all that already. What others put into it stays.
std::optional<json> correct_authentication_map(const json& stored, const authentication_facts& facts);

} // namespace actord::actors
