#pragma once

#include "actors/worker/pod_lifecycle.hpp"
#include "actors/worker/resize/resize_plan.hpp"
#include "actors/worker/resize/resize_record.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace actord::actors {

/// A resize that its node has not set aside (yet).
struct pending_resize {
  std::string reason; ///< "Deferred" or "Infeasible"
  std::string message;
  std::int64_t generation = 0; ///< of the pod that asks for it
  pod_resources asked;

  bool operator==(const pending_resize&) const = default;
};

/// What the node's ledger has for one pod.
struct allotment {
  pod_resources resources;     ///< set aside
  std::int64_t generation = 0; ///< of the pod when it asked for these
  std::optional<pending_resize> pending;

  bool operator==(const allotment&) const = default;
};

/// What to do at once for a running pod.
struct resize_job {
  resize_plan plan;
  std::vector<std::string> containers; ///< have what they were given when all steps are done
  resize_record before;                ///< written down first
};

struct resize_outcome {
  std::string trouble;        ///< empty: all steps were done
  std::size_t steps_done = 0; ///< the first so many
  std::map<std::string, runtime::measured_resources> containers;
  std::optional<runtime::measured_resources> pod;
};

/// Something to tell people.
struct resize_note {
  bool warning = false;
  std::string reason;
  std::string message;
};

/// Takes one pod from the amounts in force to those set aside: says what is due, keeps what was done. No I/O;
/// its owner, the pod's worker, carries out jobs and saves records.
///
///   spec ──ledger──▶ allocated ──jobs, restarts──▶ actuated (what the latest attempt of a container runs
///   with)
class pod_resizer {
public:
  /// What an earlier daemon wrote down, if any; after the first `allot`, before anything is done. Containers
  /// that ran before there were records have what the pod asks for.
  void adopt(std::optional<resize_record> record, const schema::pod_view& pod, const pod_observation& seen);
  /// The pod carries the allotted amounts already.
  void allot(allotment given, const schema::pod_view& pod);

  /// Says in `seen` which containers must end and what else is due.
  void mark(const schema::pod_view& pod, pod_observation& seen) const;
  /// Nothing when nothing is due.
  [[nodiscard]] std::optional<resize_job> job(const schema::pod_view& pod, const pod_observation& seen) const;
  void done(const resize_job& job, const resize_outcome& outcome, wall_time now);

  void sandbox_made(const runtime::resource_limits& limits);
  /// To be written down before that attempt starts with what is set aside, or before it ends for that.
  [[nodiscard]] resize_record starting(const schema::pod_view& pod, const std::string& container,
                                       int attempt) const;
  /// It runs with what was written down for its start.
  void started(const std::string& container, int attempt, const resize_record& with);
  [[nodiscard]] resize_record ending(const std::string& container, int attempt) const;
  void ended_for_resize(const std::string& container, int attempt);
  [[nodiscard]] bool was_ended_for_resize(const std::string& container, int attempt) const;

  /// Events that became due since the last call.
  std::vector<resize_note> take_notes(const schema::pod_view& pod, const pod_observation& seen);

  [[nodiscard]] bool knows_amounts() const { return known_; }
  [[nodiscard]] const allotment& given() const { return given_; }
  [[nodiscard]] const resize_record& record() const { return record_; }
  /// A resize was set aside and is not in force yet: of which generation, and what is in its way.
  [[nodiscard]] std::optional<std::int64_t> in_progress() const { return progress_; }
  [[nodiscard]] const std::string& trouble() const { return trouble_; }

private:
  void begin(const schema::pod_view& pod);
  [[nodiscard]] const amount_texts& allocated(const std::string& container) const;
  [[nodiscard]] const resize_record::in_force* in_force(const std::string& container,
                                                        const container_observation& at) const;
  [[nodiscard]] bool restarts(const schema::pod_view& pod, const schema::container_view& container,
                              const container_observation& at) const;
  [[nodiscard]] bool unfinished(const schema::pod_view& pod, const pod_observation& seen) const;

  allotment given_;
  resize_record record_;
  bool known_ = false;   ///< there is an allotment, and it is in the record
  bool adopted_ = false; ///< the record is what was written down
  std::optional<std::int64_t> progress_;
  std::string trouble_;
  std::chrono::seconds back_off_{0};
  wall_time not_before_;
  std::optional<pending_resize> told_pending_;
  std::vector<resize_note> notes_;
};

} // namespace actord::actors
