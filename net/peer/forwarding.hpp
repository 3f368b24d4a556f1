#pragma once

#include "net/http/http_server.hpp"
#include "schema/base/ids.hpp"
#include "schema/base/result.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

/// What travels between the server that took a write and the one that leads (schema/forward.capnp), as
/// values.

namespace actord::net {

inline constexpr std::string_view forward_method = "forward";

struct forwarded_request {
  std::string request_id;
  bool again = false;
  bool counted = false;
  std::string user;
  std::string uid;
  std::vector<std::string> groups;
  std::vector<std::pair<std::string, std::vector<std::string>>> extra;
  bool quiet = false; ///< the body of a success is of no interest
  http_request http;  ///< its peer is not carried: `user` and the rest say who it is
};

struct forwarded_answer {
  struct answered {
    http_response response;
    revision applied;
  };
  struct not_leading {};
  struct leader_lost {};
  std::variant<answered, not_leading, leader_lost> what;
};

/// Requests of one node that travel together, and their answers in the same order, each encoded by itself.
struct forwarded_batch {
  std::string node;
  std::vector<std::string> requests;
};
inline constexpr std::size_t forwarded_batch_max = 64;
std::string encode_forwarded(const forwarded_batch& batch);
std::string encode_forwarded_answers(const std::vector<std::string>& answers);
/// `bad_request` also for one that is empty or has too many.
result<forwarded_batch> decode_forwarded_batch(std::string_view bytes);
/// `bad_request` for another number of them, too.
result<std::vector<std::string>> decode_forwarded_answers(std::string_view bytes, std::size_t count);

/// Headers that hold credentials, or that belong to one connection, are left out.
std::string encode_forwarded(const forwarded_request& request);
std::string encode_forwarded(const forwarded_answer& answer);
/// `bad_request` for what is no such message. Nothing of the size of a claim in it is allocated.
result<forwarded_request> decode_forwarded_request(std::string_view bytes);
result<forwarded_answer> decode_forwarded_answer(std::string_view bytes);

} // namespace actord::net
