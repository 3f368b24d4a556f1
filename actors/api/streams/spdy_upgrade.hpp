#pragma once

#include "actors/api/api_request.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace actord::actors {

inline constexpr const char* protocol_header = "x-stream-protocol-version";

/// The first of the client's protocols that is among ours. None: the request has been answered, with 400 when
/// it names none and 403 with our list when none fits.
std::optional<std::string_view> negotiate_spdy(const api_request& request,
                                               std::span<const std::string_view> ours);

/// For connections that cannot leave HTTP (HTTP/2), and requests that do not ask to.
error cannot_upgrade();

} // namespace actord::actors
