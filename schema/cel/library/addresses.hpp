#pragma once

#include "schema/cel/value.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace actord::schema::cel {

/// An IP address as 16 bytes; of version 4 the first four count.
struct address {
  std::array<std::uint8_t, 16> bytes{};
  bool six = false;
  bool operator==(const address&) const = default;
  [[nodiscard]] int bits() const { return six ? 128 : 32; }
};

/// Without a zone, without leading zeros, and not of version 4 in the form of version 6.
std::optional<address> parse_address(std::string_view from);
/// The one way to write it.
std::string text_of(const address& of);

struct address_range {
  address base;
  int prefix = 0;
  bool operator==(const address_range&) const = default;
};
std::optional<address_range> parse_range(std::string_view from);
std::string text_of(const address_range& of);

class address_value : public opaque_value {
public:
  explicit address_value(address held) : held_(held) {}
  [[nodiscard]] std::string_view type() const override { return "net.IP"; }
  [[nodiscard]] bool equals(const opaque_value& other) const override {
    return held_ == static_cast<const address_value&>(other).held_;
  }
  [[nodiscard]] const address& get() const { return held_; }
  [[nodiscard]] std::string shown() const { return text_of(held_); }

private:
  address held_;
};

class range_value : public opaque_value {
public:
  explicit range_value(address_range held) : held_(held) {}
  [[nodiscard]] std::string_view type() const override { return "net.CIDR"; }
  [[nodiscard]] bool equals(const opaque_value& other) const override {
    return held_ == static_cast<const range_value&>(other).held_;
  }
  [[nodiscard]] const address_range& get() const { return held_; }
  [[nodiscard]] std::string shown() const { return text_of(held_); }

private:
  address_range held_;
};

} // namespace actord::schema::cel
