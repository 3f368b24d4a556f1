#pragma once

#include "schema/base/result.hpp"

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace actord::net {

/// An IPv4 network: the first address behind the network's own is the gateway, the last is broadcast.
struct address_range {
  std::uint32_t network = 0; ///< host byte order
  int prefix_length = 0;     ///< 8 to 30

  [[nodiscard]] std::uint32_t gateway() const { return network + 1; }
  [[nodiscard]] std::uint32_t first() const { return network + 2; }
  [[nodiscard]] std::uint32_t last() const {
    return network + (std::uint32_t{1} << (32 - prefix_length)) - 2;
  }
  bool operator==(const address_range&) const = default;
};

result<address_range> parse_range(std::string_view cidr);
std::string address_text(std::uint32_t address);
std::optional<std::uint32_t> parse_address(std::string_view text);

/// Which pod has which address, as files of host-local's form ("10.244.0.5" holding the pod's attachment), so
/// that either can go on where the other stopped. Addresses are given out in turn, a freed one last.
class address_pool {
public:
  address_pool(std::string directory, address_range range)
      : directory_(std::move(directory)), range_(range) {}

  /// The attachment's address, the one it has already if any.
  result<std::uint32_t> take(const std::string& attachment);
  /// Having none is success.
  result<void> give_back(const std::string& attachment);

private:
  [[nodiscard]] std::optional<std::uint32_t> find(const std::string& attachment) const;
  [[nodiscard]] std::uint32_t last_taken() const;

  std::string directory_;
  address_range range_;
  std::mutex mutex_;
};

} // namespace actord::net
