/* The only door to libraft: its header is not valid C++, so raft_core.c alone includes it and this is what
 * the rest sees. Plain values in, plain values out; who calls owns all memory it passes and keeps it until
 * the call returns. What is pointed at by an update is valid until the next call. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct raft_core raft_core;

enum { RAFT_CORE_COMMAND = 1, RAFT_CORE_BARRIER = 2, RAFT_CORE_CHANGE = 3 };
enum { RAFT_CORE_FOLLOWER = 1, RAFT_CORE_CANDIDATE = 2, RAFT_CORE_LEADER = 3 };
enum {
  RAFT_CORE_APPEND = 1,
  RAFT_CORE_APPEND_RESULT = 2,
  RAFT_CORE_VOTE = 3,
  RAFT_CORE_VOTE_RESULT = 4,
  RAFT_CORE_INSTALL = 5,
  RAFT_CORE_TIMEOUT_NOW = 6
};
enum { RAFT_CORE_OK = 0, RAFT_CORE_NOT_LEADER = 1, RAFT_CORE_FAILED = 2 };

typedef struct raft_core_server {
  uint64_t id;
  bool voter;
} raft_core_server;

typedef struct raft_core_entry {
  uint64_t term;
  int kind;
  /* Of a change only: the servers it names. */
  const raft_core_server* servers;
  size_t server_count;
} raft_core_entry;

/* Fields by message type; those of other types are zero. */
typedef struct raft_core_message {
  int type;
  uint64_t peer; /* who it is from, or for */
  uint64_t term;
  uint64_t last_log_index;        /* append result, vote, timeout now */
  uint64_t last_log_term;         /* vote, timeout now */
  uint64_t previous_index;        /* append */
  uint64_t previous_term;         /* append */
  uint64_t leader_commit;         /* append */
  const raft_core_entry* entries; /* append, received; a message to send has only the number */
  uint32_t entry_count;
  uint64_t rejected; /* append result */
  uint16_t features; /* append result, vote result */
  uint16_t capacity;
  bool disrupt_leader;     /* vote */
  bool pre_vote;           /* vote, vote result */
  bool granted;            /* vote result */
  uint64_t snapshot_index; /* install */
  uint64_t snapshot_term;
  uint64_t configuration_index;
} raft_core_message;

typedef struct raft_core_update {
  bool vote_changed;
  bool state_changed;
  bool commit_changed;
  /* Entries to persist from `first` on (deleting what was there); 0 for none. Those of a submit or a received
   * append are a tail of what was passed in, `skipped` entries of it left out; else it is one barrier of
   * libraft's own. */
  uint64_t first;
  uint32_t entry_count;
  bool own_barrier;
  const raft_core_message* messages;
  uint32_t message_count;
} raft_core_update;

typedef struct raft_core_start {
  uint64_t term;
  uint64_t voted_for;
  uint64_t snapshot_index; /* everything up to here is applied and durable; 0 only for a member that knows
                              nothing */
  uint64_t snapshot_term;
  uint64_t configuration_index;
  const raft_core_server* servers;
  size_t server_count;
  uint64_t first_index; /* of `entries`; at most snapshot_index + 1 */
  const raft_core_entry* entries;
  size_t entry_count;
} raft_core_start;

/* NULL when out of memory. */
raft_core* raft_core_new(uint64_t id, unsigned seed, unsigned election_ms, unsigned heartbeat_ms);
void raft_core_free(raft_core* core);

/* Each returns RAFT_CORE_OK, or why not; after RAFT_CORE_FAILED the core is of no more use. Times in
 * milliseconds. */
int raft_core_begin(raft_core* core, uint64_t now, const raft_core_start* start, raft_core_update* update);
int raft_core_receive(raft_core* core, uint64_t now, const raft_core_message* message,
                      raft_core_update* update);
int raft_core_tick(raft_core* core, uint64_t now, raft_core_update* update);
int raft_core_submit(raft_core* core, uint64_t now, const raft_core_entry* entries, uint32_t count,
                     raft_core_update* update);
int raft_core_persisted(raft_core* core, uint64_t now, uint64_t index, raft_core_update* update);
/* The change entry at `index` was committed. */
int raft_core_configured(raft_core* core, uint64_t now, uint64_t index, const raft_core_server* servers,
                         size_t count, raft_core_update* update);
/* Everything up to `index` is applied; entries before first_kept are gone from the log. */
int raft_core_compacted(raft_core* core, uint64_t now, uint64_t index, uint64_t term, uint64_t first_kept,
                        uint64_t configuration_index, const raft_core_server* servers, size_t count,
                        raft_core_update* update);

/* From now on it votes and keeps what it is sent, but never stands for election. It must be a follower. */
void raft_core_only_follow(raft_core* core);

/* The process of another member is gone, as far as the network knows. Where this member follows it, it
 * forgets its leader and stands for election soon, the voters one after the other, up to three times. Nothing
 * happens otherwise. That it is wrong may cost an election, and nothing else. */
void raft_core_gone(raft_core* core, uint64_t now, uint64_t id);

/* Hands leadership to another voter; FAILED when `id` is none. */
int raft_core_transfer(raft_core* core, uint64_t now, uint64_t id, raft_core_update* update);

uint64_t raft_core_term(const raft_core* core);
uint64_t raft_core_voted_for(const raft_core* core);
uint64_t raft_core_commit_index(const raft_core* core);
uint64_t raft_core_deadline(const raft_core* core);
uint64_t raft_core_leader(const raft_core* core);
/* To whom leadership is being handed; 0 for nobody. */
uint64_t raft_core_transferee(const raft_core* core);
/* The last entry a member is known to have; 0 unless this member leads. */
uint64_t raft_core_match_index(const raft_core* core, uint64_t id);
int raft_core_state(const raft_core* core);
const char* raft_core_error(int code);

#ifdef __cplusplus
}
#endif
