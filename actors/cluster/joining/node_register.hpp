#pragma once

#include "actors/cluster/joining/join_messages.hpp"
#include "schema/base/clock.hpp"
#include "schema/base/ids.hpp"
#include "schema/base/result.hpp"
#include "schema/object/stored_object.hpp"
#include "storage/store.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Which key belongs to which node, and which member of the store each server is: replicated objects that no
/// API shows. One for each node, and one with the numbers of all servers, from which they are drawn:
///
///   node.NAME  key, member, addresses, since when
///   members    {"next": 4, "numbers": {"node-1": 1, "node-3": 3}, "slots": {"node-1": 0, "node-3": 2, "w":
///   1}}
///
/// A number is never given twice, not even after its server was removed: whoever hears of member 2 knows
/// which one is meant. A slot is the lowest that is free: it says which part of the cluster's pod addresses
/// the node has. Both kinds change in one transaction, decided when it is sealed.

namespace actord::actors {

struct node_record {
  std::string node = {};
  std::string key_hash = {}; ///< of its public key: identity is the key
  std::uint64_t member = 0;  ///< of the store; 0: a worker
  bool works = true;
  std::uint64_t slot = 0; ///< the node's pods have the addresses of that /24 of the cluster's
  std::string rpc_address = {};
  std::string api_address = {};
  wall_time joined{};

  bool operator==(const node_record&) const = default;
};

/// The record a node gets: what is known of it, if anything, and what it asks for now. Refused (conflict)
/// when the name belongs to another key. `member` 0 in the outcome of a server that has none yet: it is
/// drawn. Pure.
result<node_record> decide_record(const std::optional<node_record>& known, const node_record& asked,
                                  bool serves);

struct member_numbers {
  std::uint64_t next = 1;
  std::vector<std::pair<std::string, std::uint64_t>> numbers; ///< by node, sorted
  std::vector<std::pair<std::string, std::uint64_t>> slots;   ///< by node, sorted

  bool operator==(const member_numbers&) const = default;
};
/// The number of a node: its own, or the next, which is then its own.
std::uint64_t draw_number(member_numbers& numbers, const std::string& node);

/// The number of a server whose store has one already: the first of a cluster may have drawn a large random
/// one.
std::uint64_t keep_number(member_numbers& numbers, const std::string& node, std::uint64_t member);

/// The slot of a node: its own, or the lowest that nobody has, which is then its own.
std::uint64_t draw_slot(member_numbers& numbers, const std::string& node);

object_key node_record_key(std::string_view node);
std::optional<node_record> read_node_record(std::string_view bytes);
/// All of them, by name.
std::vector<node_record> node_records(const storage::snapshot& reads);
/// The servers among them.
std::vector<known_server> members_of(const std::vector<node_record>& records);

/// Whether a server of this number was a member once and is none any more, as far as `reads` knows: its
/// number was given out, and no record has it. What the store's configuration says is not asked.
bool has_left(const storage::snapshot& reads, std::uint64_t member);

/// The transaction that notes where a server is now; refused when there is no record of it (any more).
storage::transaction move_node(const node_record& moved, const schema::write_cause& cause);

/// The transaction that registers a node. `granted` is filled in when it is sealed and may be read once it is
/// committed. A member number in `asked` (of the first server, whose store has one) is kept.
storage::transaction register_node(const node_record& asked, bool serves, const schema::write_cause& cause,
                                   std::shared_ptr<node_record> granted);
/// The transaction that forgets a node; refused with not_found when there is none.
storage::transaction forget_node(const std::string& node, const schema::write_cause& cause);
/// The one that forgets all of `records`, for a cluster that begins anew from another one's state: every node
/// joins again, members count from 1. Slots stay with the names: they say which addresses pods have.
storage::transaction forget_all_nodes(const std::vector<node_record>& records,
                                      const schema::write_cause& cause);

} // namespace actord::actors
