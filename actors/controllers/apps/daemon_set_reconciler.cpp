#include "actors/controllers/apps/daemon_set_reconciler.hpp"

#include "actors/controllers/apps/daemon_rollout.hpp"
#include "actors/controllers/ownership.hpp"
#include "schema/base/json.hpp"
#include "schema/tables/resource_table.hpp"

#include <algorithm>
#include <set>

namespace actord::actors {

namespace {

/// Pods made or removed in one round; the next follows as soon as all were answered.
constexpr std::size_t burst = 500;
constexpr std::string_view hash_label = "controller-revision-hash";
constexpr std::string_view generation_label = "pod-template-generation";

std::string_view label(const schema::meta_view& meta, std::string_view name) {
  const auto found = meta.labels.find(name);
  return found == meta.labels.end() ? std::string_view() : std::string_view(found->second);
}

/// Of a revision made by hand the name does as well.
std::string_view hash_of(const schema::revision_view& revision) {
  const std::string_view hash = label(revision.meta, hash_label);
  return hash.empty() ? std::string_view(revision.meta.name) : hash;
}

std::int64_t resolved(const schema::count_or_percent& count, std::int64_t whole) {
  return count.percent ? (count.number * whole + 99) / 100 : count.number;
}

json status_patch(const schema::daemon_set_status_view& status) {
  const auto unless_zero = [](std::int64_t number) { return number == 0 ? json() : json(number); };
  return {{"status",
           {{"currentNumberScheduled", status.current},
            {"numberMisscheduled", status.misscheduled},
            {"desiredNumberScheduled", status.desired},
            {"numberReady", status.ready},
            {"updatedNumberScheduled", unless_zero(status.updated)},
            {"numberAvailable", unless_zero(status.available)},
            {"numberUnavailable", unless_zero(status.unavailable)},
            {"observedGeneration", unless_zero(status.observed_generation)}}}};
}

/// One decision in the making.
class round {
public:
  round(const daemon_set_state& given, wall_time at) : state_(given), set_(given.set.view), now_(at) {}

  plan decide() {
    claim_pods();
    history_ = claim_revisions(history_owner(set_), state_.revisions, out_);
    if (out_.acts()) return finish("ownership first");
    if (set_.meta.being_deleted()) return finish("being deleted");
    if (!history_.settled()) return begin_revision();
    for (const seen_revision* const revision : history_.equal) hashes_.insert(hash_of(revision->view));
    ask_nodes();
    for (const auto& [node, verdict] : verdicts_) keep(node, verdict);
    remove_stranded();
    // Nodes without a pod, and those whose pods have just been told to go, are not to be forgotten in the
    // count.
    if (!set_.on_delete && missing_.empty() && removed_.empty()) roll();
    create_pods();
    trim();
    submit_status();
    return finish({});
  }

private:
  void claim_pods() {
    const schema::owner_view owner = controller_reference("apps/v1", "DaemonSet", set_.meta);
    for (const daemon_pod& pod : state_.pods) {
      const schema::meta_view& meta = pod.facts.meta;
      switch (claim_of(meta, set_.meta.uid, !set_.meta.being_deleted(), set_.selector)) {
      case claim::ours:
        // What has ended and is going is nobody's business any more.
        if (!pod.facts.finished() || !meta.being_deleted()) by_node_[pod.target].push_back(&pod);
        ours_.push_back(&pod);
        break;
      case claim::adopt:
        out_.patch.push_back(adopt(pod_key(meta.name), meta, pod.facts.at, owner));
        break;
      case claim::release:
        out_.patch.push_back(release(pod_key(meta.name), meta, pod.facts.at, set_.meta.uid));
        break;
      case claim::none:
        break;
      }
    }
    // The oldest first, and what has a node before what has none.
    for (auto& [node, pods] : by_node_)
      std::stable_sort(pods.begin(), pods.end(), [](const auto* left, const auto* right) {
        const auto rank = [](const daemon_pod& pod) {
          return std::make_tuple(pod.facts.node_name.empty(), pod.facts.meta.created, pod.facts.meta.name);
        };
        return rank(*left) < rank(*right);
      });
  }

  /// Pods name their revision: it comes first.
  plan begin_revision() {
    if (history_.equal.empty() && state_.revision_name_taken) {
      out_.patch.push_back({state_.key,
                            "status",
                            set_.meta.uid,
                            std::nullopt,
                            {{"status", {{"collisionCount", set_.status.collision_count.value_or(0) + 1}}}},
                            "the next revision's name is taken"});
      return finish("the next revision's name is taken: another hash");
    }
    write_revision(history_owner(set_), history_, out_);
    return finish("new template: new revision");
  }

  void ask_nodes() {
    for (const daemon_node& node : state_.nodes) {
      const daemon_verdict verdict = verdict_on(set_, node);
      verdicts_.emplace(node.name, verdict);
      if (verdict.run) ++desired_;
    }
  }

  [[nodiscard]] const std::vector<const daemon_pod*>& pods_on(const std::string& node) const {
    static const std::vector<const daemon_pod*> none;
    const auto found = by_node_.find(node);
    return found == by_node_.end() ? none : found->second;
  }

  [[nodiscard]] bool is_present(const daemon_pod& pod) const {
    const std::string_view generation = label(pod.facts.meta, generation_label);
    return hashes_.contains(label(pod.facts.meta, hash_label)) ||
           (!generation.empty() && generation == set_.template_generation());
  }
  [[nodiscard]] bool is_available(const daemon_pod& pod) const {
    return available(pod.facts, set_.min_ready_s, now_);
  }
  [[nodiscard]] bool surges() const { return !set_.on_delete && resolved(set_.max_surge, 100) > 0; }

  void keep(const std::string& node, const daemon_verdict& verdict) {
    const auto& pods = pods_on(node);
    if (verdict.run && pods.empty()) {
      missing_.insert(node);
      return;
    }
    std::vector<const daemon_pod*> running;
    for (const daemon_pod* const pod : pods) {
      if (pod->facts.meta.being_deleted()) continue;
      if (!verdict.stay)
        remove(*pod, "the set wants none on this node");
      else if (pod->facts.finished())
        remove_ended(*pod);
      else
        running.push_back(pod);
    }
    if (!verdict.stay) return;
    if (surges())
      keep_pair(node, verdict, running);
    else
      for (std::size_t i = 1; i < running.size(); ++i) remove(*running[i], "one on a node is enough");
  }

  void remove_ended(const daemon_pod& pod) {
    const std::string& name = pod.facts.meta.name;
    const bool failed = pod.facts.phase == "Failed";
    const std::string what = state_.key.space + '/' + name + " on node " + pod.target;
    if (const auto rest = state_.rests.find(pod.target);
        failed && rest != state_.rests.end() && rest->second > now_)
      return look_again(rest->second);
    if (failed)
      out_.events.push_back(
          {true, "FailedDaemonPod", "Found failed daemon pod " + what + ", will try to kill it"});
    else
      out_.events.push_back(
          {false, "SucceededDaemonPod", "Found succeeded daemon pod " + what + ", will try to delete it"});
    remove(pod, "it has ended: another takes its place");
  }

  /// An old and a new one side by side, while the old one serves and the new one not yet.
  void keep_pair(const std::string& node, const daemon_verdict& verdict,
                 const std::vector<const daemon_pod*>& running) {
    if (running.empty() && verdict.run) missing_.insert(node);
    const daemon_pod* present = nullptr;
    const daemon_pod* old = nullptr;
    for (const daemon_pod* const pod : running) {
      const daemon_pod*& place = is_present(*pod) ? present : old;
      if (place != nullptr)
        remove(*pod, "one on a node is enough");
      else
        place = pod;
    }
    if (present != nullptr && old != nullptr && (!old->facts.ready || is_available(*present)))
      remove(*old, "the new one takes over");
  }

  /// Pods that no scheduler will ever place: their node is gone.
  void remove_stranded() {
    for (const daemon_pod* const pod : ours_)
      if (pod->facts.node_name.empty() && !pod->facts.meta.being_deleted() && !pod->target.empty() &&
          !verdicts_.contains(pod->target))
        remove(*pod, "its node is gone");
  }

  void roll() {
    std::vector<daemon_place> places;
    for (const auto& [node, pods] : by_node_) {
      daemon_place place{.node = node};
      const auto verdict = verdicts_.find(node);
      if (verdict == verdicts_.end()) continue;
      place.wanted = verdict->second.run;
      for (const daemon_pod* const pod : pods) {
        if (pod->facts.meta.being_deleted()) continue;
        const bool present = is_present(*pod);
        const replica_pod*& slot = present ? place.present : place.old;
        place.crowded = place.crowded || slot != nullptr;
        slot = &pod->facts;
        (present ? place.present_available : place.old_available) = is_available(*pod);
      }
      places.push_back(std::move(place));
    }
    std::int64_t unavailable = resolved(set_.max_unavailable, desired_);
    const std::int64_t surge = resolved(set_.max_surge, desired_);
    if (unavailable == 0 && surge == 0) unavailable = 1;
    const daemon_step step =
        surge == 0 ? replace_in_place(places, unavailable) : replace_beside(places, surge, desired_);
    for (const replica_pod* const pod : step.remove) remove_pod(*pod, "it has an old revision");
    for (const std::string& node : step.create_on) missing_.insert(node);
    if (!step.remove.empty() || !step.create_on.empty()) rolling_ = true;
  }

  void remove(const daemon_pod& pod, std::string note) { remove_pod(pod.facts, std::move(note)); }

  void remove_pod(const replica_pod& pod, std::string note) {
    if (out_.remove.size() >= burst || !removed_.insert(pod.meta.name).second) return;
    out_.remove.push_back({pod_key(pod.meta.name), pod.meta.uid, std::nullopt, propagation::by_default,
                           std::move(note),
                           planned_event{false, "SuccessfulDelete", "Deleted pod: " + pod.meta.name}});
  }

  void create_pods() {
    // After a refusal (a quota, an admission rule) one pod tries whether it still holds.
    std::size_t room = state_.refusal.empty() ? burst : 1;
    const std::string_view hash = hash_of(history_.newest()->view);
    for (const std::string& node : missing_) {
      if (room-- == 0) return;
      out_.create.push_back({pod_key(""), daemon_pod_body(set_, node, hash), "for node " + node,
                             planned_event{false, "SuccessfulCreate", "Created pod: {}"}});
    }
  }

  void trim() {
    std::set<std::string_view> used;
    for (const seen_revision* const revision : history_.all) {
      const std::string_view hash = hash_of(revision->view);
      const bool live =
          revision == history_.newest() || std::any_of(ours_.begin(), ours_.end(), [&](const auto* pod) {
            return label(pod->facts.meta, hash_label) == hash;
          });
      if (live) used.insert(revision->view.meta.name);
    }
    trim_revisions(history_, used, set_.revision_history_limit, out_);
  }

  void submit_status() {
    schema::daemon_set_status_view next;
    next.observed_generation = set_.meta.generation;
    next.collision_count = set_.status.collision_count;
    next.desired = desired_;
    for (const auto& [node, verdict] : verdicts_) {
      const auto& pods = pods_on(node);
      if (pods.empty()) continue;
      if (!verdict.run) {
        ++next.misscheduled;
        continue;
      }
      ++next.current;
      const daemon_pod& oldest = *pods.front();
      if (oldest.facts.ready) ++next.ready;
      if (is_available(oldest)) ++next.available;
      if (is_present(oldest)) ++next.updated;
    }
    for (const daemon_pod* const pod : ours_)
      if (const auto when = available_at(pod->facts, set_.min_ready_s, now_)) look_again(*when);
    next.unavailable = next.desired - next.available;
    ready_ = next.ready;
    if (next != set_.status)
      out_.patch.push_back({state_.key, "status", set_.meta.uid, std::nullopt, status_patch(next), "status"});
  }

  void look_again(wall_time when) {
    if (!out_.requeue_at || when < *out_.requeue_at) out_.requeue_at = when;
  }

  plan finish(std::string verdict) {
    out_.verdict = !verdict.empty()
                       ? std::move(verdict)
                       : std::string(rolling_ ? "rolling update: " : "") + std::to_string(ready_) + " of " +
                             std::to_string(desired_) + " nodes have a ready pod";
    return std::move(out_);
  }

  [[nodiscard]] object_key pod_key(const std::string& name) const {
    return {schema::builtin("", "pods").id, state_.key.space, name};
  }

  const daemon_set_state& state_;
  const schema::daemon_set_view& set_;
  const wall_time now_;
  plan out_;
  std::vector<const daemon_pod*> ours_;
  std::map<std::string, std::vector<const daemon_pod*>, std::less<>> by_node_;
  revision_history history_;
  std::set<std::string_view> hashes_; ///< of pods that are up to date
  std::map<std::string, daemon_verdict, std::less<>> verdicts_;
  std::int64_t desired_ = 0, ready_ = 0;
  std::set<std::string> missing_; ///< nodes that get a pod in this round
  std::set<std::string> removed_;
  bool rolling_ = false;
};

} // namespace

revision_owner history_owner(const schema::daemon_set_view& set) {
  return {"DaemonSet", set.meta, set.pod_template, set.selector, set.status.collision_count.value_or(0),
          hash_label};
}

plan reconcile(const daemon_set_state& state, wall_time now) { return round(state, now).decide(); }

} // namespace actord::actors
