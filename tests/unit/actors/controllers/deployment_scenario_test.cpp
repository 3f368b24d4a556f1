#include "actors/controllers/apps/deployment_reconciler.hpp"
#include "scenario.hpp"
#include "schema/base/json.hpp"
#include "schema/base/timestamp.hpp"
#include "schema/tables/resource_table.hpp"

#include <boost/test/unit_test.hpp>

#include <map>

using namespace actord;
using namespace actord::actors;
using actord::testing::command;

namespace {

/// A Deployment, its ReplicaSets as objects, and a clock: plans are applied to them as merge patches.
class rollout_model {
public:
  std::string run(const command& what) {
    const std::string& verb = what.words.at(0);
    if (verb == "deployment") return create(what);
    if (verb == "set") return edit(what);
    if (verb == "round") return round();
    if (verb == "settle") return settle();
    if (verb == "available") return available(what);
    if (verb == "advance") return now_ += std::chrono::seconds(std::stol(what.words.at(1))), "";
    if (verb == "sets") return show();
    if (verb == "lose") return sets_.erase(what.words.at(1)), "";
    BOOST_FAIL("unknown command " << verb);
    return {};
  }

private:
  std::string create(const command& what) {
    sets_.clear();
    deployment_ = {
        {"metadata", {{"name", "web"}, {"namespace", "shop"}, {"uid", "u-web"}, {"generation", 0}}},
        {"spec", {{"selector", {{"matchLabels", {{"app", "web"}}}}}, {"replicas", 1}}}};
    return edit(what);
  }

  std::string edit(const command& what) {
    json& spec = deployment_["spec"];
    const auto count = [](const std::string& text) {
      return text.back() == '%' ? json(text) : json(std::stol(text));
    };
    if (what.has("replicas")) spec["replicas"] = count(what.value("replicas"));
    if (what.has("surge")) spec["strategy"]["rollingUpdate"]["maxSurge"] = count(what.value("surge"));
    if (what.has("unavailable"))
      spec["strategy"]["rollingUpdate"]["maxUnavailable"] = count(what.value("unavailable"));
    if (what.has("history")) spec["revisionHistoryLimit"] = count(what.value("history"));
    if (what.has("recreate")) spec["strategy"]["type"] = "Recreate";
    if (what.has("paused")) spec["paused"] = what.value("paused") == "true";
    if (what.has("image"))
      spec["template"] = {
          {"metadata", {{"labels", {{"app", "web"}}}}},
          {"spec", {{"containers", json::array({{{"image", what.value("image")}, {"name", "c"}}})}}}};
    old_pods_live_ = what.has("oldpods");
    deployment_["metadata"]["generation"] = deployment_["metadata"]["generation"].get<int>() + 1;
    return {};
  }

  plan decide() {
    deployment_state state;
    state.key = {schema::builtin("apps", "deployments").id, "shop", "web"};
    state.deployment = {schema::parse_deployment(deployment_.dump()), revision(1)};
    for (const auto& [name, set] : sets_)
      state.sets.push_back({schema::parse_replica_set(set.dump()), revision(2)});
    state.old_pods_live = old_pods_live_;
    state.name_taken = false;
    return reconcile(state, now_);
  }

  void apply(const plan& decided) {
    for (const auto& item : decided.create) {
      json set = item.body;
      set["metadata"]["uid"] = "u-" + item.key.name;
      set["metadata"]["generation"] = 1;
      set["metadata"]["creationTimestamp"] = schema::format_time(now_ + std::chrono::seconds(sets_.size()));
      sets_[item.key.name] = std::move(set);
    }
    for (const auto& item : decided.patch) {
      json& target = item.key.name == "web" ? deployment_ : sets_.at(item.key.name);
      target.merge_patch(item.patch);
      if (item.patch.contains("spec"))
        target["metadata"]["generation"] = target["metadata"]["generation"].get<int>() + 1;
    }
    for (const auto& item : decided.remove) sets_.erase(item.key.name);
  }

  std::string round() {
    const plan decided = decide();
    apply(decided);
    return describe(decided);
  }

  /// Rounds until nothing is left to do, sets making pods at once; one line each.
  std::string settle() {
    std::string out;
    for (int i = 0; i < 50; ++i) {
      const plan decided = decide();
      apply(decided);
      const bool moved = make_pods();
      out += decided.verdict + ':' + sizes() + '\n';
      if (!decided.acts() && !moved) return out;
    }
    return out + "never settles\n";
  }

  bool make_pods() {
    bool moved = false;
    for (auto& [name, set] : sets_) {
      const json before = set;
      const json wanted = set["spec"]["replicas"];
      set["status"]["replicas"] = wanted;
      set["status"]["observedGeneration"] = set["metadata"]["generation"];
      for (const char* field : {"readyReplicas", "availableReplicas"})
        if (set["status"].value(field, 0) > wanted.get<int>()) set["status"][field] = wanted;
      moved = moved || before != set;
    }
    return moved;
  }

  std::string available(const command& what) {
    for (auto& [name, set] : sets_) {
      const std::string image = set["spec"]["template"]["spec"]["containers"][0]["image"];
      if (!what.has(image)) continue;
      const std::string amount = what.value(image);
      const int pods = amount == "all" ? set["spec"]["replicas"].get<int>() : std::stoi(amount);
      set["status"]["readyReplicas"] = pods;
      set["status"]["availableReplicas"] = pods;
    }
    return {};
  }

  std::string sizes() {
    std::map<std::string, std::string> by_image;
    for (const auto& [name, set] : sets_)
      by_image[set["spec"]["template"]["spec"]["containers"][0]["image"]] =
          set["spec"]["replicas"].dump() + '/' +
          std::to_string(set.value("/status/availableReplicas"_json_pointer, 0));
    std::string out;
    for (const auto& [image, size] : by_image) out += ' ' + image + '=' + size;
    return out;
  }

  std::string show() {
    std::string out =
        "revision " +
        deployment_.value("/metadata/annotations/deployment.kubernetes.io~1revision"_json_pointer,
                          std::string("none"));
    out += sizes() + '\n';
    for (const auto& [name, set] : sets_) out += name + ' ' + set["metadata"]["annotations"].dump() + '\n';
    if (deployment_.contains("status"))
      for (const auto& condition : deployment_["status"]["conditions"])
        out += condition["type"].get<std::string>() + ' ' + condition["status"].get<std::string>() + ' ' +
               condition["reason"].get<std::string>() + '\n';
    return out;
  }

  json deployment_;
  std::map<std::string, json> sets_;
  bool old_pods_live_ = false;
  wall_time now_{std::chrono::seconds(1'800'000'000)};
};

} // namespace

BOOST_AUTO_TEST_SUITE(deployment_controller)

BOOST_AUTO_TEST_CASE(stories) {
  actord::testing::run_scenarios("deployment", [] {
    auto model = std::make_shared<rollout_model>();
    return [model](const command& what) { return model->run(what); };
  });
}

BOOST_AUTO_TEST_SUITE_END()
