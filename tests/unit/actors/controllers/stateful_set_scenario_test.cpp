#include "actors/controllers/apps/stateful_pods.hpp"
#include "actors/controllers/apps/stateful_set_reconciler.hpp"
#include "scenario.hpp"
#include "schema/base/json.hpp"
#include "schema/base/timestamp.hpp"
#include "schema/tables/resource_table.hpp"

#include <boost/test/unit_test.hpp>

#include <map>
#include <memory>

using namespace actord;
using namespace actord::actors;
using actord::testing::command;

namespace {

std::string plural_of(const object_key& key) {
  return std::string(schema::resource_of(key.resource)->plural);
}

/// A StatefulSet with its pods, claims and revisions, and a clock: plans are applied to them.
class set_model {
public:
  std::string run(const command& what) {
    const std::string& verb = what.words.at(0);
    if (verb == "set") return edit(what);
    if (verb == "round") return round();
    if (verb == "settle") return settle(what);
    if (verb == "advance") return now_ += std::chrono::seconds(std::stol(what.words.at(1))), "";
    if (verb == "show") return show();
    if (verb == "status") return set_.value("status", json::object()).dump() + '\n';
    if (verb == "body") return pods_[what.words.at(1)].body.dump() + '\n';
    if (verb == "claim") return claims_[what.words.at(1)].dump() + '\n';
    if (verb == "taken") return taken_ = what.words.at(1), "";
    if (verb == "rest") return rests_[what.words.at(1)] = now_ + std::chrono::seconds(10), "";
    if (verb == "collide") return name_taken_ = true, "";
    if (verb == "delete") return set_["metadata"]["deletionTimestamp"] = schema::format_time(now_), "";
    return each_pod(what);
  }

private:
  struct pod {
    replica_pod facts;
    json body;
  };

  std::string edit(const command& what) {
    if (what.has("new")) {
      pods_.clear();
      claims_.clear();
      revisions_.clear();
      rests_.clear();
      taken_.clear();
      set_ = {{"metadata", {{"name", "db"}, {"namespace", "shop"}, {"uid", "u-db"}, {"generation", 0}}},
              {"spec",
               {{"selector", {{"matchLabels", {{"app", "db"}}}}},
                {"serviceName", "net"},
                {"updateStrategy", {{"type", "RollingUpdate"}, {"rollingUpdate", {{"partition", 0}}}}}}}};
    }
    json& spec = set_["spec"];
    const auto number = [&](const char* word, json& at) {
      if (what.has(word)) at = std::stol(what.value(word));
    };
    if (what.has("replicas")) number("replicas", spec["replicas"]);
    if (what.has("start")) number("start", spec["ordinals"]["start"]);
    if (what.has("partition")) number("partition", spec["updateStrategy"]["rollingUpdate"]["partition"]);
    if (what.has("unavailable"))
      number("unavailable", spec["updateStrategy"]["rollingUpdate"]["maxUnavailable"]);
    if (what.has("minready")) number("minready", spec["minReadySeconds"]);
    if (what.has("history")) number("history", spec["revisionHistoryLimit"]);
    if (what.has("norolling")) spec["updateStrategy"].erase("rollingUpdate");
    if (what.has("ondelete")) spec["updateStrategy"] = {{"type", "OnDelete"}};
    if (what.has("parallel")) spec["podManagementPolicy"] = "Parallel";
    if (what.has("retention"))
      spec["persistentVolumeClaimRetentionPolicy"] = {
          {"whenDeleted", what.value("retention").starts_with("delete") ? "Delete" : "Retain"},
          {"whenScaled", what.value("retention").ends_with("delete") ? "Delete" : "Retain"}};
    if (what.has("claims"))
      spec["volumeClaimTemplates"] = json::array(
          {{{"metadata", {{"name", "data"}}}, {"spec", {{"accessModes", json::array({"ReadWriteOnce"})}}}}});
    if (what.has("image"))
      spec["template"] = {
          {"metadata", {{"labels", {{"app", "db"}}}}},
          {"spec", {{"containers", json::array({{{"image", what.value("image")}, {"name", "c"}}})}}}};
    set_["metadata"]["generation"] = set_["metadata"]["generation"].get<int>() + 1;
    return {};
  }

  std::string each_pod(const command& what) {
    const std::string& verb = what.words.at(0);
    for (std::size_t i = 1; i < what.words.size(); ++i) {
      const std::string& name = what.words[i];
      if (verb == "gone") {
        pods_.erase(name);
        continue;
      }
      const auto found = pods_.find(name);
      if (found == pods_.end()) return "there is no " + name + '\n';
      replica_pod& facts = found->second.facts;
      if (verb == "ready") {
        facts.phase = "Running";
        facts.ready = true;
        facts.ready_since = now_;
      } else if (verb == "unready") {
        facts.ready = false;
      } else if (verb == "fail") {
        facts.phase = "Failed";
        facts.ready = false;
      } else if (verb == "remove") {
        facts.meta.deletion = now_;
      } else if (verb == "orphan") {
        facts.meta.owners.clear();
      } else if (verb == "relabel") {
        facts.meta.labels["app"] = "other";
      } else {
        BOOST_FAIL("unknown command " << verb);
      }
    }
    return {};
  }

  plan decide() {
    stateful_set_state state;
    state.key = {schema::builtin("apps", "statefulsets").id, "shop", "db"};
    state.set = {schema::parse_stateful_set(set_.dump()), revision(1)};
    for (const auto& [name, body] : revisions_)
      state.revisions.push_back({schema::parse_revision(body.dump()), revision(2)});
    for (const auto& [name, one] : pods_) {
      const bool ours = !one.facts.meta.owners.empty() || one.facts.meta.labels.at("app") == "db";
      if (ours)
        state.pods.push_back(one.facts);
      else
        state.taken.insert(name);
    }
    for (const auto& [name, body] : claims_) {
      schema::meta_view meta;
      meta.name = name;
      meta.uid = "u-" + name;
      for (const json& owner : body["metadata"].value("ownerReferences", json::array()))
        meta.owners.push_back({owner["apiVersion"], owner["kind"], owner["name"], owner["uid"], true, true});
      state.claims[name] = {meta, revision(3)};
    }
    if (!taken_.empty()) state.taken.insert(taken_);
    state.rests = rests_;
    state.revision_name_taken = name_taken_;
    return reconcile(state, now_);
  }

  void apply(const plan& decided) {
    for (const auto& item : decided.create) {
      json body = item.body;
      body["metadata"]["uid"] = "u-" + item.key.name;
      const std::string plural = plural_of(item.key);
      if (plural == "controllerrevisions")
        revisions_[item.key.name] = body;
      else if (plural == "persistentvolumeclaims")
        claims_[item.key.name] = body;
      else
        pods_[item.key.name] = {facts_of_new(body), body};
    }
    for (const auto& item : decided.patch) {
      const std::string plural = plural_of(item.key);
      if (plural == "statefulsets") {
        set_.merge_patch(item.patch);
        if (item.patch["status"].contains("collisionCount") && name_taken_) name_taken_ = false;
      } else if (plural == "controllerrevisions") {
        revisions_.at(item.key.name).merge_patch(item.patch);
      } else if (plural == "persistentvolumeclaims") {
        claims_.at(item.key.name).merge_patch(item.patch);
      } else {
        patch_pod(item);
      }
    }
    for (const auto& item : decided.remove) {
      if (plural_of(item.key) == "pods")
        pods_.at(item.key.name).facts.meta.deletion = now_;
      else
        revisions_.erase(item.key.name);
    }
  }

  replica_pod facts_of_new(const json& body) {
    replica_pod out;
    out.meta.name = body["metadata"]["name"];
    out.meta.uid = body["metadata"]["uid"];
    for (const auto& [key, value] : body["metadata"]["labels"].items()) out.meta.labels[key] = value;
    out.meta.created = now_;
    out.meta.owners.push_back({"apps/v1", "StatefulSet", "db", "u-db", true, true});
    out.phase = "Pending";
    return out;
  }

  void patch_pod(const planned_patch& item) {
    replica_pod& facts = pods_.at(item.key.name).facts;
    const json& meta = item.patch["metadata"];
    if (meta.contains("ownerReferences")) {
      facts.meta.owners.clear();
      if (meta["ownerReferences"].is_array())
        facts.meta.owners.push_back({"apps/v1", "StatefulSet", "db", "u-db", true, true});
    }
    if (meta.contains("labels"))
      for (const auto& [key, value] : meta["labels"].items()) facts.meta.labels[key] = value;
  }

  /// What a plan does, a line each, without bodies.
  static std::string brief(const plan& decided) {
    std::string out = decided.verdict + '\n';
    for (const auto& item : decided.create)
      out += "  create " + plural_of(item.key) + ' ' + item.key.name + '\n';
    for (const auto& item : decided.patch)
      if (item.note != "status")
        out += "  patch " + plural_of(item.key) + ' ' + item.key.name + "  # " + item.note + '\n';
    for (const auto& item : decided.remove)
      out += "  remove " + plural_of(item.key) + ' ' + item.key.name + "  # " + item.note + '\n';
    for (const auto& event : decided.events) out += "  event " + event.reason + ": " + event.message + '\n';
    if (decided.requeue_at) out += "  again at " + schema::format_time(*decided.requeue_at) + '\n';
    return out;
  }

  std::string round() {
    const plan decided = decide();
    apply(decided);
    return brief(decided);
  }

  /// Rounds until nothing is left to do; between them pods that were told to go are gone, and those that are
  /// there become ready unless they are named.
  std::string settle(const command& what) {
    std::string out;
    for (int i = 0; i < 60; ++i) {
      const plan decided = decide();
      apply(decided);
      bool moved =
          std::erase_if(pods_, [](const auto& one) { return one.second.facts.meta.being_deleted(); }) > 0;
      for (auto& [name, one] : pods_) {
        if (one.facts.ready || one.facts.finished() || what.has(name)) continue;
        one.facts.phase = "Running";
        one.facts.ready = moved = true;
        one.facts.ready_since = now_;
      }
      if (!decided.acts() && !moved) return out + brief(decided);
      out += brief(decided);
    }
    return out + "never settles\n";
  }

  std::string image_of(const pod& one) { return one.body["spec"]["containers"][0]["image"]; }

  std::string show() {
    std::string out;
    for (const auto& [name, one] : pods_)
      out += name + ' ' + image_of(one) + ' ' + (one.facts.meta.being_deleted() ? "going" : one.facts.phase) +
             (one.facts.ready ? " ready" : "") + (one.facts.meta.owners.empty() ? " free" : "") + '\n';
    for (const auto& [name, body] : revisions_)
      out += "revision " + body["revision"].dump() + ' ' +
             body["data"]["spec"]["template"]["spec"]["containers"][0]["image"].get<std::string>() + '\n';
    for (const auto& [name, body] : claims_)
      out += "claim " + name +
             (body["metadata"].contains("ownerReferences")
                  ? " of " + body["metadata"]["ownerReferences"][0]["name"].get<std::string>()
                  : "") +
             '\n';
    return out;
  }

  json set_;
  std::map<std::string, pod> pods_;
  std::map<std::string, json> claims_, revisions_;
  std::map<std::string, wall_time, std::less<>> rests_;
  std::string taken_;
  bool name_taken_ = false;
  wall_time now_{std::chrono::seconds(1'800'000'000)};
};

schema::stateful_set_view named(const std::string& name) {
  schema::stateful_set_view out;
  out.meta.name = name;
  return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(stateful_set_controller)

BOOST_AUTO_TEST_CASE(stories) {
  actord::testing::run_scenarios("stateful_set", [] {
    auto model = std::make_shared<set_model>();
    return [model](const command& what) { return model->run(what); };
  });
}

BOOST_AUTO_TEST_CASE(ordinals_are_read_from_names_exactly) {
  BOOST_TEST(ordinal_of(named("db"), "db-0").value() == 0);
  BOOST_TEST(ordinal_of(named("db"), "db-2147483647").value() == 2147483647);
  BOOST_TEST(ordinal_of(named("a-1"), "a-1-7").value() == 7);
  for (const char* other :
       {"db", "db-", "db-01", "db--1", "db-x", "db-1x", "dbx-1", "db-1-1", "db-2147483648", "-1"})
    BOOST_TEST(!ordinal_of(named("db"), other).has_value(), other);
}

BOOST_AUTO_TEST_CASE(claims_are_known_by_name) {
  schema::stateful_set_view set = named("db");
  set.claim_templates = {{"data", ""}, {"data-log", ""}};
  BOOST_TEST(uses_claim(set, "data-db-3"));
  BOOST_TEST(uses_claim(set, "data-log-db-0"));
  for (const char* other : {"data", "data-", "data-db", "data-db-x", "log-db-1", "data-db2-1"})
    BOOST_TEST(!uses_claim(set, other), other);
}

BOOST_AUTO_TEST_CASE(a_huge_set_costs_one_round_only_so_much) {
  schema::stateful_set_view set = named("db");
  set.replicas = 2147483647;
  BOOST_TEST(missing_ordinals(set, {}).size() == 500U);
  BOOST_TEST(missing_ordinals(set, {}).back() == 499);
}

BOOST_AUTO_TEST_SUITE_END()
