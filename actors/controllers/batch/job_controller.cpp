#include "actors/controllers/batch/job_reconciler.hpp"
#include "actors/controllers/controller_kinds.hpp"
#include "actors/controllers/read_objects.hpp"
#include "schema/tables/resource_table.hpp"

namespace actord::actors {

namespace {

class job_kind final : public controller_kind {
public:
  [[nodiscard]] std::string_view name() const override { return "job"; }
  [[nodiscard]] std::vector<resource_id> watches() const override { return {jobs_, pods_}; }

  void all_keys(const storage::snapshot& now, std::vector<object_key>& keys) const override {
    all_keys_of(now, jobs_, keys);
  }

  void keys_for(const storage::store_event& event, const storage::snapshot& now,
                std::vector<object_key>& keys) const override {
    if (event.key.resource == jobs_) {
      keys.push_back(event.key);
      return;
    }
    const std::size_t before = keys.size();
    controllers_of(event, jobs_, keys);
    if (keys.size() > before || event.kind == storage::event_kind::removed) return;
    adopters_of(event, now, jobs_, schema::parse_job, keys);
  }

  [[nodiscard]] plan reconcile(const reconcile_input& input) const override {
    auto job = read_view(input.state, input.key, schema::parse_job);
    if (!job) return let_go(left_behind(input.state, input.key));
    job_state state;
    state.key = input.key;
    state.job = std::move(*job);
    if (input.refused_before != nullptr) state.refusal = input.refused_before->message;
    const schema::job_view& view = state.job.view;
    const auto take = [&](const schema::object_view& pod) {
      state.pods.push_back({schema::parse_pod(pod.text()), pod.at()});
    };
    each_controlled(input.state, pods_, view.meta.uid, take);
    each_orphan(input.state, pods_, input.key.space, view.selector, take);
    return actors::reconcile(state, input.now);
  }

private:
  /// Pods of a Job that is gone, by the label all have but those with a selector of their own.
  [[nodiscard]] std::vector<seen<schema::meta_view>> left_behind(const storage::snapshot& now,
                                                                 const object_key& job) const {
    std::vector<seen<schema::meta_view>> out;
    const auto take = [&](const schema::object_view& pod) {
      if (pod.finalizer_count() == 0 || controller_key(pod.bytes(), jobs_) != job) return;
      out.push_back({schema::parse_pod(pod.text()).meta, pod.at()});
    };
    for (const object_key& key : now.labelled(pods_, job.space, "batch.kubernetes.io/job-name", job.name))
      if (const auto pod = schema::object_view::open(now.get(key))) take(pod.value());
    if (out.empty()) each_object(now, pods_, job.space, take);
    return out;
  }

  const resource_id jobs_ = schema::builtin("batch", "jobs").id;
  const resource_id pods_ = schema::builtin("", "pods").id;
};

class expiry_kind final : public controller_kind {
public:
  [[nodiscard]] std::string_view name() const override { return "ttl-after-finished"; }
  [[nodiscard]] std::vector<resource_id> watches() const override { return {jobs_}; }

  void all_keys(const storage::snapshot& now, std::vector<object_key>& keys) const override {
    all_keys_of(now, jobs_, keys);
  }

  void keys_for(const storage::store_event& event, const storage::snapshot&,
                std::vector<object_key>& keys) const override {
    keys.push_back(event.key);
  }

  [[nodiscard]] plan reconcile(const reconcile_input& input) const override {
    const auto job = read_view(input.state, input.key, schema::parse_job);
    return job ? reconcile_expiry(input.key, *job, input.now) : plan{};
  }

private:
  const resource_id jobs_ = schema::builtin("batch", "jobs").id;
};

} // namespace

std::unique_ptr<controller_kind> job_controller() { return std::make_unique<job_kind>(); }
std::unique_ptr<controller_kind> expiry_controller() { return std::make_unique<expiry_kind>(); }

} // namespace actord::actors
