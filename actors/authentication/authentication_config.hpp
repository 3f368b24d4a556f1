#pragma once

#include "actors/authentication/authenticator.hpp"
#include "actors/authentication/openid_options.hpp"
#include "schema/base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace actord::actors {

struct authentication_config {
  std::vector<openid_options> providers; ///< one for each entry of `jwt`, with its expressions compiled
  anonymous_terms anonymous;
};

/// Reads an AuthenticationConfiguration (apiserver.config.k8s.io/v1 and its betas). What it asks for and is
/// not served here is an error that says so. `file` names it in errors; they name the field too.
result<authentication_config> parse_authentication_config(std::string_view text, const std::string& file);

} // namespace actord::actors
