#include "actors/controllers/apps/stateful_set_reconciler.hpp"

#include "actors/controllers/apps/stateful_pods.hpp"
#include "actors/controllers/ownership.hpp"
#include "schema/base/json.hpp"
#include "schema/tables/resource_table.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace actord::actors {

namespace {

/// Pods made or removed in one round; the next follows as soon as all were answered.
constexpr std::size_t burst = 500;
/// How soon to look whether somebody else's pod of the wanted name is gone.
constexpr auto taken_check = std::chrono::seconds(5);

using set_view = schema::stateful_set_view;

std::string_view revision_of(const replica_pod& pod) {
  const auto found = pod.meta.labels.find(revision_label);
  return found == pod.meta.labels.end() ? std::string_view() : std::string_view(found->second);
}

json status_patch(const schema::stateful_set_status_view& status) {
  const auto unless_zero = [](std::int64_t number) { return number == 0 ? json() : json(number); };
  const auto unless_empty = [](const std::string& text) { return text.empty() ? json() : json(text); };
  return {{"status",
           {{"replicas", status.replicas},
            {"readyReplicas", unless_zero(status.ready)},
            {"currentReplicas", unless_zero(status.current)},
            {"updatedReplicas", unless_zero(status.updated)},
            {"availableReplicas", status.available},
            {"currentRevision", unless_empty(status.current_revision)},
            {"updateRevision", unless_empty(status.update_revision)},
            {"collisionCount", status.collision_count},
            {"observedGeneration", unless_zero(status.observed_generation)}}}};
}

/// One decision in the making.
class round {
public:
  round(const stateful_set_state& given, wall_time at) : state_(given), set_(given.set.view), now_(at) {}

  plan decide() {
    claim_pods();
    history_ = claim_revisions(history_owner(set_), state_.revisions, out_);
    if (out_.acts()) return finish("ownership first");
    const bool alive = !set_.meta.being_deleted();
    if (alive && !history_.settled()) return begin_revision();
    find_revisions();
    sort_pods();
    if (alive) {
      const bool whole = keep_replicas();
      // Where order counts, one thing at a time: what is missing, what is too much, what is old.
      if (whole && remove_condemned() && !set_.on_delete) replace_old();
      trim();
    }
    submit_status();
    return finish(alive ? verdict_ : "being deleted: status only");
  }

private:
  void claim_pods() {
    for (const replica_pod& pod : state_.pods) {
      const bool member = ordinal_of(set_, pod.meta.name).has_value();
      switch (claim_of(pod.meta, set_.meta.uid, !set_.meta.being_deleted(), set_.selector)) {
      case claim::ours:
        if (member)
          ours_.push_back(&pod);
        else if (!set_.meta.being_deleted() && !pod.meta.being_deleted())
          out_.patch.push_back(release(pod_key(pod.meta.name), pod.meta, pod.at, set_.meta.uid));
        break;
      case claim::adopt:
        if (member)
          out_.patch.push_back(adopt(pod_key(pod.meta.name), pod.meta, pod.at,
                                     controller_reference("apps/v1", "StatefulSet", set_.meta)));
        break;
      case claim::release:
        out_.patch.push_back(release(pod_key(pod.meta.name), pod.meta, pod.at, set_.meta.uid));
        break;
      case claim::none:
        break;
      }
    }
  }

  /// Pods name their revision: it comes first.
  plan begin_revision() {
    if (history_.equal.empty() && state_.revision_name_taken) {
      out_.patch.push_back(
          {state_.key,
           "status",
           set_.meta.uid,
           std::nullopt,
           {{"status",
             {{"replicas", set_.status.replicas}, {"collisionCount", set_.status.collision_count + 1}}}},
           "the next revision's name is taken"});
      return finish("the next revision's name is taken: another hash");
    }
    write_revision(history_owner(set_), history_, out_);
    return finish("new template: new revision");
  }

  void find_revisions() {
    update_ = history_.newest();
    current_ = history_.find(set_.status.current_revision);
    if (current_ == nullptr) current_ = update_;
  }

  void sort_pods() {
    for (const replica_pod* const pod : ours_) {
      const std::int64_t ordinal = *ordinal_of(set_, pod->meta.name);
      (ordinal >= set_.first_ordinal && ordinal < set_.end_ordinal() ? wanted_ : condemned_)[ordinal] = pod;
    }
    for (std::int64_t ordinal : missing_ordinals(set_, state_.pods)) missing_.insert(ordinal);
    // The lowest of the wanted ones that is not available; when all are, of the condemned.
    for (const auto& [ordinal, pod] : wanted_)
      if (first_unavailable_ == nullptr && is_unavailable(*pod)) first_unavailable_ = pod;
    for (const auto& [ordinal, pod] : condemned_)
      if (first_unavailable_ == nullptr && missing_.empty() && is_unavailable(*pod)) first_unavailable_ = pod;
  }

  /// Running, ready, for long enough, and not going.
  [[nodiscard]] bool is_unavailable(const replica_pod& pod) const {
    return pod.meta.being_deleted() || !is_available(pod);
  }
  [[nodiscard]] bool is_available(const replica_pod& pod) const {
    return pod.phase == "Running" && available(pod, set_.min_ready_s, now_);
  }

  /// What there is and what is missing, by ordinal. False where the round ends here.
  bool keep_replicas() {
    auto pod = wanted_.begin();
    auto gap = missing_.begin();
    while (pod != wanted_.end() || gap != missing_.end()) {
      const bool is_gap = gap != missing_.end() && (pod == wanted_.end() || *gap < pod->first);
      const bool goes_on = is_gap ? make(*gap++) : keep(*(pod++)->second);
      if (!goes_on && !set_.parallel) return false;
    }
    return true;
  }

  /// False where those after it have to wait.
  bool make(std::int64_t ordinal) {
    const std::string name = stateful_pod_name(set_, ordinal);
    // After a refusal (a quota, an admission rule) one pod tries whether it still holds.
    if (made_ >= (state_.refusal.empty() ? burst : 1)) return false;
    if (state_.taken.contains(name)) {
      verdict_ = "somebody else's pod has the name " + name;
      out_.events.push_back({true, "FailedCreate",
                             "create Pod " + name + " in StatefulSet " + set_.meta.name +
                                 " failed error: pods \"" + name + "\" already exists"});
      look_again(now_ + taken_check);
      return false;
    }
    if (!claims_are_there(name, "", ordinal)) return false;
    const bool old = is_made_old(ordinal);
    json pod_template =
        old ? template_in(current_->view) : json::parse(set_.pod_template.text, nullptr, false);
    out_.create.push_back(
        {pod_key(name),
         stateful_pod_body(set_, ordinal, std::move(pod_template),
                           (old ? current_ : update_)->view.meta.name),
         "ordinal " + std::to_string(ordinal) + " is missing",
         planned_event{false, "SuccessfulCreate",
                       "create Pod " + name + " in StatefulSet " + set_.meta.name + " successful"}});
    verdict_ = name + " is missing";
    ++made_;
    return false;
  }

  /// Below the partition pods keep the current revision; without one, as many as have it.
  [[nodiscard]] bool is_made_old(std::int64_t ordinal) const {
    if (set_.on_delete) return false;
    if (set_.partition) return ordinal < set_.first_ordinal + *set_.partition;
    const auto current = std::count_if(wanted_.begin(), wanted_.end(), [&](const auto& one) {
      return !one.second->meta.being_deleted() && revision_of(*one.second) == current_->view.meta.name;
    });
    return ordinal < set_.first_ordinal + current;
  }

  /// A pod's claims come before it. False while some are missing or going.
  bool claims_are_there(const std::string& pod, std::string_view uid, std::int64_t ordinal) {
    bool all = true;
    for (const auto& one : set_.claim_templates) {
      const std::string name = claim_name(set_, one, ordinal);
      const auto found = state_.claims.find(name);
      if (found == state_.claims.end()) {
        out_.create.push_back({{claim_resource(), state_.key.space, name},
                               claim_body(set_, one, ordinal),
                               "of pod " + pod,
                               planned_event{false, "SuccessfulCreate",
                                             fmt::format("create Claim {} Pod {} in StatefulSet {} success",
                                                         name, pod, set_.meta.name)}});
        verdict_ = "claims of " + pod + " first";
        all = false;
      } else if (found->second.view.being_deleted() || is_stale(found->second.view, {pod, uid})) {
        verdict_ = "claim " + name + " of an earlier pod has to go first";
        all = false;
      }
    }
    return all;
  }

  /// False where those after it have to wait.
  bool keep(const replica_pod& pod) {
    const std::int64_t ordinal = *ordinal_of(set_, pod.meta.name);
    if (pod.finished()) {
      verdict_ = pod.meta.name + " has ended";
      if (pod.meta.being_deleted()) return false;
      if (const auto rest = state_.rests.find(pod.meta.name);
          rest != state_.rests.end() && rest->second > now_)
        look_again(rest->second);
      else
        remove(pod, "it has ended: another takes its place");
      return false;
    }
    if (pod.phase == "Pending" && !pod.meta.being_deleted())
      claims_are_there(pod.meta.name, pod.meta.uid, ordinal);
    if (const auto when = available_at(pod, set_.min_ready_s, now_)) look_again(*when);
    if (is_unavailable(pod)) {
      verdict_ = "waits for " + pod.meta.name;
      if (!set_.parallel) return false;
    }
    if (pod.meta.being_deleted()) return true;
    keep_identity(pod, ordinal);
    keep_claim_owners(pod, ordinal, false);
    return true;
  }

  void keep_identity(const replica_pod& pod, std::int64_t ordinal) {
    const json wanted = identity_labels(pod.meta.name, ordinal);
    for (const auto& [name, value] : wanted.items()) {
      const auto found = pod.meta.labels.find(name);
      if (found != pod.meta.labels.end() && found->second == value.get_ref<const std::string&>()) continue;
      out_.patch.push_back({pod_key(pod.meta.name),
                            "",
                            pod.meta.uid,
                            std::nullopt,
                            {{"metadata", {{"labels", wanted}}}},
                            "its name and ordinal as labels"});
      return;
    }
  }

  bool keep_claim_owners(const replica_pod& pod, std::int64_t ordinal, bool is_condemned) {
    bool right = true;
    for (const auto& one : set_.claim_templates) {
      const auto found = state_.claims.find(claim_name(set_, one, ordinal));
      if (found == state_.claims.end()) continue;
      const schema::meta_view& meta = found->second.view;
      const auto owners = corrected_owners(meta, set_, {pod.meta.name, pod.meta.uid, is_condemned});
      if (!owners) continue;
      json list = json::array();
      for (const auto& owner : *owners) list.push_back(to_json(owner));
      if (list.empty()) list = nullptr;
      out_.patch.push_back({{claim_resource(), state_.key.space, meta.name},
                            "",
                            meta.uid,
                            found->second.at,
                            {{"metadata", {{"ownerReferences", std::move(list)}}}},
                            "by the claims' retention policy"});
      right = false;
    }
    return right;
  }

  /// Those beyond the wanted ordinals, the last first. True when none is left.
  bool remove_condemned() {
    bool right = true;
    for (auto one = condemned_.rbegin(); one != condemned_.rend(); ++one)
      right = keep_claim_owners(*one->second, one->first, true) && right;
    if (!right) {
      verdict_ = "claims of pods that go first";
      return false;
    }
    for (auto one = condemned_.rbegin(); one != condemned_.rend(); ++one) {
      const replica_pod& pod = *one->second;
      if (pod.meta.being_deleted()) {
        verdict_ = "waits for " + pod.meta.name + " to go";
        if (!set_.parallel) return false;
        continue;
      }
      if (!set_.parallel && is_unavailable(pod) && &pod != first_unavailable_) {
        if (const auto when = available_at(pod, set_.min_ready_s, now_)) look_again(*when);
        verdict_ = "waits for " + pod.meta.name + " before the set shrinks";
        return false;
      }
      verdict_ = "too many: " + pod.meta.name;
      remove(pod, "scale down to " + std::to_string(set_.replicas));
      if (!set_.parallel) return false;
    }
    return set_.parallel || condemned_.empty();
  }

  /// How many pods may be unavailable for an update; unset where it goes one by one from the last.
  [[nodiscard]] std::optional<std::int64_t> room() const {
    if (!set_.max_unavailable) return std::nullopt;
    const auto& limit = *set_.max_unavailable;
    const std::int64_t most = limit.percent ? (limit.number * set_.replicas + 99) / 100 : limit.number;
    const auto away = std::count_if(wanted_.begin(), wanted_.end(),
                                    [&](const auto& one) { return is_unavailable(*one.second); });
    return std::max<std::int64_t>(most, 1) - away - static_cast<std::int64_t>(missing_.size());
  }

  void replace_old() {
    const std::int64_t lowest = set_.first_ordinal + set_.partition.value_or(0);
    auto left = room();
    for (auto one = wanted_.rbegin(); one != wanted_.rend() && one->first >= lowest; ++one) {
      const replica_pod& pod = *one->second;
      if (left && *left <= 0) return;
      if (!left && missing_.upper_bound(one->first) != missing_.end()) return; // is being made
      if (revision_of(pod) != update_->view.meta.name && !pod.meta.being_deleted()) {
        if (!pod.finished()) remove(pod, "it has an old revision");
        verdict_ = "rolling update: " + pod.meta.name;
        if (!left) return;
        --*left;
      } else if (!left && is_unavailable(pod)) {
        verdict_ = "rolling update: waits for " + pod.meta.name;
        return;
      }
    }
  }

  void remove(const replica_pod& pod, std::string note) {
    if (out_.remove.size() >= burst) return;
    out_.remove.push_back(
        {pod_key(pod.meta.name), pod.meta.uid, std::nullopt, propagation::by_default, std::move(note),
         planned_event{false, "SuccessfulDelete",
                       "delete Pod " + pod.meta.name + " in StatefulSet " + set_.meta.name + " successful"}});
  }

  void trim() {
    std::set<std::string_view> used{current_->view.meta.name, update_->view.meta.name};
    for (const replica_pod* const pod : ours_) used.insert(revision_of(*pod));
    trim_revisions(history_, used, set_.revision_history_limit, out_);
  }

  void submit_status() {
    schema::stateful_set_status_view next;
    next.observed_generation = set_.meta.generation;
    next.collision_count = set_.status.collision_count;
    if (current_ != nullptr) next.current_revision = current_->view.meta.name;
    if (update_ != nullptr) next.update_revision = update_->view.meta.name;
    for (const replica_pod* const pod : ours_) {
      ++next.replicas;
      if (pod->phase == "Running" && pod->ready) ++next.ready;
      if (is_available(*pod)) ++next.available;
      if (pod->meta.being_deleted()) continue;
      if (revision_of(*pod) == next.current_revision) ++next.current;
      if (revision_of(*pod) == next.update_revision) ++next.updated;
    }
    if (!set_.on_delete && next.updated == set_.replicas && next.ready == set_.replicas &&
        next.replicas == set_.replicas) {
      next.current = next.updated;
      next.current_revision = next.update_revision;
    }
    if (next != set_.status)
      out_.patch.push_back({state_.key, "status", set_.meta.uid, std::nullopt, status_patch(next), "status"});
  }

  void look_again(wall_time when) {
    if (!out_.requeue_at || when < *out_.requeue_at) out_.requeue_at = when;
  }

  plan finish(std::string verdict) {
    out_.verdict = verdict.empty() ? std::to_string(ours_.size()) + " of " + std::to_string(set_.replicas) +
                                         " pods, nothing to do"
                                   : std::move(verdict);
    return std::move(out_);
  }

  static resource_id claim_resource() { return schema::builtin("", "persistentvolumeclaims").id; }
  [[nodiscard]] object_key pod_key(const std::string& name) const {
    return {schema::builtin("", "pods").id, state_.key.space, name};
  }

  const stateful_set_state& state_;
  const set_view& set_;
  const wall_time now_;
  plan out_;
  std::string verdict_;
  std::vector<const replica_pod*> ours_;
  revision_history history_;
  const seen_revision* update_ = nullptr;
  const seen_revision* current_ = nullptr;
  std::map<std::int64_t, const replica_pod*> wanted_, condemned_; ///< by ordinal
  std::set<std::int64_t> missing_;
  const replica_pod* first_unavailable_ = nullptr;
  std::size_t made_ = 0;
};

} // namespace

std::vector<std::int64_t> missing_ordinals(const schema::stateful_set_view& set,
                                           const std::vector<replica_pod>& pods) {
  std::set<std::int64_t> there;
  for (const replica_pod& pod : pods)
    if (const auto ordinal = ordinal_of(set, pod.meta.name)) there.insert(*ordinal);
  std::vector<std::int64_t> out;
  for (std::int64_t at = set.first_ordinal; at < set.end_ordinal() && out.size() < burst; ++at)
    if (!there.contains(at)) out.push_back(at);
  return out;
}

revision_owner history_owner(const schema::stateful_set_view& set) {
  return {"StatefulSet",
          set.meta,
          set.pod_template,
          set.selector,
          set.status.collision_count,
          "controller.kubernetes.io/hash"};
}

plan reconcile(const stateful_set_state& state, wall_time now) { return round(state, now).decide(); }

} // namespace actord::actors
