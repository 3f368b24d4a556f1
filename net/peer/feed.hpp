#pragma once

#include "schema/base/ids.hpp"
#include "schema/base/result.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Messages of the stream by which a worker learns its desired state (schema/feed.capnp), as values.

namespace actord::net {

inline constexpr std::string_view feed_method = "feed";
/// One message of the stream; an object has at most 3 MiB.
inline constexpr std::size_t feed_message_bytes = 8U << 20U;

struct feed_held {
  object_key key;
  revision at;

  bool operator==(const feed_held&) const = default;
};
/// Where a worker has got to: everything of that cluster up to that revision, by the rule of that number.
struct feed_position {
  std::string cluster;
  revision at;
  std::uint32_t scope = 0;

  bool operator==(const feed_position&) const = default;
};
struct feed_order {
  std::vector<feed_held> held = {};
  bool last = true;
  std::optional<feed_position> from = {};

  bool operator==(const feed_order&) const = default;
};

enum class feed_verb : std::uint8_t { put, same, gone };
struct feed_change {
  object_key key;
  revision at;
  feed_verb verb = feed_verb::put;
  std::string value = {}; ///< of a put: the stored object in plain text

  bool operator==(const feed_change&) const = default;
};
struct feed_server {
  std::uint64_t member = 0;
  std::string node = {};
  std::string rpc_address = {};
  std::string api_address = {};

  bool operator==(const feed_server&) const = default;
};
struct feed_batch {
  std::vector<feed_change> changes = {};
  revision up_to; ///< 0: not everything up to any revision that was not said before
  bool complete = false;
  std::vector<feed_server> servers = {};
  bool resumed = false;

  bool operator==(const feed_batch&) const = default;
};

/// With the length in front.
std::string encode_feed(const feed_order& order);
std::string encode_feed(const feed_batch& batch);
/// Without it. `bad_request` for what is no such message; nothing of the size of a claim in it is allocated.
result<feed_order> decode_feed_order(std::string_view message);
result<feed_batch> decode_feed_batch(std::string_view message);

/// Puts the messages of a stream together again from its pieces.
class feed_assembler {
public:
  /// Calls `message` for each that is whole by now. `too_large` for one that cannot be: the stream is to be
  /// failed.
  result<void> take(std::string_view piece, const std::function<void(std::string_view message)>& message);

private:
  std::string waiting_;
};

} // namespace actord::net
