#pragma once

#include "actors/authorization/access_question.hpp"

#include <optional>
#include <string_view>

namespace actord::storage {
class snapshot;
}

namespace actord::actors {

/// The node that speaks: a user "system:node:NAME" of the group "system:nodes".
std::optional<std::string_view> node_of(const access_subject& who);

/// What a node may do: what all nodes may (the role system:node), but of these only what belongs to it:
///
///   pods                         bound to it
///   secrets, configmaps,
///   persistentvolumeclaims,
///   resourceclaims               that its pods name
///   persistentvolumes            that claims of its pods are bound to, and the secrets those name
///   serviceaccounts              of its pods: read them, and make tokens
///   nodes, leases, csinodes      of its own name (creation is checked by admission, which sees the name)
///   resourceslices,
///   volumeattachments            that name it
///
/// The relations are read from the snapshot, so they are never behind the request.
access_verdict judge_node(const storage::snapshot& reads, std::string_view node,
                          const access_question& question);

} // namespace actord::actors
