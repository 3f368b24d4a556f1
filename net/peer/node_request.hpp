#pragma once

#include "net/cni/pod_door.hpp"
#include "schema/base/clock.hpp"
#include "schema/base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// What a server asks of a node, and how a stream into a container ended (schema/worker.capnp), as values.

namespace actord::net {

inline constexpr std::string_view node_find_method = "node.find";
inline constexpr std::string_view node_stream_method = "node.stream";

struct node_request {
  struct terms {
    bool input = false;
    bool output = false;
    bool error_output = false;
    bool terminal = false;
    bool operator==(const terms&) const = default;
  };
  struct find_container {
    bool operator==(const find_container&) const = default;
  };
  struct find_pod {
    bool operator==(const find_pod&) const = default;
  };
  struct execute {
    std::vector<std::string> command;
    terms with;
    bool operator==(const execute&) const = default;
  };
  struct attach {
    terms with;
    bool operator==(const attach&) const = default;
  };
  struct dial {
    std::uint16_t port = 0;
    pod_door at = pod_door::loopback;
    bool operator==(const dial&) const = default;
  };
  struct log {
    bool follow = false;
    bool previous = false;
    bool timestamps = false;
    bool output = true;
    bool error_output = true;
    std::optional<std::int64_t> tail_lines = {};
    std::optional<std::int64_t> limit_bytes = {};
    std::optional<wall_time> since = {};
    std::string waiting_reason;
    bool operator==(const log&) const = default;
  };
  struct image {
    bool operator==(const image&) const = default;
  };

  std::string space;
  std::string pod;
  std::string pod_uid;
  std::string container;
  std::variant<find_container, find_pod, execute, attach, dial, log, image> what;

  bool operator==(const node_request&) const = default;
};

struct node_end {
  int exit_code = 0;
  std::vector<std::string> images;
  std::optional<error> failure = {}; ///< kind, message and when to try again travel

  bool operator==(const node_end&) const = default;
};

std::string encode_node_request(const node_request& request);
/// As much of it as fits into a frame.
std::string encode_node_end(const node_end& end);
/// `bad_request` for what is no such message. Nothing of the size of a claim in it is allocated.
result<node_request> decode_node_request(std::string_view bytes);
result<node_end> decode_node_end(std::string_view bytes);

} // namespace actord::net
