#include "schema/rules/checks/addresses.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>

namespace actord::schema::rules {

namespace {

bool digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

bool leading_zero(std::string_view number) { return number.size() > 1 && number.front() == '0'; }

/// Four decimal octets; zeros in front of one are skipped and noted.
std::optional<ip_address> parse_v4(std::string_view text, bool& zeros) {
  ip_address address;
  address.is_v4 = true;
  for (std::size_t index = 0; index < 4; ++index) {
    const std::size_t end = index < 3 ? text.find('.') : text.size();
    if (end == std::string_view::npos) return std::nullopt;
    std::string_view octet = text.substr(0, end);
    if (!digits(octet)) return std::nullopt;
    zeros = zeros || leading_zero(octet);
    octet.remove_prefix(std::min(octet.find_first_not_of('0'), octet.size()));
    if (octet.size() > 3) return std::nullopt;
    int value = 0;
    for (const char c : octet) value = value * 10 + (c - '0');
    if (value > 255) return std::nullopt;
    address.bytes[index] = static_cast<std::uint8_t>(value);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return address;
}

struct parsed_ip {
  ip_address address;
  bool zeros = false;
  bool mapped = false; ///< an IPv4 address written as an IPv6 one
};

std::optional<parsed_ip> parse(std::string_view text) {
  parsed_ip result;
  if (text.find(':') == std::string_view::npos) {
    const auto address = parse_v4(text, result.zeros);
    if (!address) return std::nullopt;
    result.address = *address;
    return result;
  }
  in6_addr raw{};
  if (text.size() > 64 || inet_pton(AF_INET6, std::string(text).c_str(), &raw) != 1) return std::nullopt;
  std::copy_n(raw.s6_addr, 16, result.address.bytes.begin());
  if (IN6_IS_ADDR_V4MAPPED(&raw)) {
    result.mapped = true;
    result.address = {};
    result.address.is_v4 = true;
    std::copy_n(raw.s6_addr + 12, 4, result.address.bytes.begin());
  }
  return result;
}

struct parsed_block {
  parsed_ip ip;
  int bits = 0;
  bool zeros = false;
};

std::optional<parsed_block> parse_cidr(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto ip = parse(text.substr(0, slash));
  const std::string_view length = text.substr(slash + 1);
  if (!ip || !digits(length) || length.size() > 8) return std::nullopt;
  const int bits = std::stoi(std::string(length));
  const int widest = ip->mapped || !ip->address.is_v4 ? 128 : 32;
  if (bits > widest) return std::nullopt;
  return parsed_block{*ip, ip->mapped ? std::max(bits - 96, 0) : bits, ip->zeros || leading_zero(length)};
}

} // namespace

std::string ip_address::text() const {
  if (is_v4) return fmt::format("{}.{}.{}.{}", bytes[0], bytes[1], bytes[2], bytes[3]);
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  inet_ntop(AF_INET6, bytes.data(), buffer.data(), buffer.size());
  return buffer.data();
}

bool ip_address::unspecified() const {
  return std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte == 0; });
}

bool ip_address::loopback() const {
  if (is_v4) return bytes[0] == 127;
  return bytes[15] == 1 &&
         std::all_of(bytes.begin(), bytes.begin() + 15, [](std::uint8_t byte) { return byte == 0; });
}

bool ip_address::link_local() const {
  return is_v4 ? bytes[0] == 169 && bytes[1] == 254 : bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80;
}

bool ip_address::link_local_multicast() const {
  return is_v4 ? bytes[0] == 224 && bytes[1] == 0 && bytes[2] == 0
               : bytes[0] == 0xff && (bytes[1] & 0x0f) == 0x02;
}

ip_address ip_block::network() const {
  ip_address cleared = address;
  const int width = address.is_v4 ? 32 : 128;
  for (int bit = bits; bit < width; ++bit)
    cleared.bytes[static_cast<std::size_t>(bit / 8)] &= static_cast<std::uint8_t>(~(0x80U >> (bit % 8)));
  return cleared;
}

std::optional<ip_address> parse_ip(std::string_view text) {
  const auto parsed = parse(text);
  if (!parsed) return std::nullopt;
  return parsed->address;
}

std::optional<ip_block> parse_block(std::string_view text) {
  const auto parsed = parse_cidr(text);
  if (!parsed) return std::nullopt;
  return ip_block{parsed->ip.address, parsed->bits};
}

complaints ip_complaints(std::string_view text) {
  const auto parsed = parse(text);
  if (!parsed) return {"must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"};
  complaints found;
  if (parsed->zeros) found.emplace_back("must not have leading 0s");
  if (parsed->mapped) found.emplace_back("must not be an IPv4-mapped IPv6 address");
  return found;
}

complaints cidr_complaints(std::string_view text) {
  const auto parsed = parse_cidr(text);
  if (!parsed) return {"must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"};
  if (parsed->zeros) return {"must not have leading 0s in IP or prefix length"};
  if (parsed->ip.mapped) return {"must not have an IPv4-mapped IPv6 address"};
  const ip_block block{parsed->ip.address, parsed->bits};
  if (block.network() != block.address) return {"must not have bits set beyond the prefix length"};
  return {};
}

complaints canonical_ip_complaints(std::string_view text) {
  complaints found = ip_complaints(text);
  if (!found.empty()) return found;
  const std::string canonical = parse_ip(text)->text();
  if (canonical != text) found.push_back(fmt::format("must be in canonical form ({})", go_quoted(canonical)));
  return found;
}

complaints canonical_cidr_complaints(std::string_view text) {
  complaints found = cidr_complaints(text);
  if (!found.empty()) return found;
  const ip_block block = *parse_block(text);
  const std::string canonical = fmt::format("{}/{}", block.network().text(), block.bits);
  if (canonical != text) found.push_back(fmt::format("must be in canonical form ({})", go_quoted(canonical)));
  return found;
}

} // namespace actord::schema::rules
