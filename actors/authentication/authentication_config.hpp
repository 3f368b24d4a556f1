#pragma once

#include "actors/authentication/openid_options.hpp"
#include "schema/base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace actord::actors {

/// Reads an AuthenticationConfiguration (apiserver.config.k8s.io/v1 and its betas): providers of identity,
/// one entry of `jwt` each, with its expressions compiled. What it asks for and is not served here is an
/// error that says so: rules for anonymous requests. `file` names it in errors; they name the field too.
result<std::vector<openid_options>> parse_authentication_config(std::string_view text,
                                                                const std::string& file);

} // namespace actord::actors
