#pragma once

#include <openssl/types.h>

namespace actord::net {

/// OpenSSL's way to a non-blocking socket that somebody else owns. Unlike OpenSSL's own it never raises
/// SIGPIPE. Null when memory is short.
BIO* make_socket_bio(int socket);

/// Whether what is written from now on may wait in the kernel for what follows it. Who said so and has
/// nothing more to write sets TCP_NODELAY (again), which sends what waits.
void set_more_follows(BIO* bio, bool more_follows);

} // namespace actord::net
