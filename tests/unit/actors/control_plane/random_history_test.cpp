#include "cluster_fixture.hpp"
#include "schema/tables/resource_table.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <map>
#include <set>

/// Random operations on a whole control plane against a shadow of what was asked for. Whatever happened on
/// the way, once things are quiet the cluster is what was asked for, no more and no less. A failure names the
/// seed that replays it.

using namespace actord;
using actord::testing::cluster_fixture;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

struct wanted {
  int replicas = 0;
  std::string image;
};

json deployment(const std::string& name, const wanted& what) {
  return {{"apiVersion", "apps/v1"},
          {"kind", "Deployment"},
          {"metadata", {{"name", name}, {"namespace", "default"}}},
          {"spec",
           {{"replicas", what.replicas},
            {"selector", {{"matchLabels", {{"app", name}}}}},
            {"template",
             {{"metadata", {{"labels", {{"app", name}}}}},
              {"spec", {{"containers", json::array({{{"name", "c"}, {"image", what.image}}})}}}}}}}};
}

class random_history {
public:
  random_history(cluster_fixture& cluster, std::uint64_t seed) : cluster_(cluster), dice_(seed) {}

  void act() {
    const std::string name = "d" + std::to_string(dice_.next() % 3);
    const auto known = shadow_.find(name);
    switch (dice_.next() % 8) {
    case 0:
    case 1:
      if (known == shadow_.end()) {
        shadow_[name] = {static_cast<int>(dice_.next() % 5), image()};
        cluster_.create(deployment(name, shadow_[name]));
      }
      break;
    case 2:
      if (known != shadow_.end()) scale(name, known->second);
      break;
    case 3:
      if (known != shadow_.end()) roll(name, known->second);
      break;
    case 4:
      if (known != shadow_.end() && dice_.next() % 3 == 0) {
        cluster_.remove("apps", "deployments", "default", name);
        shadow_.erase(known);
      }
      break;
    case 5:
      remove_some_pod();
      break;
    case 6:
      cluster_.restart_controllers({"*"});
      break;
    default:
      cluster_.pass(milliseconds(10 * static_cast<int>(dice_.next() % 20)));
    }
  }

  void check(std::uint64_t seed) const {
    std::map<std::string, std::vector<std::string>> images;
    for (const json& pod : cluster_.list("", "pods"))
      images[pod["metadata"]["labels"]["app"]].push_back(pod["spec"]["containers"][0]["image"]);
    std::set<std::string> owners;
    for (const json& set : cluster_.list("apps", "replicasets")) {
      BOOST_REQUIRE_MESSAGE(set["metadata"].contains("ownerReferences"), "an orphan set, seed " << seed);
      owners.insert(set["metadata"]["ownerReferences"][0]["name"].get<std::string>());
    }
    for (const auto& name : owners)
      BOOST_TEST(shadow_.contains(name), "sets of " << name << " outlive it, seed " << seed);
    for (const auto& [name, pods] : images)
      BOOST_TEST(shadow_.contains(name), "pods of " << name << " outlive it, seed " << seed);
    for (const auto& [name, what] : shadow_) {
      BOOST_TEST(static_cast<int>(images[name].size()) == what.replicas, name << ", seed " << seed);
      for (const auto& found : images[name]) BOOST_TEST(found == what.image, name << ", seed " << seed);
      const json status = cluster_.get("apps", "deployments", "default", name)["status"];
      BOOST_TEST(status.value("availableReplicas", 0) == what.replicas, name << ", seed " << seed);
      BOOST_TEST(status.value("updatedReplicas", 0) == what.replicas, name << ", seed " << seed);
    }
  }

private:
  std::string image() { return "web:" + std::to_string(dice_.next() % 4); }

  void scale(const std::string& name, wanted& what) {
    what.replicas = static_cast<int>(dice_.next() % 6);
    cluster_.merge("apps", "deployments", "default", name, {{"spec", {{"replicas", what.replicas}}}});
  }

  void roll(const std::string& name, wanted& what) {
    what.image = image();
    cluster_.merge(
        "apps", "deployments", "default", name,
        {{"spec",
          {{"template",
            {{"spec", {{"containers", json::array({{{"name", "c"}, {"image", what.image}}})}}}}}}}});
  }

  void remove_some_pod() {
    const auto pods = cluster_.list("", "pods", "default");
    if (pods.empty()) return;
    actors::delete_options now;
    now.grace_period_s = 0;
    cluster_.remove("", "pods", "default", pods[dice_.next() % pods.size()]["metadata"]["name"], now);
  }

  cluster_fixture& cluster_;
  seeded_random_source dice_;
  std::map<std::string, wanted> shadow_;
};

} // namespace

BOOST_AUTO_TEST_SUITE(random_histories)

BOOST_AUTO_TEST_CASE(settle_at_what_was_asked_for) {
  // ACTORD_SEEDS=N runs more of them.
  const char* const more = std::getenv("ACTORD_SEEDS");
  const std::uint64_t seeds = more == nullptr ? 8 : std::strtoull(more, nullptr, 10);
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    cluster_fixture cluster;
    cluster.add_node("n1");
    cluster.add_node("n2");
    random_history history(cluster, seed);
    for (int step = 0; step < 60; ++step) history.act();
    cluster.pass(seconds(5));
    history.check(seed);
    const revision quiet = cluster.store->read()->at();
    cluster.pass(seconds(2));
    BOOST_TEST(cluster.store->read()->at().value == quiet.value, "never quiet, seed " << seed);
  }
}

BOOST_AUTO_TEST_SUITE_END()
