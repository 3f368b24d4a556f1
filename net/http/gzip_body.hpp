#pragma once

#include "net/http/http_server.hpp"

namespace actord::net {

/// Whether the client takes gzip (RFC 9110 12.5.3).
bool accepts_gzip(const http_request& request);

/// Answers with the body compressed, piece by piece as the client takes it: neither the memory nor the time
/// of one step grows with the body. When too many answers are being compressed it goes out as it is.
void respond_gzip(const exchange_handle& exchange, http_response response);

} // namespace actord::net
