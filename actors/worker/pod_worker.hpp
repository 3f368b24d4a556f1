#pragma once

#include "actors/worker/pod_operations.hpp"
#include "actors/worker/pod_status.hpp"
#include "actors/worker/probe_tracker.hpp"
#include "schema/base/json.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

namespace actord::actors {

class pod_worker;
/// What an operation found, carried back into the pod's mailbox.
using pod_answer = std::function<void(pod_worker&)>;

/// What a pod worker needs of the actor that hosts it. All calls come from the mailbox's thread.
class pod_host {
public:
  virtual ~pod_host() = default;
  /// Runs the job on the worker pool and hands its answer to the mailbox.
  virtual void run(std::function<pod_answer()> job) = 0;
  /// Hands answers to the mailbox from any thread, and outlives it (then they go nowhere).
  [[nodiscard]] virtual std::function<void(pod_answer)> mailbox_of_answers() = 0;
  /// Calls `pod_worker::look` after this long (a later call replaces an earlier one).
  virtual void wake_after(std::chrono::nanoseconds wait) = 0;
  /// Writes the status; the answer comes as `pod_worker::status_written`.
  virtual void write_status(const schema::pod_view& pod, json status) = 0;
  /// Writes to the pod that this node runs it in this epoch (fence_terms.hpp); the answer comes as
  /// `pod_worker::claimed`.
  virtual void claim(std::uint64_t epoch) = 0;
  /// Tells the API that nothing of the pod is left here; the answer comes as `pod_worker::removal_written`.
  virtual void report_gone(const schema::pod_view& pod) = 0;
  virtual void record_event(const schema::pod_view& pod, bool warning, std::string_view reason,
                            std::string message) = 0;
  /// Nothing is left to do for this pod, ever.
  virtual void finished() = 0;
};

enum class claim_outcome : std::uint8_t { ours, gone, unknown };

/// One pod on its node: keeps what was observed, asks `decide` what to do, has it done, reports status. All
/// methods run on one mailbox; blocking work runs through pod_host::run, at most one operation per container
/// and one per pod.
///
/// Invariant: an operation in flight is named in `busy_`, and no second one of that name starts until its
/// answer came.
class pod_worker {
public:
  struct collaborators {
    pod_operations& operations;
    const clock_source& clock;
    pod_facts node; ///< without the pod's own address
    /// The number of the node's epoch, nothing while it has none. Unset: a node that needs none.
    std::function<std::optional<std::uint64_t>()> epoch = {};
  };

  pod_worker(collaborators with, pod_host& host);

  /// The pod as the API has it now, but for cpu and memory: those are what the node has set aside for it.
  void desire(schema::pod_view pod, allotment given = {});
  /// The pod is gone from the API (deleted by force): everything here ends at once.
  void forget();
  /// A container or the sandbox ended, or may have.
  void something_ended();
  /// Content that a volume shows has changed.
  void content_changed();
  /// Time passed.
  void look();
  void status_written(bool success);
  void removal_written(bool success);
  void claimed(std::uint64_t epoch, claim_outcome outcome);

  [[nodiscard]] std::string summary() const;

private:
  struct probe_run {
    probe_tracker tracker;
    bool running = false;
  };

  void inspect();
  void take_inventory(const pod_inventory& found);
  void take_container(const pod_inventory::container& found);
  void step();
  void carry_out(const pod_action& action);
  void do_prepare_volumes();
  void do_run_sandbox(int attempt);
  void do_start(const start_container& action);
  void do_resize();
  void resized(const resize_job& job, const resize_outcome& outcome);
  void tell_notes();
  /// Once for each attempt that ended and is not followed at once.
  void tell_back_offs(const pod_plan& plan);
  void do_stop(const stop_container& action);
  void do_kill(const kill_container& action);
  void do_remove(bool keep_volumes);
  void started(const std::string& name, int attempt, std::variant<started_container, start_failure> outcome);
  /// Begins an operation unless one of that name is under way.
  bool begin(const std::string& name) { return busy_.insert(name).second; }
  /// Trackers for a container that runs, newly started or adopted from before a restart of the daemon.
  void begin_probes(const schema::container_view& container, const container_observation& at);
  /// Its container runs and, unless it is the startup probe, has passed that.
  [[nodiscard]] bool may_run(const std::pair<std::string, probe_kind>& probe, const probe_run& run) const;
  void run_due_probes();
  void probed(const std::string& container, int attempt, probe_kind kind, const probe_outcome& outcome);
  void report(const pod_plan& plan);
  [[nodiscard]] bool ready_was_taken_away() const;
  void plan_next_look(const pod_plan& plan);
  /// Of a fenced pod nothing is started before it was claimed in the epoch that lasts.
  void hold_back(pod_plan& plan);
  [[nodiscard]] pod_facts facts() const;
  [[nodiscard]] const schema::container_view* spec_of(const std::string& name) const;
  [[nodiscard]] pod_intent intent() const;

  collaborators with_;
  pod_host& host_;
  schema::pod_view pod_;
  pod_observation seen_;
  status_facts facts_;
  pod_resizer resizer_;
  std::map<std::string, int> told_back_off_; ///< the latest attempt that people were told of, by container
  std::map<std::pair<std::string, probe_kind>, probe_run> probes_;
  std::set<std::string> busy_;
  bool inspected_ = false;
  bool inspect_again_ = false;
  bool refresh_volumes_ = false;
  bool forgotten_ = false;
  bool gone_reported_ = false;
  json reported_;
  bool status_in_flight_ = false;
  bool report_again_ = false;
  int status_failures_ = 0;
  steady_time status_not_before_{};
  std::optional<steady_time> look_at_;
  std::optional<std::uint64_t> claimed_in_; ///< epoch
  bool claim_in_flight_ = false;
};

} // namespace actord::actors
