#pragma once

#include "schema/rules/checks/formats.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// IP addresses and blocks as rules ask about them.

namespace actord::schema::rules {

/// An address; version 4 ones fill the first four bytes.
struct ip_address {
  std::array<std::uint8_t, 16> bytes{};
  bool is_v4 = false;

  bool operator==(const ip_address&) const = default;
  /// RFC 5952 for version 6.
  [[nodiscard]] std::string text() const;
  [[nodiscard]] bool unspecified() const;
  [[nodiscard]] bool loopback() const;
  [[nodiscard]] bool link_local() const;
  [[nodiscard]] bool link_local_multicast() const;
};

struct ip_block {
  ip_address address;
  int bits = 0;

  /// The address with the bits beyond the prefix cleared.
  [[nodiscard]] ip_address network() const;
};

/// Leading zeros in version 4 octets are read as decimal, IPv4-mapped addresses as version 4: what the API
/// always did.
std::optional<ip_address> parse_ip(std::string_view text);
std::optional<ip_block> parse_block(std::string_view text);

/// What new objects must not say, in the words of the API.
complaints ip_complaints(std::string_view text);
complaints cidr_complaints(std::string_view text);
/// The same, and in canonical form.
complaints canonical_ip_complaints(std::string_view text);
complaints canonical_cidr_complaints(std::string_view text);

} // namespace actord::schema::rules
