#pragma once

#include "schema/base/result.hpp"

#include <functional>
#include <string>

namespace actord::actors {

/// Signs the token of a secret for an account: (namespace, account, its uid, secret).
using token_minter =
    std::function<result<std::string>(const std::string& space, const std::string& account,
                                      const std::string& account_uid, const std::string& secret)>;

} // namespace actord::actors
