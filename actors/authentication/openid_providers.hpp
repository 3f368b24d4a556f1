#pragma once

#include "actors/authentication/openid_options.hpp"
#include "actors/authentication/openid_tokens.hpp"

#include <memory>
#include <string>
#include <vector>

namespace actord::actors {

/// Where the operator says who else may give out identities: by flags or in a file, not both.
struct openid_sources {
  const openid_options& flags;
  const std::string& config_file; ///< an AuthenticationConfiguration; empty: none
};

struct openid_providers {
  std::vector<std::shared_ptr<const openid_tokens>> checkers; ///< empty when there are none
  anonymous_terms anonymous;
};

/// Reads what the operator said and begins to fetch the keys of each provider.
result<openid_providers> open_openid_providers(const openid_sources& sources, const clock_source& clock);

} // namespace actord::actors
