#pragma once

#include "schema/base/result.hpp"

#include <cstdint>
#include <string>

namespace actord::actors {

class node_writer;

struct pod_token_order {
  std::string space;
  std::string account;
  std::string pod;
  std::string pod_uid;
  std::string audience; ///< empty: the API server's
  std::int64_t expiration_s = 3600;
};

/// A token of a service account for a pod of this node (TokenRequest bound to the pod), from the servers.
/// Blocks, for half a minute at most.
result<std::string> ask_for_pod_token(node_writer& writer, const pod_token_order& order);

} // namespace actord::actors
