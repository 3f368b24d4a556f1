#pragma once

#include "storage/kv/memory_kv.hpp"
#include "storage/member/replica.hpp"
#include "storage/raft/transport.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace actord::sim {

/// A way to be wrong that the simulator must notice: what a bug of that kind does, done on purpose. A
/// simulator that finds nothing in these finds nothing at all.
enum class mutant : std::uint8_t {
  none,
  forgets_votes,     ///< a vote was not synced: after a crash the member votes again in the same term
  forgets_entries,   ///< an acknowledged entry was not synced: a crash takes the newest one away
  grants_every_vote, ///< a member votes for whoever asks
  commits_too_early, ///< followers take every entry they are sent for committed
  confirms_at_once,  ///< a read is called linearizable without asking anybody
  retries_as_new,    ///< a retried request loses its id and is carried out again
  answers_unapplied, ///< the client is told before the change can be seen
  keeps_its_term,    ///< a lone voter that starts again leads in the term it led before
  shows_uncommitted, ///< a reader is shown what is sealed and not committed
  drops_old_entries, ///< the first entry of the log is gone after a crash
  stamps_too_early,  ///< a leader stamps revisions before it has applied what earlier leaders committed
  persists_too_late, ///< a member reports entries as durable that were truncated since
  overlooks_damage,  ///< an object changes on the disk of a member that is down, and nobody compares
  // Of the API, above the store.
  keeps_object_actors,    ///< objects' actors outlive the leadership of their server
  outlives_its_term,      ///< what writes because its server leads writes on when it does not, in any term
  forwards_as_new,        ///< a write that is forwarded again is another request
  forgets_earlier_tries,  ///< a write that is forwarded again does not say so
  answers_before_applied, ///< a forwarded write is answered before this server has applied it
  answers_unconfirmed,    ///< what follows from the state is answered without asking whether it is the newest
  resumes_too_late,       ///< a watch leaves out the first event after the revision it begins at
  shows_damaged,          ///< whose state is damaged shows it to who asks for a revision that it has
};

struct named_mutant {
  std::string_view name;
  mutant what;
};
inline constexpr std::array<named_mutant, 22> mutants{
    {{"none", mutant::none},
     {"forgets-votes", mutant::forgets_votes},
     {"forgets-entries", mutant::forgets_entries},
     {"grants-every-vote", mutant::grants_every_vote},
     {"commits-too-early", mutant::commits_too_early},
     {"confirms-at-once", mutant::confirms_at_once},
     {"retries-as-new", mutant::retries_as_new},
     {"answers-unapplied", mutant::answers_unapplied},
     {"keeps-its-term", mutant::keeps_its_term},
     {"shows-uncommitted", mutant::shows_uncommitted},
     {"drops-old-entries", mutant::drops_old_entries},
     {"stamps-too-early", mutant::stamps_too_early},
     {"persists-too-late", mutant::persists_too_late},
     {"overlooks-damage", mutant::overlooks_damage},
     {"keeps-object-actors", mutant::keeps_object_actors},
     {"outlives-its-term", mutant::outlives_its_term},
     {"forwards-as-new", mutant::forwards_as_new},
     {"forgets-earlier-tries", mutant::forgets_earlier_tries},
     {"answers-before-applied", mutant::answers_before_applied},
     {"answers-unconfirmed", mutant::answers_unconfirmed},
     {"resumes-too-late", mutant::resumes_too_late},
     {"shows-damaged", mutant::shows_damaged}}};

/// What a crash does to the disk of a member with this fault.
void spoil_disk(mutant what, storage::kv::memory_disk& disk);
/// One byte of one object is another than what was written; false when there is no object. Unless `unseen`,
/// the hash that is kept beside the objects tells.
bool damage_object(storage::kv::memory_disk& disk, std::uint64_t choice, bool unseen);
/// The bugs that only the product itself can have.
storage::fault_points fault_points_of(mutant what);
/// What a member with this fault sends instead.
std::string spoil_message(mutant what, std::string bytes);

} // namespace actord::sim
