#pragma once

#include "schema/base/clock.hpp"
#include "schema/base/result.hpp"
#include "schema/base/rng.hpp"
#include "storage/store.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>

namespace actord::storage {

class value_codec;

/// An empty directory becomes the first member of a new cluster.
struct begin_cluster {
  member_id self = 0; ///< 0: a random one
  std::string address = {};
};
/// An empty directory becomes a member of a cluster that has added it (or will): it knows nothing and answers
/// nothing until that cluster's leader has sent it what there is.
struct join_cluster {
  member_id self = 0;
  std::string cluster = {};
};

/// What a store keeps and how much it lets wait.
struct store_limits {
  /// History is kept at least this long, unless it outgrows history_bytes. The log on disk may hold twice as
  /// much.
  std::chrono::nanoseconds history_age = std::chrono::minutes(5);
  std::uint64_t history_bytes = 256ULL << 20U;
  /// Proposals that wait to be sealed; more are refused with too_many_requests.
  std::size_t queued_proposals = 16384;
  std::size_t queued_bytes = 64U << 20U;
  /// One batch: what others wait for.
  std::size_t batch_bytes = 4U << 20U;
  std::chrono::nanoseconds batch_time = std::chrono::milliseconds(5);
  /// Events kept in memory for watchers that keep up.
  std::size_t watch_buffer_bytes = 8U << 20U;
};

struct store_options {
  std::string directory;
  const clock_source& clock;
  random_source& random;
  store_limits limits = {};
  std::uint64_t map_bytes = 64ULL << 30U;
  /// Stored objects unless a test has values of its own.
  const value_codec* codec = nullptr;
  /// How it reaches other members; none for a cluster of one.
  std::unique_ptr<raft_transport> transport = nullptr;
  /// What an empty directory becomes. One that is not empty must be what it says: that member, unless it says
  /// 0, of that cluster (else `conflict`).
  std::variant<begin_cluster, join_cluster> begin = begin_cluster{};
};

/// Opens the store in a directory, or begins one in an empty one. Recovery is part of it: what was
/// acknowledged is there when it returns, and the store of a cluster of one leads. Runs one thread of its own
/// until destroyed; destroy cursors and snapshots first.
result<std::unique_ptr<store>> open_store(store_options options);

/// The same store without a disk or a thread, for tests: a proposal is answered before `propose` returns
/// (unless it is called from within an answer), and everything depends on nothing but the clock and the
/// random source given.
std::unique_ptr<store> open_memory_store(const clock_source& clock, random_source& random,
                                         const value_codec* codec = nullptr);

} // namespace actord::storage
