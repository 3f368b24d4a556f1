#include "storage/raft/raft_core.h"

#include <raft.h>
#include <stdlib.h>
#include <string.h>

#if RAFT_VERSION_NUMBER < 2200
#error "libraft below 0.22 has confirmed Raft safety bugs: install it from bookworm-backports"
#endif

enum { ADDRESS_BYTES = 24 };

/* What libraft names its own message formats; the wire between members is ours, so the newest it knows. */
enum { MESSAGE_VERSION = 2 };

/* How many entries may be under way to one member. Small ones come one by one where few clients write: a
 * member that has to catch up must get far more of them in a round trip than are written meanwhile. Large
 * ones are bounded by the bytes of a message, which the host fills (replica::fill). */
enum { ENTRIES_IN_FLIGHT = 256 };

/* Once the leader is gone, voters stand for election in the order of their ids, so far apart that one has its
 * votes before the next asks for any; who had no luck tries again after a turn of all. Two that ask at once
 * would both fail, and wait for an election timeout. */
enum { TURN_MS = 40, TURNS_AT_LEAST = 4, HURRIED_TRIES = 3 };

struct raft_core {
  struct raft raft;
  raft_core_message* messages;
  uint32_t message_capacity;
  struct raft_entry* entries;
  size_t entry_capacity;
  bool only_follows;
  raft_time leader_heard; /* when the leader last sent entries or a heartbeat */
  unsigned hurried_tries; /* left, since the leader is gone; 0 while there is one */
  uint64_t gone;          /* the leader that is gone */
};

static void address_of(uint64_t id, char* out) {
  snprintf(out, ADDRESS_BYTES, "%llu", (unsigned long long)id);
}

static int fill_configuration(struct raft_configuration* out, const raft_core_server* servers, size_t count) {
  raft_configuration_init(out);
  for (size_t i = 0; i < count; ++i) {
    char address[ADDRESS_BYTES];
    address_of(servers[i].id, address);
    const int code =
        raft_configuration_add(out, servers[i].id, address, servers[i].voter ? RAFT_VOTER : RAFT_STANDBY);
    if (code != 0) {
      raft_configuration_close(out);
      return code;
    }
  }
  return 0;
}

/* libraft never reads a command's bytes in this mode; it decodes a change's, and releases `batch` of the
 * first entry when it does not want the entries of a message. */
static int fill_entries(raft_core* core, const raft_core_entry* entries, size_t count) {
  if (count > core->entry_capacity) {
    struct raft_entry* more = realloc(core->entries, count * sizeof *more);
    if (more == NULL) return RAFT_NOMEM;
    core->entries = more;
    core->entry_capacity = count;
  }
  void* batch = NULL;
  if (count > 0) {
    batch = raft_malloc(1);
    if (batch == NULL) return RAFT_NOMEM;
  }
  for (size_t i = 0; i < count; ++i) {
    struct raft_entry* entry = &core->entries[i];
    memset(entry, 0, sizeof *entry);
    entry->term = entries[i].term;
    entry->type = (enum raft_entry_type)entries[i].kind;
    entry->batch = batch;
    if (entries[i].kind != RAFT_CORE_CHANGE) continue;
    struct raft_configuration configuration;
    int code = fill_configuration(&configuration, entries[i].servers, entries[i].server_count);
    if (code == 0) {
      code = raft_configuration_encode(&configuration, &entry->buf);
      raft_configuration_close(&configuration);
    }
    if (code != 0) return code;
  }
  return 0;
}

static void release_entries(raft_core* core, size_t count, bool with_batch) {
  if (count == 0) return;
  for (size_t i = 0; i < count; ++i) raft_free(core->entries[i].buf.base);
  if (with_batch) raft_free(core->entries[0].batch);
}

/* Features and capacity stay zero: we report no free space, and libraft leaves them unset in some of its
 * answers. */
static void copy_message(raft_core_message* to, const struct raft_message* from) {
  memset(to, 0, sizeof *to);
  to->type = (int)from->type;
  to->peer = from->server_id;
  switch (from->type) {
  case RAFT_APPEND_ENTRIES:
    to->term = from->append_entries.term;
    to->previous_index = from->append_entries.prev_log_index;
    to->previous_term = from->append_entries.prev_log_term;
    to->leader_commit = from->append_entries.leader_commit;
    to->entry_count = from->append_entries.n_entries;
    break;
  case RAFT_APPEND_ENTRIES_RESULT:
    to->term = from->append_entries_result.term;
    to->rejected = from->append_entries_result.rejected;
    to->last_log_index = from->append_entries_result.last_log_index;
    break;
  case RAFT_REQUEST_VOTE:
    to->term = from->request_vote.term;
    to->last_log_index = from->request_vote.last_log_index;
    to->last_log_term = from->request_vote.last_log_term;
    to->disrupt_leader = from->request_vote.disrupt_leader;
    to->pre_vote = from->request_vote.pre_vote;
    break;
  case RAFT_REQUEST_VOTE_RESULT:
    to->term = from->request_vote_result.term;
    to->granted = from->request_vote_result.vote_granted;
    to->pre_vote = from->request_vote_result.pre_vote;
    break;
  case RAFT_INSTALL_SNAPSHOT:
    to->term = from->install_snapshot.term;
    to->snapshot_index = from->install_snapshot.last_index;
    to->snapshot_term = from->install_snapshot.last_term;
    to->configuration_index = from->install_snapshot.conf_index;
    break;
  case RAFT_TIMEOUT_NOW:
    to->term = from->timeout_now.term;
    to->last_log_index = from->timeout_now.last_log_index;
    to->last_log_term = from->timeout_now.last_log_term;
    break;
  }
}

static void fill_message(struct raft_message* to, const raft_core_message* from, struct raft_entry* entries) {
  memset(to, 0, sizeof *to);
  to->type = (enum raft_message_type)from->type;
  to->server_id = from->peer;
  switch (to->type) {
  case RAFT_APPEND_ENTRIES:
    to->append_entries.version = MESSAGE_VERSION;
    to->append_entries.term = from->term;
    to->append_entries.prev_log_index = from->previous_index;
    to->append_entries.prev_log_term = from->previous_term;
    to->append_entries.leader_commit = from->leader_commit;
    to->append_entries.entries = entries;
    to->append_entries.n_entries = from->entry_count;
    break;
  case RAFT_APPEND_ENTRIES_RESULT:
    to->append_entries_result.version = MESSAGE_VERSION;
    to->append_entries_result.term = from->term;
    to->append_entries_result.rejected = from->rejected;
    to->append_entries_result.last_log_index = from->last_log_index;
    to->append_entries_result.features = from->features;
    to->append_entries_result.capacity = from->capacity;
    break;
  case RAFT_REQUEST_VOTE:
    to->request_vote.version = MESSAGE_VERSION;
    to->request_vote.term = from->term;
    to->request_vote.candidate_id = from->peer;
    to->request_vote.last_log_index = from->last_log_index;
    to->request_vote.last_log_term = from->last_log_term;
    to->request_vote.disrupt_leader = from->disrupt_leader;
    to->request_vote.pre_vote = from->pre_vote;
    break;
  case RAFT_REQUEST_VOTE_RESULT:
    to->request_vote_result.version = MESSAGE_VERSION;
    to->request_vote_result.term = from->term;
    to->request_vote_result.vote_granted = from->granted;
    to->request_vote_result.pre_vote = from->pre_vote;
    to->request_vote_result.features = from->features;
    to->request_vote_result.capacity = from->capacity;
    break;
  case RAFT_INSTALL_SNAPSHOT:
    break;
  case RAFT_TIMEOUT_NOW:
    to->timeout_now.version = MESSAGE_VERSION;
    to->timeout_now.term = from->term;
    to->timeout_now.last_log_index = from->last_log_index;
    to->timeout_now.last_log_term = from->last_log_term;
    break;
  }
}

/* One raft_step, its outcome copied out. */
static int step(raft_core* core, struct raft_event* event, raft_core_update* out) {
  struct raft_update update;
  memset(&update, 0, sizeof update);
  memset(out, 0, sizeof *out);
  event->capacity = 0;
  const int code = raft_step(&core->raft, event, &update);
  if (code == RAFT_NOTLEADER) return RAFT_CORE_NOT_LEADER;
  if (code != 0) return RAFT_CORE_FAILED;
  out->vote_changed = (update.flags & (RAFT_UPDATE_CURRENT_TERM | RAFT_UPDATE_VOTED_FOR)) != 0;
  out->state_changed = (update.flags & (RAFT_UPDATE_STATE)) != 0;
  out->commit_changed = (update.flags & (RAFT_UPDATE_COMMIT_INDEX)) != 0;
  if ((update.flags & (RAFT_UPDATE_ENTRIES)) != 0) {
    out->first = update.entries.index;
    out->entry_count = update.entries.n;
    out->own_barrier = update.entries.batch == &core->raft.barrier;
    if (out->own_barrier) raft_free(core->raft.barrier.batch);
  }
  if ((update.flags & (RAFT_UPDATE_MESSAGES)) != 0) {
    if (update.messages.n > core->message_capacity) {
      raft_core_message* more = realloc(core->messages, update.messages.n * sizeof *more);
      if (more == NULL) return RAFT_CORE_FAILED;
      core->messages = more;
      core->message_capacity = update.messages.n;
    }
    for (unsigned i = 0; i < update.messages.n; ++i)
      copy_message(&core->messages[i], &update.messages.batch[i]);
    out->messages = core->messages;
    out->message_count = update.messages.n;
  }
  return RAFT_CORE_OK;
}

static void begin_event(struct raft_event* event, uint64_t now, enum raft_event_type type) {
  memset(event, 0, sizeof *event);
  event->time = now;
  event->type = type;
}

raft_core* raft_core_new(uint64_t id, unsigned seed, unsigned election_ms, unsigned heartbeat_ms) {
  raft_core* core = calloc(1, sizeof *core);
  if (core == NULL) return NULL;
  char address[ADDRESS_BYTES];
  address_of(id, address);
  if (raft_init(&core->raft, NULL, NULL, id, address) != 0) {
    free(core);
    return NULL;
  }
  raft_seed(&core->raft, seed);
  raft_set_election_timeout(&core->raft, election_ms);
  raft_set_heartbeat_timeout(&core->raft, heartbeat_ms);
  raft_set_pre_vote(&core->raft, true);
  /* What libraft sends is only an offer, and it sends no other while it waits. */
  raft_set_install_snapshot_timeout(&core->raft, election_ms);
  raft_set_max_inflight_entries(&core->raft, ENTRIES_IN_FLIGHT);
  return core;
}

void raft_core_free(raft_core* core) {
  if (core == NULL) return;
  raft_close(&core->raft, NULL);
  free(core->messages);
  free(core->entries);
  free(core);
}

int raft_core_begin(raft_core* core, uint64_t now, const raft_core_start* start, raft_core_update* update) {
  struct raft_event event;
  begin_event(&event, now, RAFT_START);
  struct raft_snapshot_metadata metadata;
  memset(&metadata, 0, sizeof metadata);
  event.start.term = start->term;
  event.start.voted_for = start->voted_for;
  event.start.start_index = start->first_index;
  if (start->snapshot_index > 0) {
    metadata.index = start->snapshot_index;
    metadata.term = start->snapshot_term;
    metadata.configuration_index = start->configuration_index;
    if (fill_configuration(&metadata.configuration, start->servers, start->server_count) != 0)
      return RAFT_CORE_FAILED;
    event.start.metadata = &metadata; /* libraft takes the configuration over */
  }
  if (fill_entries(core, start->entries, start->entry_count) != 0) return RAFT_CORE_FAILED;
  event.start.entries = core->entries;
  event.start.n_entries = (unsigned)start->entry_count;
  const int code = step(core, &event, update);
  release_entries(core, start->entry_count, true);
  return code;
}

uint64_t raft_core_match_index(const raft_core* core, uint64_t id) {
  raft_index index = 0;
  return raft_match_index(&core->raft, id, &index) == 0 ? index : 0;
}

/* Late answers that libraft 0.22 takes for new ones:
 * - A refusal of an entry that the member is known to have by now (the answers crossed on two connections)
 * sets its next entry to no more than the last one it has, and from then on it is sent nothing but
 * heartbeats, for ever.
 * - An answer to a vote that arrives when the vote is over: whether it was a pre-vote is read from the state
 * of a candidate, which shares its memory with the state of a follower, so an address decides whether the
 * term of a mere question is taken over. */
static bool is_late(const raft_core* core, const raft_core_message* message) {
  if (message->type == RAFT_CORE_VOTE_RESULT) return core->raft.state != RAFT_CANDIDATE;
  return message->type == RAFT_CORE_APPEND_RESULT && message->rejected > 0 &&
         message->term == raft_current_term(&core->raft) &&
         message->rejected <= raft_core_match_index(core, message->peer);
}

void raft_core_only_follow(raft_core* core) { core->only_follows = true; }

/* Votes and may stand for election, by its own log. */
static bool is_voter(const raft_core* core) {
  if (core->only_follows) return false;
  const struct raft_configuration* const known = &core->raft.configuration;
  for (unsigned i = 0; i < known->n; ++i)
    if (known->servers[i].id == core->raft.id) return known->servers[i].role == RAFT_VOTER;
  return false;
}

/* Whoever does not vote, as far as it knows, is not told by libraft that its leader is silent. */
static void forget_silent_leader(raft_core* core, uint64_t now) {
  if (core->raft.state != RAFT_FOLLOWER || is_voter(core)) return;
  if (now - core->leader_heard >= core->raft.election_timeout)
    core->raft.follower_state.current_leader.id = 0;
}

/* libraft lets a member refuse its vote while its own log does not say that it votes. But whether a vote
 * counts is for the candidate to say, by its configuration: the entry that makes a voter of this member may
 * be in nobody's log but the candidate's, which then needs this very vote (docs/decisions/024). So a vote is
 * asked of a member as if it were the only voter; all else that decides about it (its term, its vote, its
 * log, a leader it hears) stays. Restored right after. */
static int step_as_voter(raft_core* core, struct raft_event* event, raft_core_update* update) {
  struct raft_server self;
  memset(&self, 0, sizeof self);
  self.id = core->raft.id;
  self.address = core->raft.address;
  self.role = RAFT_VOTER;
  const struct raft_configuration known = core->raft.configuration;
  core->raft.configuration.servers = &self;
  core->raft.configuration.n = 1;
  const int code = step(core, event, update);
  core->raft.configuration = known;
  return code;
}

/* Voters that may follow the leader that is gone, and how many of them come before this member. */
static unsigned count_heirs(const raft_core* core, unsigned* before) {
  const struct raft_configuration* const known = &core->raft.configuration;
  unsigned heirs = 0;
  *before = 0;
  for (unsigned i = 0; i < known->n; ++i) {
    if (known->servers[i].role != RAFT_VOTER || known->servers[i].id == core->gone) continue;
    ++heirs;
    if (known->servers[i].id < core->raft.id) ++*before;
  }
  return heirs;
}

/* Makes the election timeout end after so many turns. libraft draws a new one whenever a leader is heard. */
static void stand_after(raft_core* core, uint64_t now, unsigned turns) {
  const unsigned timeout = core->raft.state == RAFT_FOLLOWER
                               ? core->raft.follower_state.randomized_election_timeout
                               : core->raft.candidate_state.randomized_election_timeout;
  const raft_time due = now + (raft_time)turns * TURN_MS;
  if (due < timeout || core->raft.election_timer_start + timeout <= due) return;
  core->raft.election_timer_start = due - timeout;
}

void raft_core_gone(raft_core* core, uint64_t now, uint64_t id) {
  if (core->raft.state != RAFT_FOLLOWER || core->raft.follower_state.current_leader.id != id || id == 0)
    return;
  core->raft.follower_state.current_leader.id = 0;
  if (!is_voter(core)) return;
  core->gone = id;
  core->hurried_tries = HURRIED_TRIES;
  unsigned turn = 0;
  count_heirs(core, &turn);
  stand_after(core, now, turn);
}

/* After a try that is not over: when the next begins. */
static void go_on_hurrying(raft_core* core, uint64_t now, bool was_due) {
  if (core->hurried_tries == 0 || !was_due || core->raft.state != RAFT_CANDIDATE) return;
  if (--core->hurried_tries == 0) return;
  unsigned turn = 0;
  const unsigned heirs = count_heirs(core, &turn);
  stand_after(core, now, heirs > TURNS_AT_LEAST ? heirs : TURNS_AT_LEAST);
}

int raft_core_receive(raft_core* core, uint64_t now, const raft_core_message* message,
                      raft_core_update* update) {
  if (is_late(core, message)) {
    memset(update, 0, sizeof *update);
    return RAFT_CORE_OK;
  }
  const bool asked_to_vote = message->type == RAFT_CORE_VOTE && !is_voter(core);
  forget_silent_leader(core, now);
  if (message->type == RAFT_CORE_APPEND && message->term >= raft_current_term(&core->raft)) {
    core->leader_heard = now;
    core->hurried_tries = 0;
  }
  struct raft_event event;
  begin_event(&event, now, RAFT_RECEIVE);
  const size_t count = message->type == RAFT_CORE_APPEND ? message->entry_count : 0;
  if (fill_entries(core, message->entries, count) != 0) return RAFT_CORE_FAILED;
  struct raft_message received;
  fill_message(&received, message, core->entries);
  char address[ADDRESS_BYTES];
  address_of(message->peer, address);
  received.server_address = address;
  event.receive.message = &received;
  const int code = asked_to_vote ? step_as_voter(core, &event, update) : step(core, &event, update);
  /* Who asks in an old term is told the new one; libraft leaves the rest of that answer unset. It also
   * answers a pre-vote in an old term as if it were of that term: the candidate would never learn of the new
   * one, and if it is the only one whose log is long enough, nobody would ever be elected. */
  const uint64_t term = raft_current_term(&core->raft);
  for (uint32_t i = 0; i < update->message_count; ++i) {
    raft_core_message* answer = &core->messages[i];
    if (answer->type == RAFT_CORE_VOTE_RESULT && answer->pre_vote && message->term < term)
      answer->term = term;
    if (answer->type == RAFT_CORE_APPEND_RESULT && answer->term > message->term) answer->last_log_index = 0;
  }
  /* Entries to be persisted are ours again; all others libraft has released, their configurations aside. */
  release_entries(core, count, code == RAFT_CORE_OK && update->first != 0);
  return code;
}

int raft_core_tick(raft_core* core, uint64_t now, raft_core_update* update) {
  struct raft_event event;
  begin_event(&event, now, RAFT_TIMEOUT);
  forget_silent_leader(core, now);
  if (!core->only_follows) {
    const bool was_due = raft_timeout(&core->raft) <= now;
    const int code = step(core, &event, update);
    go_on_hurrying(core, now, was_due);
    return code;
  }
  /* Whoever is in no configuration does not stand for election. */
  const struct raft_configuration known = core->raft.configuration;
  core->raft.configuration.servers = NULL;
  core->raft.configuration.n = 0;
  const int code = step(core, &event, update);
  core->raft.configuration = known;
  return code;
}

int raft_core_submit(raft_core* core, uint64_t now, const raft_core_entry* entries, uint32_t count,
                     raft_core_update* update) {
  struct raft_event event;
  begin_event(&event, now, RAFT_SUBMIT);
  if (fill_entries(core, entries, count) != 0) return RAFT_CORE_FAILED;
  event.submit.entries = core->entries;
  event.submit.n = count;
  const int code = step(core, &event, update);
  release_entries(core, count, true);
  return code;
}

int raft_core_persisted(raft_core* core, uint64_t now, uint64_t index, raft_core_update* update) {
  struct raft_event event;
  begin_event(&event, now, RAFT_PERSISTED_ENTRIES);
  event.persisted_entries.index = index;
  return step(core, &event, update);
}

int raft_core_configured(raft_core* core, uint64_t now, uint64_t index, const raft_core_server* servers,
                         size_t count, raft_core_update* update) {
  struct raft_event event;
  begin_event(&event, now, RAFT_CONFIGURATION);
  event.configuration.index = index;
  if (fill_configuration(&event.configuration.conf, servers, count) != 0) return RAFT_CORE_FAILED;
  return step(core, &event, update);
}

int raft_core_compacted(raft_core* core, uint64_t now, uint64_t index, uint64_t term, uint64_t first_kept,
                        uint64_t configuration_index, const raft_core_server* servers, size_t count,
                        raft_core_update* update) {
  struct raft_event event;
  begin_event(&event, now, RAFT_SNAPSHOT);
  event.snapshot.metadata.index = index;
  event.snapshot.metadata.term = term;
  event.snapshot.metadata.configuration_index = configuration_index;
  event.snapshot.trailing = (unsigned)(index - first_kept + 1);
  if (fill_configuration(&event.snapshot.metadata.configuration, servers, count) != 0)
    return RAFT_CORE_FAILED;
  return step(core, &event, update);
}

int raft_core_transfer(raft_core* core, uint64_t now, uint64_t id, raft_core_update* update) {
  struct raft_event event;
  begin_event(&event, now, RAFT_TRANSFER);
  event.transfer.server_id = id;
  return step(core, &event, update);
}

uint64_t raft_core_transferee(const raft_core* core) { return raft_transferee(&core->raft); }
uint64_t raft_core_term(const raft_core* core) { return raft_current_term(&core->raft); }
uint64_t raft_core_voted_for(const raft_core* core) { return raft_voted_for(&core->raft); }
uint64_t raft_core_commit_index(const raft_core* core) { return raft_commit_index(&core->raft); }
uint64_t raft_core_deadline(const raft_core* core) { return raft_timeout(&core->raft); }
uint64_t raft_core_leader(const raft_core* core) {
  switch (core->raft.state) {
  case RAFT_LEADER:
    return core->raft.id;
  case RAFT_FOLLOWER:
    return core->raft.follower_state.current_leader.id;
  default:
    return 0;
  }
}
int raft_core_state(const raft_core* core) { return core->raft.state; }
const char* raft_core_error(int code) {
  return code == RAFT_CORE_NOT_LEADER ? "not the leader" : "libraft failed";
}
