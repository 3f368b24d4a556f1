#pragma once

#include "net/peer/peer_network.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// What the network between nodes decides, as functions of values.

namespace actord::net {

/// "member 2 (n2)" or "worker w".
std::string in_words(const node_identity& of);

/// Who says hello to whom, as the caller tells it and as its certificate does.
struct greeting {
  peer_versions versions;
  std::string cluster_id;
  std::string node_name;
  storage::member_id member = 0;
  storage::member_id meant = 0;
};

/// The version to speak, or why not to speak at all.
result<std::uint32_t> admit(const greeting& caller, const node_identity& certificate,
                            const peer_options& own);
/// Whether the certificate of the one we dialed is of the member we meant.
result<void> expect(storage::member_id meant, const node_identity& certificate, const peer_options& own);
/// Whether a server may use these credentials.
result<void> may_use(const node_identity& certificate, const peer_options& own);

/// Longer than any name of a method.
inline constexpr std::size_t method_bytes_max = 64;
/// Whether this peer may call the method that is served to `who`; to nobody when it is not served at all.
result<void> may_call(std::optional<callers> who, std::string_view method, const node_identity& by);

/// How long to wait before connecting again after `failures` attempts in a row. Right after a connection
/// broke the first attempts come fast: they tell whether its process is gone. `chance` is any random number.
std::chrono::milliseconds retry_delay(unsigned failures, bool broke_lately, const peer_timing& timing,
                                      std::uint64_t chance);

struct host_and_port {
  std::string host; ///< without brackets
  std::uint16_t port = 0;

  bool operator==(const host_and_port&) const = default;
};
/// "10.0.0.2:7443", "[::1]:7443", "server-2:7443".
std::optional<host_and_port> parse_host_and_port(std::string_view text);

/// Lines for a log about what strangers do: a few at once, then one a second, with the number left out.
class line_budget {
public:
  /// Nothing when this line is to be left out; else how many were since the last one.
  std::optional<std::uint64_t> spend(steady_time now);

private:
  static constexpr double burst = 10;
  double left_ = burst;
  steady_time at_{};
  std::uint64_t left_out_ = 0;
};

} // namespace actord::net
