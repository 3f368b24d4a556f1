#pragma once

namespace actord {

/// Of threads on which other machines wait within fractions of a second: consensus, and the wire between
/// nodes. They work little and rarely, but a heartbeat that is late by an election timeout costs a leader,
/// and on a machine whose cores are all busy a thread among hundreds has to wait for its turn.
///
/// Names the calling thread (15 characters) and lets it run before others, where the process may do that
/// (CAP_SYS_NICE); elsewhere it stays as it is. What it starts inherits that, so it starts nothing.
void make_thread_urgent(const char* name);

} // namespace actord
