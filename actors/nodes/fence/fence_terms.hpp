#pragma once

#include "runtime/fence/deadline_file.hpp"
#include "schema/base/clock.hpp"
#include "schema/view/meta_view.hpp"

#include <chrono>
#include <cstdint>
#include <optional>

/// How a pod that may run once at most (a StatefulSet's) is known to have ended on a node that nobody hears.
///
///   node                         server, and the one that leads
///    sent ── "node.epoch" ──────▶ asks a majority whether it still leads
///     │                           they agree: `heard` = now, then the answer
///     │  ◀──────────────────────── yes
///    deadline = sent + length
///     ⋮ no answer any more         ⋮
///    deadline: the pod's guard     ⋮
///    kills it, daemon or not       heard + length + ending + margin: the pod may be taken from the API
///
/// The node counts from the moment it *sent* what was answered, the server from the moment at which it *was
/// about to answer*, which is later. Both count durations on clocks of their own and never tell each other
/// a time. The node's goes on while the machine is suspended; the server's may stand still, which only makes
/// it wait longer. So the pod's processes are gone before it may be replaced as long as
///   - the node's clock loses less than `margin` in length + ending of the server's (one part in eight), and
///   - a guard that its machine lets run ends the pod's processes within `ending`.
///
/// Which server leads may change: a majority that confirmed a leader after `sent` has elected no other before
/// it, so whoever leads next began after `sent`, and counts for every node from its own beginning on.
///
/// A node that came back late might start a pod that is being removed. It therefore claims each such pod
/// by a write to it, once in each epoch, before it starts anything of it; removal names the revision that it
/// was decided by. Of the two the first one wins.

namespace actord::actors {

inline constexpr std::chrono::seconds fence_length{30};
inline constexpr std::chrono::seconds fence_ending{5};
inline constexpr std::chrono::seconds fence_margin{5};
/// A node asks after so much time, and after a failure sooner.
inline constexpr std::chrono::seconds epoch_period{5};
inline constexpr std::chrono::seconds epoch_retry{1};

/// Whether such a pod runs once at most: its controller is a StatefulSet.
bool is_fenced(const schema::meta_view& pod);

/// The node's side.
struct node_epoch_state {
  runtime::boot_time until{};
  std::uint64_t number = 0; ///< another one for each unbroken time in which the node was heard
  bool answered = false;    ///< since the daemon started: what was before is not this one's to go on with

  bool operator==(const node_epoch_state&) const = default;
};
/// What was sent at `sent` has been answered with yes. An epoch whose end has passed by now is over: guards
/// may have acted.
node_epoch_state after_yes(const node_epoch_state& before, runtime::boot_time sent, runtime::boot_time now);
/// This machine is the only server there is: nobody else can start anything.
node_epoch_state after_alone(const node_epoch_state& before);
/// The number of the epoch that lasts; nothing when there is none.
std::optional<std::uint64_t> epoch_at(const node_epoch_state& state, runtime::boot_time now);

/// The side of the server that leads: whether a node's fenced pods have ended for certain.
struct fence_verdict {
  bool over = false;
  std::optional<steady_time> look_again = {}; ///< when silence from now on would make it so

  bool operator==(const fence_verdict&) const = default;
};
/// `counted_from`: when the node was confirmed last, or this server began to lead, whichever is later;
/// nothing on a server that does not lead.
fence_verdict judge_epoch(std::optional<steady_time> counted_from, steady_time now);

} // namespace actord::actors
