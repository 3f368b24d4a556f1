#pragma once

#include "net/http/http_server.hpp"
#include "schema/base/error.hpp"

#include <string_view>

/// What no endpoint ever sees, and the words it is refused with.

namespace actord::actors {

/// Whether a body comes as itself. Unpacking would let a small body grow large, and no client of this API
/// packs one.
bool is_plain(const net::http_request& request);
error packed_body(std::string_view encoding);

/// Reviews are answers, not objects: they have no rows and no metadata to show.
error only_as_itself();
error method_not_allowed();

} // namespace actord::actors
