#pragma once

#include "schema/base/result.hpp"
#include "schema/base/unique_fd.hpp"

#include <cstdint>
#include <string>

namespace actord::net {

/// A TCP connection to a port of 127.0.0.1, or where that is refused of ::1, in the network namespace at
/// `namespace_path` (empty: this one). Blocks for a few seconds at most.
result<unique_fd> dial_loopback(const std::string& namespace_path, std::uint16_t port);

/// The same to a numeric address, which is one of that namespace's own.
result<unique_fd> dial_address(const std::string& namespace_path, const std::string& address,
                               std::uint16_t port);

} // namespace actord::net
