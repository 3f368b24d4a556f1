#include "actors/controllers/apps/deployment_reconciler.hpp"

#include "actors/controllers/apps/deployment_status.hpp"
#include "actors/controllers/apps/name_hash.hpp"
#include "actors/controllers/apps/rollout.hpp"
#include "actors/controllers/ownership.hpp"
#include "schema/base/json.hpp"
#include "schema/tables/resource_table.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace actord::actors {

namespace {

constexpr std::string_view hash_label = "pod-template-hash";
constexpr std::string_view revision_annotation = "deployment.kubernetes.io/revision";
constexpr std::string_view history_annotation = "deployment.kubernetes.io/revision-history";
constexpr std::string_view desired_annotation = "deployment.kubernetes.io/desired-replicas";
constexpr std::string_view max_annotation = "deployment.kubernetes.io/max-replicas";
constexpr std::string_view applied_annotation = "kubectl.kubernetes.io/last-applied-configuration";
constexpr std::string_view rollback_annotation = "deprecated.deployment.rollback.to";

using replica_set = seen<schema::replica_set_view>;

/// Missing or broken numbers read as 0, which no annotation of ours ever says.
std::int64_t number_in(const schema::text_map& annotations, std::string_view name) {
  const auto found = annotations.find(name);
  std::int64_t out = 0;
  if (found == annotations.end()) return 0;
  const char* const end = found->second.data() + found->second.size();
  return std::from_chars(found->second.data(), end, out).ptr == end ? out : 0;
}

/// The Deployment's annotations that its ReplicaSets carry too: all but those that describe the Deployment
/// itself.
bool is_inherited(std::string_view annotation) {
  return annotation != applied_annotation && annotation != revision_annotation &&
         annotation != history_annotation && annotation != desired_annotation &&
         annotation != max_annotation && annotation != rollback_annotation;
}

std::int64_t resolved(const schema::count_or_percent& count, std::int64_t whole, bool up) {
  if (!count.percent) return count.number;
  return (count.number * whole + (up ? 99 : 0)) / 100;
}

/// One decision in the making.
class round {
public:
  round(const deployment_state& state, wall_time now)
      : state_(state), deployment_(state.deployment.view), now_(now), bounds_(bounds_of(deployment_)) {}

  plan decide() {
    claim_sets();
    find_newest();
    if (deployment_.meta.being_deleted()) return finish("being deleted: status only", false);
    if (out_.acts()) return finish("ownership first", false);
    if (deployment_.paused || is_scaling())
      scale();
    else if (deployment_.recreate)
      recreate();
    else
      roll_on();
    keep_newest_annotated();
    submit_sizes();
    return finish(std::move(verdict_), !deployment_.paused && !scaling_);
  }

private:
  void claim_sets() {
    const bool alive = !deployment_.meta.being_deleted();
    for (const replica_set& set : state_.sets) {
      switch (claim_of(set.view.meta, deployment_.meta.uid, alive, deployment_.selector)) {
      case claim::ours:
        members_.push_back(&set);
        break;
      case claim::adopt:
        out_.patch.push_back(adopt(key_of(set), set.view.meta, set.at,
                                   controller_reference("apps/v1", "Deployment", deployment_.meta)));
        break;
      case claim::release:
        out_.patch.push_back(release(key_of(set), set.view.meta, set.at, deployment_.meta.uid));
        break;
      case claim::none:
        break;
      }
    }
  }

  void find_newest() {
    std::stable_sort(members_.begin(), members_.end(), [](const auto* left, const auto* right) {
      return std::tie(left->view.meta.created, left->view.meta.name) <
             std::tie(right->view.meta.created, right->view.meta.name);
    });
    // Should several have the template, the oldest counts: the others shrink away.
    for (const replica_set* const set : members_)
      if (newest_ == nullptr && same_template(deployment_.pod_template, set->view.pod_template))
        newest_ = set;
    for (const replica_set* const set : members_) {
      const schema::replica_set_view& view = set->view;
      sizes_.push_back({view.replicas, view.status.available,
                        number_in(view.meta.annotations, max_annotation),
                        view.meta.created.value_or(wall_time{}), set == newest_, view.replicas});
      if (set != newest_)
        max_old_revision_ =
            std::max(max_old_revision_, number_in(view.meta.annotations, revision_annotation));
    }
  }

  [[nodiscard]] rollout_goal goal() const {
    return {deployment_.replicas, bounds_, deployment_.status.replicas};
  }

  /// The size asked for is not the one its sets were last told.
  bool is_scaling() {
    scaling_ = std::any_of(members_.begin(), members_.end(), [&](const auto* set) {
      const auto told = set->view.meta.annotations.find(desired_annotation);
      return set->view.replicas > 0 && told != set->view.meta.annotations.end() &&
             number_in(set->view.meta.annotations, desired_annotation) != deployment_.replicas;
    });
    return scaling_;
  }

  void scale() {
    verdict_ = deployment_.paused ? "paused: only the size follows" : "size changed";
    annotate_active_ = true;
    const auto active =
        std::count_if(sizes_.begin(), sizes_.end(), [](const set_size& size) { return size.replicas > 0; });
    if (active <= 1) {
      if (sizes_.empty()) return;
      auto chosen =
          std::find_if(sizes_.begin(), sizes_.end(), [](const auto& size) { return size.replicas > 0; });
      if (chosen == sizes_.end())
        chosen = std::find_if(sizes_.begin(), sizes_.end(), [](const auto& size) { return size.newest; });
      if (chosen == sizes_.end()) chosen = std::prev(sizes_.end());
      chosen->target = deployment_.replicas;
    } else if (newest_is_saturated()) {
      for (set_size& size : sizes_)
        if (!size.newest) size.target = 0;
    } else if (!deployment_.recreate) {
      scale_in_proportion(sizes_, goal());
    }
    if (deployment_.paused) clean_up_history();
  }

  [[nodiscard]] bool newest_is_saturated() const {
    return newest_ != nullptr && newest_->view.replicas == deployment_.replicas &&
           number_in(newest_->view.meta.annotations, desired_annotation) == deployment_.replicas &&
           newest_->view.status.available == deployment_.replicas;
  }

  void roll_on() {
    if (newest_ == nullptr) return create_newest(first_size(sizes_, goal()));
    roll(sizes_, goal());
    verdict_ = unchanged() ? "rolling update: nothing to move" : "rolling update";
    if (unchanged() && complete()) {
      verdict_ = "complete";
      clean_up_history();
    }
  }

  void recreate() {
    bool shrinking = false;
    for (set_size& size : sizes_)
      if (!size.newest && size.replicas > 0) {
        size.target = 0;
        shrinking = true;
      }
    verdict_ = "recreate: old sets go first";
    if (shrinking) return;
    verdict_ = "recreate: old pods still run";
    if (state_.old_pods_live) return;
    if (newest_ == nullptr) return create_newest(deployment_.replicas);
    verdict_ = "recreate";
    for (set_size& size : sizes_)
      if (size.newest) size.target = deployment_.replicas;
    if (unchanged() && complete()) {
      verdict_ = "complete";
      clean_up_history();
    }
  }

  [[nodiscard]] bool unchanged() const {
    return std::all_of(sizes_.begin(), sizes_.end(),
                       [](const auto& size) { return size.target == size.replicas; });
  }

  [[nodiscard]] bool complete() const { return is_complete(deployment_, deployment_.status); }

  void create_newest(std::int64_t replicas) {
    if (state_.name_taken) {
      verdict_ = "the next set's name is taken: another hash";
      collided_ = true;
      return;
    }
    created_name_ = replica_set_name(deployment_);
    created_replicas_ = replicas;
    verdict_ = "new template: new set";
    const std::string hash = template_hash(deployment_);
    json pod_template = json::parse(deployment_.pod_template.text, nullptr, false);
    if (!pod_template.is_object()) pod_template = json::object();
    pod_template["metadata"]["labels"][std::string(hash_label)] = hash;
    json selector = json::parse(deployment_.selector_text, nullptr, false);
    if (!selector.is_object()) selector = json::object();
    selector["matchLabels"][std::string(hash_label)] = hash;
    json annotations = size_annotations();
    for (const auto& [name, value] : deployment_.meta.annotations)
      if (is_inherited(name)) annotations[name] = value;
    annotations[std::string(revision_annotation)] = std::to_string(max_old_revision_ + 1);
    json body{
        {"apiVersion", "apps/v1"},
        {"kind", "ReplicaSet"},
        {"metadata",
         {{"name", created_name_},
          {"namespace", state_.key.space},
          {"labels", pod_template["metadata"]["labels"]},
          {"annotations", std::move(annotations)},
          {"ownerReferences",
           json::array({to_json(controller_reference("apps/v1", "Deployment", deployment_.meta))})}}},
        {"spec",
         {{"replicas", replicas}, {"selector", std::move(selector)}, {"template", std::move(pod_template)}}}};
    if (deployment_.min_ready_s > 0) body["spec"]["minReadySeconds"] = deployment_.min_ready_s;
    std::optional<planned_event> announce;
    if (replicas > 0) announce = scaled("up", created_name_, "0 to " + std::to_string(replicas));
    out_.create.push_back(
        {{set_resource(), state_.key.space, created_name_},
         std::move(body),
         "revision " + std::to_string(max_old_revision_ + 1) + " with " + std::to_string(replicas),
         std::move(announce)});
  }

  static planned_event scaled(const std::string& direction, const std::string& set,
                              const std::string& change) {
    return {false, "ScalingReplicaSet", "Scaled " + direction + " replica set " + set + " from " + change};
  }

  [[nodiscard]] json size_annotations() const {
    return {{std::string(desired_annotation), std::to_string(deployment_.replicas)},
            {std::string(max_annotation), std::to_string(deployment_.replicas + bounds_.surge)}};
  }

  /// The newest set carries the Deployment's annotations and the highest revision number.
  void keep_newest_annotated() {
    if (newest_ == nullptr) return;
    const auto& has = newest_->view.meta.annotations;
    for (const auto& [name, value] : deployment_.meta.annotations) {
      const auto found = has.find(name);
      if (is_inherited(name) && (found == has.end() || found->second != value))
        newest_annotations_[name] = value;
    }
    const std::int64_t revision = number_in(has, revision_annotation);
    if (revision <= max_old_revision_) {
      newest_annotations_[std::string(revision_annotation)] = std::to_string(max_old_revision_ + 1);
      if (revision > 0) {
        const auto history = has.find(history_annotation);
        newest_annotations_[std::string(history_annotation)] =
            (history == has.end() ? "" : history->second + ',') + std::to_string(revision);
      }
    }
  }

  void submit_sizes() {
    const json sizes = size_annotations();
    for (std::size_t i = 0; i < members_.size(); ++i) {
      const schema::replica_set_view& view = members_[i]->view;
      const std::int64_t target = sizes_[i].target;
      json annotations = members_[i] == newest_ ? newest_annotations_ : json::object();
      if (target != view.replicas || (annotate_active_ && view.replicas > 0))
        for (const auto& [name, value] : sizes.items()) {
          const auto found = view.meta.annotations.find(name);
          if (found == view.meta.annotations.end() || found->second != value.get_ref<const std::string&>())
            annotations[name] = value;
        }
      json patch = json::object();
      std::string note = "annotations";
      std::optional<planned_event> announce;
      if (!annotations.empty()) patch["metadata"]["annotations"] = std::move(annotations);
      if (members_[i] == newest_ && view.min_ready_s != deployment_.min_ready_s)
        patch["spec"]["minReadySeconds"] = deployment_.min_ready_s;
      if (target != view.replicas) {
        patch["spec"]["replicas"] = target;
        const std::string change = std::to_string(view.replicas) + " to " + std::to_string(target);
        const std::string direction = target > view.replicas ? "up" : "down";
        note = "scale " + direction + " from " + change;
        announce = scaled(direction, view.meta.name, change);
      }
      if (!patch.empty())
        out_.patch.push_back({key_of(*members_[i]), "", view.meta.uid, members_[i]->at, std::move(patch),
                              note, std::move(announce)});
    }
  }

  /// Keeps the newest `revisionHistoryLimit` of the empty older sets, to roll back to.
  void clean_up_history() {
    std::vector<const replica_set*> old;
    for (const replica_set* const set : members_)
      if (set != newest_ && !set->view.meta.being_deleted()) old.push_back(set);
    std::stable_sort(old.begin(), old.end(), [](const auto* left, const auto* right) {
      return number_in(left->view.meta.annotations, revision_annotation) <
             number_in(right->view.meta.annotations, revision_annotation);
    });
    const std::int64_t surplus = static_cast<std::int64_t>(old.size()) - deployment_.revision_history_limit;
    for (std::int64_t i = 0; i < surplus; ++i) {
      const replica_set& set = *old[static_cast<std::size_t>(i)];
      const bool idle = set.view.replicas == 0 && set.view.status.replicas == 0 &&
                        set.view.meta.generation <= set.view.status.observed_generation;
      if (idle)
        out_.remove.push_back(
            {key_of(set), set.view.meta.uid, set.at, propagation::background, "beyond the history limit"});
    }
  }

  plan finish(std::string verdict, bool rolling) {
    status_input input{deployment_, {}, nullptr, created_name_, created_replicas_, now_, rolling, collided_};
    for (const replica_set* const set : members_) input.sets.push_back(&set->view);
    if (newest_ != nullptr) input.newest = &newest_->view;
    const schema::deployment_status_view status = next_status(input);
    submit_revision();
    if (status != deployment_.status)
      out_.patch.push_back(
          {state_.key, "status", deployment_.meta.uid, std::nullopt, status_patch(status), "status"});
    if (rolling) out_.requeue_at = progress_check(deployment_, status);
    out_.requeue_at =
        out_.requeue_at ? std::max(*out_.requeue_at, now_ + std::chrono::seconds(1)) : out_.requeue_at;
    out_.verdict = std::move(verdict);
    return std::move(out_);
  }

  /// The Deployment shows the revision of its newest set.
  void submit_revision() {
    if (newest_ == nullptr && created_name_.empty()) return;
    const std::int64_t newest =
        newest_ == nullptr ? 0 : number_in(newest_->view.meta.annotations, revision_annotation);
    const std::int64_t revision = std::max(newest, max_old_revision_ + 1);
    if (number_in(deployment_.meta.annotations, revision_annotation) == revision) return;
    out_.patch.push_back(
        {state_.key,
         "",
         deployment_.meta.uid,
         state_.deployment.at,
         {{"metadata", {{"annotations", {{std::string(revision_annotation), std::to_string(revision)}}}}}},
         "revision " + std::to_string(revision)});
  }

  static resource_id set_resource() { return schema::builtin("apps", "replicasets").id; }
  [[nodiscard]] object_key key_of(const replica_set& set) const {
    return {set_resource(), state_.key.space, set.view.meta.name};
  }

  const deployment_state& state_;
  const schema::deployment_view& deployment_;
  const wall_time now_;
  const rollout_bounds bounds_;
  plan out_;
  std::string verdict_;
  std::vector<const replica_set*> members_; ///< oldest first; sizes_ runs parallel
  std::vector<set_size> sizes_;
  const replica_set* newest_ = nullptr;
  std::int64_t max_old_revision_ = 0;
  json newest_annotations_ = json::object();
  bool annotate_active_ = false;
  bool scaling_ = false;
  bool collided_ = false;
  std::string created_name_;
  std::int64_t created_replicas_ = 0;
};

} // namespace

rollout_bounds bounds_of(const schema::deployment_view& deployment) {
  if (deployment.recreate) return {};
  rollout_bounds out{resolved(deployment.max_surge, deployment.replicas, true),
                     resolved(deployment.max_unavailable, deployment.replicas, false)};
  if (out.surge == 0 && out.unavailable == 0) out.unavailable = 1;
  out.unavailable = std::min(out.unavailable, deployment.replicas);
  return out;
}

std::string template_hash(const schema::deployment_view& deployment) {
  return name_hash(deployment.pod_template.text, deployment.status.collision_count);
}

std::string replica_set_name(const schema::deployment_view& deployment) {
  constexpr std::size_t longest_name = 253;
  const std::string suffix = '-' + template_hash(deployment);
  return deployment.meta.name.substr(0, longest_name - suffix.size()) + suffix;
}

bool same_template(const schema::pod_template_view& of_deployment, const schema::pod_template_view& of_set) {
  json theirs = json::parse(of_set.text, nullptr, false);
  json ours = json::parse(of_deployment.text, nullptr, false);
  for (json* const side : {&theirs, &ours}) {
    if (!side->is_object()) return false;
    const auto meta = side->find("metadata");
    if (meta == side->end() || !meta->is_object() || !meta->contains("labels")) continue;
    (*meta)["labels"].erase(std::string(hash_label));
    if ((*meta)["labels"].empty()) meta->erase("labels");
  }
  return theirs == ours;
}

plan reconcile(const deployment_state& state, wall_time now) { return round(state, now).decide(); }

} // namespace actord::actors
