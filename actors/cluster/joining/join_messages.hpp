#pragma once

#include "schema/base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// What a machine that joins and the cluster say to each other, as JSON over HTTPS:
///
///   POST /apis/actord.dev/v1/joins              with a bootstrap token: join_request → join_answer
///   POST /apis/actord.dev/v1/joins/NODE/renew   with the node's certificate: the same, a new certificate

namespace actord::actors {

inline constexpr std::string_view joins_path = "/apis/actord.dev/v1/joins";
/// The path a node renews its certificate at.
std::string renewal_path(std::string_view node);

struct join_request {
  std::string node = {};        ///< its name
  std::string request_pem = {}; ///< a certificate request: proves the key and says nothing else
  bool serves = false;          ///< wants to become a server
  bool works = true;            ///< runs pods
  std::string rpc_address = {}; ///< "192.0.2.11:7443", where other members reach a server
  std::string api_address = {}; ///< "192.0.2.11:6443", where clients reach it
};

/// A server as others reach it; addresses are soft state.
struct known_server {
  std::uint64_t member = 0;
  std::string node = {};
  std::string rpc_address = {};
  std::string api_address = {};

  bool operator==(const known_server&) const = default;
};

struct join_answer {
  std::string cluster = {};         ///< its id
  std::uint64_t member = 0;         ///< of the store; 0: a worker
  std::string certificate_pem = {}; ///< of the node
  std::string authorities_pem = {}; ///< all that are believed, the signing one first
  std::vector<known_server> members = {};
  std::string service_cidr = {};
  std::string cluster_cidr = {};
  std::uint64_t slot = 0;      ///< of its pods (node_register.hpp)
  std::string master_key = {}; ///< bytes; servers only
  std::string key_table = {};  ///< sealed with the master key (actors/cluster/keys); servers only
};

std::string encode_join_request(const join_request& request);
/// Strict: an unknown field, a wrong type or a text that is too long is a bad_request that names it.
result<join_request> decode_join_request(std::string_view body);

std::string encode_join_answer(const join_answer& answer);
result<join_answer> decode_join_answer(std::string_view body);

} // namespace actord::actors
