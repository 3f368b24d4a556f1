#pragma once

#include "actors/objects/write_command.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace actord::schema {
struct resource_type;
}
namespace actord::storage {
class snapshot;
}

/// A node may change only what is its own: its Node, its Lease and CSINode, the status of its pods. What it
/// may reach at all is the authorizer's business.

namespace actord::actors {

/// The node a caller is, by its user name: nothing for everybody else. Empty for a member of system:nodes
/// whose name tells no node.
std::optional<std::string> node_of(const caller_identity& caller);

/// A write of a node, as the rules look at it.
struct node_write {
  std::string_view node;
  const schema::resource_type& type;
  std::string_view subresource;
  std::string_view space;
  std::string_view name;
  write_verb verb;
  const json* object; ///< as it shall be; null for a removal
  const json* old;    ///< as it is; null for a create
  /// uid of the caller's own Node object; empty when there is none.
  std::function<std::string()> own_uid;
};

result<void> check_node_write(const node_write& write);

/// Labels of the API's own domains that a node may still set on itself.
bool is_own_node_label(std::string_view key);

/// A node asks for tokens only for pods that run on it. `pod` is null when there is none of that name.
result<void> check_node_token_request(std::string_view node, const json& token_request_spec, const json* pod);
/// The same for a request as it comes in: everybody but nodes may ask, as far as this is concerned. The
/// refusal names the service account.
result<void> admit_token_request(const caller_identity& caller, const storage::snapshot& reads,
                                 std::string_view space, std::string_view account,
                                 const json& token_request_spec);

} // namespace actord::actors
