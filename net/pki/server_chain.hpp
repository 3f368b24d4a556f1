#pragma once

#include "net/pki/certificates.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace actord::net {

/// Whom a machine that joins may believe: the authority among what a server presents (its own certificate
/// first) that has the hash the join token names. Its PEM text; an error says what does not fit, which may be
/// another cluster, a server that is not called `host`, or a clock that is wrong. Pure.
result<std::string> trusted_authority(const std::vector<std::string>& chain, std::string_view host,
                                      std::string_view authority_hash, wall_time now);

} // namespace actord::net
