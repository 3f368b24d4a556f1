#pragma once

#include "schema/base/ids.hpp"
#include "schema/base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

/// The members of a replicated store: how they reach each other, who leads, who belongs.
///
///            add_learner                  promote (once it has caught up)
///   nobody ─────────────▶ learner ──────────────────────────────────────▶ voter
///      ◀─────────────────────┘                                              │
///      ◀────────────────────────────────── remove_member ───────────────────┘

namespace actord::storage {

/// Any number but 0, never used again for another member.
using member_id = std::uint64_t;

inline constexpr std::size_t max_members = 16;
inline constexpr std::size_t max_address_bytes = 512;

/// How members reach each other, seen from the store: encoded messages to a member, no promise that they
/// arrive. What another member's transport sent comes in through `store::receive`.
class raft_transport {
public:
  /// No message is longer.
  static constexpr std::size_t max_bytes = (4U << 20U) + 4096;

  virtual ~raft_transport() = default;
  /// Hands the bytes on and returns at once, also when nothing is known of that member. Messages to one
  /// member keep their order while its connection holds; any may be lost, none may be changed or made up:
  /// peers are authenticated below. Called on the store's thread.
  virtual void send(member_id to, std::string bytes) = 0;
};

/// The transport of a cluster of one.
class no_transport final : public raft_transport {
public:
  void send(member_id, std::string) override {}
};

/// One member as the newest configuration this member has applied names it.
struct cluster_member {
  member_id id = 0;
  bool voter = true; ///< else it is a learner: it holds everything and decides nothing
  std::string address =
      {}; ///< where it was when it joined: a hint, for who knows nothing better; may be empty

  bool operator==(const cluster_member&) const = default;
};

/// How far the leader knows a member to be.
struct member_progress {
  member_id id = 0;
  std::uint64_t matched = 0; ///< newest entry of the log it is known to hold on its disk
  bool caught_up = false;    ///< lacks next to nothing: a learner may be promoted
};

/// Who leads, as one member sees it.
struct leadership {
  /// This member leads and everything of earlier terms is applied: it may propose. Ends at the latest when
  /// another member begins.
  bool leading = false;
  raft_term term;
  member_id leader = 0; ///< 0 while none is known

  bool operator==(const leadership&) const = default;
};
using leadership_listener = std::function<void(const leadership&)>;

/// The outcome of a change of members. `unavailable` where this member does not lead; `conflict` while
/// another change is under way; `not_found`, `already_exists` and `bad_request` for what makes no sense;
/// `timeout` when it cannot be known (any more) whether it will happen: look at `members`.
using membership_answer = std::function<void(result<void>)>;

} // namespace actord::storage
