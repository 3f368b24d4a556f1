#pragma once

#include "schema/base/bytes.hpp"
#include "schema/base/clock.hpp"
#include "schema/base/ids.hpp"
#include "schema/base/result.hpp"
#include "storage/cluster.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

/// The replicated, revisioned object store: what every other part of the daemon knows of it.
///
/// Writes are proposed and answered later; reads are snapshots on the caller's own thread. One member or
/// five, the interface is the same. Values are encoded objects (schema/object/stored_object.hpp).

namespace actord::storage {

/// The object as the batch being sealed will see it: applied state plus what is proposed and not yet applied.
/// `value` is empty when there is no such object and must not be kept.
struct object_head {
  std::string_view value;
  revision at;

  [[nodiscard]] bool exists() const { return !value.empty(); }
};

/// What must hold for an object when its batch is sealed. A default-constructed one always holds.
struct precondition {
  bool must_be_absent = false;
  bool must_exist = false;
  std::optional<revision> at; ///< the head is exactly this revision
  std::string uid;            ///< the head has this uid, unless empty
};

struct put_value {
  std::string value; ///< encoded, revision 0
};
/// `last` is the object's final form, delivered to watchers with the revision of the removal.
struct remove_value {
  std::string last;
};
/// Changes nothing; its precondition still counts.
struct keep_value {};

using resolved_change = std::variant<put_value, remove_value, keep_value>;
/// Runs when the batch is sealed, on the proposer's thread: pure, quick, no reads of its own.
using decide_change = std::function<result<resolved_change>(const object_head& head, wall_time now)>;

struct object_change {
  object_key key;
  precondition require;
  std::variant<put_value, remove_value, keep_value, decide_change> what;
};

/// All or nothing. Each put or removal takes a consecutive revision, in the order given.
struct transaction {
  std::vector<object_change> changes;
  /// Identifies the request across retries and leader changes; empty for none.
  std::string request_id;
  /// Refused in any other term: the fence of controllers.
  std::optional<raft_term> only_in_term;
};

/// Applied, synced and readable. `revisions` has one entry per change; 0 for a change that kept its object.
struct committed {
  std::vector<revision> revisions;
};
/// Nothing was written. `change` is the index of the change whose precondition failed.
struct refused {
  std::size_t change = 0;
  error why;
};
/// This member cannot know (it stopped leading, or is stopping): the write may or may not take effect.
struct unknown {
  std::string why;
};
using outcome = std::variant<committed, refused, unknown>;

/// One object in a list, or one event; views into the snapshot or event that handed it out.
struct stored_value {
  std::string_view value;
  revision at;
};

/// Where a page of a list begins: after `space`/`name` of the last object handed out. Empty is the beginning.
struct list_position {
  std::string space;
  std::string name;
};

struct list_page {
  std::vector<std::string_view> values; ///< ordered by namespace, then name
  bool more = false;
  list_position next;
};

/// A page of a list as it was at an earlier revision: copies, since history has no bytes to point at.
struct past_page {
  std::vector<std::string> values; ///< ordered by namespace, then name
  bool more = false;
  list_position next;
};

/// A consistent state of the whole store at one revision. Lives on one thread, is short (a second at most:
/// it pins pages of the map), and never outlives a message. Views it hands out die with it.
class snapshot {
public:
  virtual ~snapshot() = default;

  [[nodiscard]] virtual revision at() const = 0;
  /// Empty when there is none.
  [[nodiscard]] virtual std::string_view get(const object_key& key) const = 0;
  /// `space` empty lists all namespaces; `limit` 0 is no limit.
  [[nodiscard]] virtual list_page list(resource_id resource, std::string_view space,
                                       const list_position& from, std::size_t limit) const = 0;
  /// Calls `visit` for each object until it returns false, in key order.
  virtual void scan(resource_id resource, std::string_view space,
                    const std::function<bool(std::string_view value)>& visit) const = 0;
  /// Number of objects of that resource (and namespace unless empty).
  [[nodiscard]] virtual std::size_t count(resource_id resource, std::string_view space) const = 0;

  [[nodiscard]] virtual std::vector<object_key> owned_by(std::string_view owner_uid) const = 0;
  /// Candidates of a resource that carry label key=value (by hash: compare the label itself).
  [[nodiscard]] virtual std::vector<object_key> labelled(resource_id resource, std::string_view space,
                                                         std::string_view label,
                                                         std::string_view value) const = 0;
  /// Pods bound to a node.
  [[nodiscard]] virtual std::vector<object_key> on_node(std::string_view node) const = 0;
  /// Objects whose deadline is not after `until`, earliest first; at most `limit`.
  [[nodiscard]] virtual std::vector<std::pair<wall_time, object_key>> due(wall_time until,
                                                                          std::size_t limit) const = 0;
  /// The object as it was at revision `past` (at most this snapshot's), empty when there was none; `expired`
  /// once that is compacted.
  [[nodiscard]] virtual result<std::string> get_at(const object_key& key, revision past) const = 0;
  /// `list` as it was at revision `past`: the later pages of a list that began then.
  [[nodiscard]] virtual result<past_page> list_at(resource_id resource, std::string_view space,
                                                  const list_position& from, std::size_t limit,
                                                  revision past) const = 0;
};

enum class event_kind : std::uint8_t { added, modified, removed };

/// One committed change. Shared by all subscribers and never changed.
struct store_event {
  event_kind kind;
  revision at;
  object_key key;
  shared_bytes value;    ///< for a removal the last form, stamped with the removal's revision
  shared_bytes previous; ///< what the object was before; null for `added`
};
using event_batch = std::shared_ptr<const std::vector<store_event>>;

/// What a subscriber wants to see. Selectors are applied by the subscriber.
struct watch_scope {
  std::optional<resource_id> resource; ///< none: every resource
  std::string space;                   ///< empty: all namespaces
  std::string name;                    ///< empty: all names
};

/// A cursor in the stream of committed changes. Events come in order, once each, none left out.
/// Ends when destroyed. All calls from one thread at a time.
class watch_cursor {
public:
  virtual ~watch_cursor() = default;

  /// Up to `max_events` events of the scope above the cursor, without waiting. Empty when there is nothing
  /// new. `expired` when the cursor fell behind what is kept.
  virtual result<std::vector<store_event>> next(std::size_t max_events) = 0;
  /// Everything up to here was handed out, including revisions outside the scope: safe as a bookmark.
  [[nodiscard]] virtual revision position() const = 0;
};

struct store_status {
  bool leading = false; ///< by Raft's word; `leadership` says when it may propose
  member_id self = 0;
  member_id leader = 0; ///< 0 while none is known
  bool writable = true; ///< false when the disk or the map is full
  raft_term term;
  revision last;      ///< newest applied revision
  revision compacted; ///< history below is gone
  std::uint64_t log_first = 0;
  std::uint64_t log_last = 0;
  std::uint64_t map_bytes = 0;
  std::uint64_t applied = 0;    ///< newest applied entry of the log
  std::uint64_t state_hash = 0; ///< over all objects; equal on all members that applied the same entries
  std::vector<member_progress> progress; ///< empty unless this member leads
};

class store {
public:
  virtual ~store() = default;

  /// `done` is called exactly once, on the store's thread: it must only hand the outcome on. Never blocks;
  /// when the bounded queue is full the answer is `refused` with too_many_requests, at once.
  virtual void propose(transaction what, std::function<void(outcome)> done) = 0;

  /// The newest applied state.
  [[nodiscard]] virtual std::unique_ptr<snapshot> read() const = 0;
  /// Calls `ready` (on any thread) as soon as a snapshot taken then is linearizable: it reflects every write
  /// that was acknowledged before this call. For a lone voter that is at once.
  virtual void confirm_reads(std::function<void(result<void>)> ready) = 0;
  /// Calls `ready` when this replica has applied `at`, or with `timeout` after `wait`.
  virtual void wait_for(revision at, std::chrono::milliseconds wait,
                        std::function<void(result<void>)> ready) = 0;

  /// The object as the next batch would see it (applied or not). The copy is the caller's.
  [[nodiscard]] virtual std::string head(const object_key& key) const = 0;

  /// Events with a revision above `after`. `wake` is called (on any thread, maybe often) whenever there may
  /// be something new: once for all that came since `next` last returned nothing. It must be quick and must
  /// only signal: neither read the cursor nor destroy it. `expired` when `after` is below the history.
  virtual result<std::unique_ptr<watch_cursor>> watch(watch_scope scope, revision after,
                                                      std::function<void()> wake) = 0;

  /// The cluster's time: never goes back, never behind what was logged.
  [[nodiscard]] virtual wall_time now() const = 0;
  [[nodiscard]] virtual store_status status() const = 0;
  /// Random id made when the cluster began.
  [[nodiscard]] virtual std::string cluster_id() const = 0;

  /// A message of another member, as its transport sent it. Any thread; never blocks. Malformed ones are
  /// dropped, and so is what comes faster than it can be taken.
  virtual void receive(member_id from, std::string bytes) = 0;
  /// The members as the newest applied change names them; none where this member was told of none yet.
  [[nodiscard]] virtual std::vector<cluster_member> members() const = 0;
  /// Calls `listener` with what is known now, before it returns, and then at every change, on the store's
  /// thread, until the handle is destroyed (which waits for a call under way). It must only hand on: neither
  /// destroy its handle nor wait.
  [[nodiscard]] virtual std::shared_ptr<void> on_leadership(leadership_listener listener) = 0;

  /// Where this member leads; `done` is called once, on any thread. A learner is sent everything there is and
  /// counts for nothing. A member that is known gets its new address.
  virtual void add_learner(member_id id, std::string address, membership_answer done) = 0;
  /// Makes a learner a voter as soon as it has caught up; `timeout` when it does not in `wait`.
  virtual void promote(member_id id, std::chrono::milliseconds wait, membership_answer done) = 0;
  /// The last voter cannot be removed; a leader that removes itself stops leading.
  virtual void remove_member(member_id id, membership_answer done) = 0;
  /// Hands leadership to another voter, or to whichever knows most when `to` is 0. Proposals wait meanwhile.
  virtual void transfer_leadership(member_id to, membership_answer done) = 0;
};

} // namespace actord::storage
