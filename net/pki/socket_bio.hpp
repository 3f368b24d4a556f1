#pragma once

#include <openssl/types.h>

namespace actord::net {

/// OpenSSL's way to a non-blocking socket that somebody else owns. Unlike OpenSSL's own it never raises
/// SIGPIPE. Null when memory is short.
BIO* make_socket_bio(int socket);

} // namespace actord::net
