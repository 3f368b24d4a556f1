#include "schema/cel/library/addresses.hpp"

#include "schema/cel/library/libraries.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <fmt/format.h>

namespace actord::schema::cel {
namespace {

using arguments = std::span<const value>;
using opaque_ref = std::shared_ptr<const opaque_value>;

constexpr std::size_t longest_address = 64;

template <class Held>
const Held* held(const value& from) {
  const auto* other = from.as<opaque_ref>();
  return other == nullptr ? nullptr : dynamic_cast<const Held*>(other->get());
}

value made(const address& of) { return opaque_ref(std::make_shared<const address_value>(of)); }
value made(const address_range& of) { return opaque_ref(std::make_shared<const range_value>(of)); }

/// An address or a range, from a value of the library or from text; a failure says why not.
template <class Held, auto Parse>
std::optional<std::decay_t<decltype(std::declval<Held>().get())>> taken(const value& from, value& failed) {
  if (const Held* other = held<Held>(from)) return other->get();
  const auto seen = from.string();
  failed = value::no_overload();
  if (!seen) return std::nullopt;
  auto read = Parse(*seen);
  if (!read) {
    constexpr bool range = std::is_same_v<Held, range_value>;
    failed = value::error(fmt::format("{} \"{}\" parse error during conversion from string",
                                      range ? "network address" : "IP Address", *seen));
  }
  return read;
}

value to_address(arguments all, spending&) {
  if (const auto* range = held<range_value>(all[0])) return made(range->get().base);
  value failed;
  const auto found = taken<address_value, parse_address>(all[0], failed);
  return found ? made(*found) : failed;
}
value is_address(arguments all, spending&) {
  const auto seen = all[0].string();
  return seen ? value(parse_address(*seen).has_value()) : value::no_overload();
}
value is_canonical(arguments all, spending&) {
  const auto seen = all[0].string();
  if (!seen) return value::no_overload();
  value failed;
  const auto found = taken<address_value, parse_address>(all[0], failed);
  return found ? value(text_of(*found) == *seen) : failed;
}
value family(arguments all, spending&) {
  const auto* one = held<address_value>(all[0]);
  return one == nullptr ? value::no_overload() : value(std::int64_t{one->get().six ? 6 : 4});
}

bool is_unspecified(const address& one) {
  return std::ranges::all_of(one.bytes, [](std::uint8_t byte) { return byte == 0; });
}
bool is_loopback(const address& one) {
  if (!one.six) return one.bytes[0] == 127;
  address loop{.bytes = {}, .six = true};
  loop.bytes[15] = 1;
  return one == loop;
}
bool is_link_local_multicast(const address& one) {
  if (!one.six) return one.bytes[0] == 224 && one.bytes[1] == 0 && one.bytes[2] == 0;
  return one.bytes[0] == 0xff && (one.bytes[1] & 0x0fU) == 0x02;
}
bool is_link_local(const address& one) {
  if (!one.six) return one.bytes[0] == 169 && one.bytes[1] == 254;
  return one.bytes[0] == 0xfe && (one.bytes[1] & 0xc0U) == 0x80;
}
bool is_multicast(const address& one) {
  return one.six ? one.bytes[0] == 0xff : (one.bytes[0] & 0xf0U) == 0xe0;
}
bool is_global(const address& one) {
  const bool broadcast =
      !one.six && one.bytes[0] == 255 && one.bytes[1] == 255 && one.bytes[2] == 255 && one.bytes[3] == 255;
  return !broadcast && !is_unspecified(one) && !is_loopback(one) && !is_multicast(one) && !is_link_local(one);
}

template <bool (*Test)(const address&)>
value test(arguments all, spending&) {
  const auto* one = held<address_value>(all[0]);
  return one == nullptr ? value::no_overload() : value(Test(one->get()));
}

value to_range(arguments all, spending&) {
  value failed;
  const auto found = taken<range_value, parse_range>(all[0], failed);
  return found ? made(*found) : failed;
}
value is_range(arguments all, spending&) {
  const auto seen = all[0].string();
  return seen ? value(parse_range(*seen).has_value()) : value::no_overload();
}

address masked(address one, int prefix) {
  for (int bit = prefix; bit < one.bits(); ++bit)
    one.bytes.at(static_cast<std::size_t>(bit / 8)) &=
        static_cast<std::uint8_t>(~(0x80U >> static_cast<unsigned>(bit % 8)));
  return one;
}

bool covers(const address_range& range, const address& one) {
  return range.base.six == one.six && masked(one, range.prefix) == masked(range.base, range.prefix);
}

value contains_address(arguments all, spending&) {
  const auto* range = held<range_value>(all[0]);
  if (range == nullptr) return value::no_overload();
  value failed;
  const auto one = taken<address_value, parse_address>(all[1], failed);
  return one ? value(covers(range->get(), *one)) : failed;
}
value contains_range(arguments all, spending&) {
  const auto* range = held<range_value>(all[0]);
  if (range == nullptr) return value::no_overload();
  value failed;
  const auto other = taken<range_value, parse_range>(all[1], failed);
  if (!other) return failed;
  return other->prefix >= range->get().prefix && covers(range->get(), other->base);
}
value address_of(arguments all, spending& cost) { return to_address(all, cost); }
value masked_range(arguments all, spending&) {
  const auto* range = held<range_value>(all[0]);
  if (range == nullptr) return value::no_overload();
  return made(address_range{masked(range->get().base, range->get().prefix), range->get().prefix});
}
value prefix_length(arguments all, spending&) {
  const auto* range = held<range_value>(all[0]);
  return range == nullptr ? value::no_overload() : value(std::int64_t{range->get().prefix});
}

constexpr std::array<function_row, 15> rows{
    {{"ip", "(string)ip;cidr.()ip", address_of},
     {"isIP", "(string)bool", is_address},
     {"ip.isCanonical", "(string)bool", is_canonical},
     {"family", "ip.()int", family},
     {"isUnspecified", "ip.()bool", test<is_unspecified>},
     {"isLoopback", "ip.()bool", test<is_loopback>},
     {"isLinkLocalMulticast", "ip.()bool", test<is_link_local_multicast>},
     {"isLinkLocalUnicast", "ip.()bool", test<is_link_local>},
     {"isGlobalUnicast", "ip.()bool", test<is_global>},
     {"cidr", "(string)cidr", to_range},
     {"isCIDR", "(string)bool", is_range},
     {"containsIP", "cidr.(string)bool;cidr.(ip)bool", contains_address},
     {"containsCIDR", "cidr.(string)bool;cidr.(cidr)bool", contains_range},
     {"masked", "cidr.()cidr", masked_range},
     {"prefixLength", "cidr.()int", prefix_length}}};

} // namespace

std::optional<address> parse_address(std::string_view from) {
  address read;
  if (from.size() >= longest_address || from.find('\0') != std::string_view::npos) return std::nullopt;
  const std::string terminated(from);
  if (inet_pton(AF_INET, terminated.c_str(), read.bytes.data()) == 1) return read;
  if (inet_pton(AF_INET6, terminated.c_str(), read.bytes.data()) != 1) return std::nullopt;
  read.six = true;
  // ::ffff:1.2.3.4 is another way to write 1.2.3.4.
  const bool zeros =
      std::all_of(read.bytes.begin(), read.bytes.begin() + 10, [](std::uint8_t byte) { return byte == 0; });
  if (zeros && read.bytes[10] == 0xff && read.bytes[11] == 0xff) return std::nullopt;
  return read;
}

std::string text_of(const address& of) {
  std::array<char, longest_address> shown{};
  inet_ntop(of.six ? AF_INET6 : AF_INET, of.bytes.data(), shown.data(), shown.size());
  return shown.data();
}

std::optional<address_range> parse_range(std::string_view from) {
  const std::size_t slash = from.rfind('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto base = parse_address(from.substr(0, slash));
  const std::string_view digits = from.substr(slash + 1);
  int prefix = -1;
  const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), prefix);
  const bool plain = failed == std::errc() && end == digits.data() + digits.size() &&
                     (digits.size() == 1 || digits.front() != '0');
  if (!base || !plain || prefix < 0 || prefix > base->bits()) return std::nullopt;
  return address_range{*base, prefix};
}

std::string text_of(const address_range& of) { return fmt::format("{}/{}", text_of(of.base), of.prefix); }

std::span<const function_row> address_functions() { return rows; }

} // namespace actord::schema::cel
