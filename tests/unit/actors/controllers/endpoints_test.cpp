#include "actors/controllers/services/endpoints_reconciler.hpp"
#include "schema/base/json.hpp"
#include "schema/base/rng.hpp"
#include "schema/tables/resource_table.hpp"

#include <boost/test/unit_test.hpp>

#include <map>
#include <set>

using namespace actord;
using namespace actord::actors;

namespace {

const wall_time now{};

struct fixture {
  endpoints_state state;

  fixture() {
    state.key = {schema::builtin("", "services").id, "shop", "web"};
    service(
        R"({"clusterIP":"10.96.0.7","ipFamilies":["IPv4"],"ports":[{"name":"http","port":80,"protocol":"TCP",
      "targetPort":"web"}],"selector":{"app":"web"},"type":"ClusterIP"})");
  }

  void service(const std::string& spec) {
    state.service = {
        schema::parse_service(
            R"({"metadata":{"labels":{"team":"a"},"name":"web","namespace":"shop","uid":"u-s"},"spec":)" +
            spec + '}'),
        revision(3)};
  }

  endpoint_pod& pod(const std::string& name, const std::string& ip) {
    state.pods.push_back({name, "u-" + name, {ip}, "n1", "", true, false, "", "", {{"web", "TCP", 8080}}});
    return state.pods.back();
  }

  /// Applies a plan to the slices as the API would.
  void apply(const plan& decided) {
    for (const auto& item : decided.create)
      if (item.key.resource == schema::builtin("discovery.k8s.io", "endpointslices").id) {
        json body = item.body;
        body["metadata"]["name"] = "web-" + std::to_string(++names_);
        body["metadata"]["uid"] = "slice-" + std::to_string(names_);
        slices_[body["metadata"]["name"]] = body;
      } else {
        state.endpoints = endpoints_object{{}, revision(1), item.body.value("subsets", json::array())};
        state.endpoints->meta.labels = item.body["metadata"]["labels"].get<schema::text_map>();
      }
    for (const auto& item : decided.patch)
      if (slices_.contains(item.key.name))
        slices_[item.key.name].merge_patch(item.patch);
      else if (state.endpoints)
        state.endpoints->subsets = item.patch["subsets"].is_null() ? json::array() : item.patch["subsets"];
    for (const auto& item : decided.remove) slices_.erase(item.key.name);
    state.slices.clear();
    for (const auto& [name, slice] : slices_)
      state.slices.push_back({schema::parse_endpoint_slice(slice.dump()), revision(5)});
  }

  std::map<std::string, json> slices_;
  int names_ = 0;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(endpoints_controller, fixture)

BOOST_AUTO_TEST_CASE(pods_become_endpoints_with_their_conditions) {
  pod("a", "10.0.0.1");
  pod("b", "10.0.0.2").ready = false;
  pod("c", "10.0.0.3").terminating = true;
  const plan decided = reconcile(state, now);
  BOOST_REQUIRE(decided.create.size() == 2U);
  const json& slice = decided.create[0].body;
  BOOST_TEST(slice["metadata"]["labels"] == json::parse(R"({"endpointslice.kubernetes.io/managed-by":
    "endpointslice-controller.k8s.io","kubernetes.io/service-name":"web","team":"a"})"));
  BOOST_TEST(slice["metadata"]["ownerReferences"][0]["kind"] == "Service");
  BOOST_TEST(slice["ports"] == json::parse(R"([{"name":"http","port":8080,"protocol":"TCP"}])"));
  BOOST_TEST(slice["endpoints"].size() == 3U);
  BOOST_TEST(slice["endpoints"][0] ==
             json::parse(R"({"addresses":["10.0.0.1"],"conditions":{"ready":true,"serving":true,
    "terminating":false},"nodeName":"n1","targetRef":{"kind":"Pod","name":"a","namespace":"shop","uid":"u-a"}})"));
  BOOST_TEST(slice["endpoints"][1]["conditions"] ==
             json::parse(R"({"ready":false,"serving":false,"terminating":false})"));
  BOOST_TEST(slice["endpoints"][2]["conditions"] ==
             json::parse(R"({"ready":false,"serving":true,"terminating":true})"));
  const json& mirror = decided.create[1].body;
  BOOST_TEST(mirror["kind"] == "Endpoints");
  BOOST_TEST(mirror["subsets"] ==
             json::parse(R"([{"addresses":[{"ip":"10.0.0.1","nodeName":"n1","targetRef":{"kind":"Pod",
    "name":"a","namespace":"shop","uid":"u-a"}}],"notReadyAddresses":[{"ip":"10.0.0.2","nodeName":"n1","targetRef":
    {"kind":"Pod","name":"b","namespace":"shop","uid":"u-b"}}],"ports":[{"name":"http","port":8080,"protocol":"TCP"}]}])"));
  apply(decided);
  BOOST_TEST(!reconcile(state, now).acts());
}

BOOST_AUTO_TEST_CASE(one_change_touches_one_slice) {
  for (int i = 0; i < 250; ++i)
    pod("p" + std::to_string(1000 + i), "10.0." + std::to_string(i / 200) + '.' + std::to_string(i % 200));
  apply(reconcile(state, now));
  BOOST_TEST(slices_.size() == 3U);
  for (const auto& [name, slice] : slices_) BOOST_TEST(slice["endpoints"].size() <= 100U);
  state.pods[3].ready = false;
  const plan decided = reconcile(state, now);
  BOOST_TEST(decided.create.empty());
  BOOST_TEST(decided.remove.empty());
  BOOST_TEST(std::count_if(decided.patch.begin(), decided.patch.end(),
                           [&](const auto& item) { return slices_.contains(item.key.name); }) == 1);
}

BOOST_AUTO_TEST_CASE(slices_always_hold_exactly_the_selected_pods) {
  seeded_random_source random(7);
  std::set<std::string> alive;
  for (int step = 0; step < 200; ++step) {
    if (random.next() % 3 != 0 || state.pods.empty()) {
      const std::string name = "p" + std::to_string(step);
      pod(name, "10.1." + std::to_string(step / 250) + '.' + std::to_string(step % 250));
      alive.insert("u-" + name);
    } else {
      const auto victim = state.pods.begin() + static_cast<std::ptrdiff_t>(random.next() % state.pods.size());
      alive.erase(victim->uid);
      state.pods.erase(victim);
    }
    apply(reconcile(state, now));
    std::multiset<std::string> published;
    for (const auto& slice : state.slices)
      for (const auto& endpoint : slice.view.endpoints) published.insert(endpoint.target->uid);
    BOOST_REQUIRE((published == std::multiset<std::string>(alive.begin(), alive.end())));
    BOOST_REQUIRE(!state.slices.empty());
    BOOST_REQUIRE(!reconcile(state, now).acts());
  }
}

BOOST_AUTO_TEST_CASE(a_service_without_pods_keeps_one_empty_slice) {
  const plan decided = reconcile(state, now);
  BOOST_REQUIRE(decided.create.size() == 2U);
  BOOST_TEST(decided.create[0].body["endpoints"] == json::array());
  apply(decided);
  BOOST_TEST(!reconcile(state, now).acts());
}

BOOST_AUTO_TEST_CASE(pods_without_the_named_port_get_a_slice_without_it) {
  pod("a", "10.0.0.1");
  pod("b", "10.0.0.2").ports.clear();
  apply(reconcile(state, now));
  BOOST_TEST(slices_.size() == 2U);
  BOOST_TEST(!reconcile(state, now).acts());
}

BOOST_AUTO_TEST_CASE(unready_pods_are_published_where_asked) {
  service(
      R"({"clusterIP":"None","ipFamilies":["IPv4"],"publishNotReadyAddresses":true,"selector":{"app":"web"}})");
  endpoint_pod& unready = pod("a", "10.0.0.1");
  unready.ready = false;
  unready.hostname = "host-a";
  unready.subdomain = "web";
  const plan decided = reconcile(state, now);
  const json& endpoint = decided.create[0].body["endpoints"][0];
  BOOST_TEST(endpoint["conditions"]["ready"] == true);
  BOOST_TEST(endpoint["hostname"] == "host-a");
  BOOST_TEST(decided.create[0].body["metadata"]["labels"].contains("service.kubernetes.io/headless"));
  BOOST_TEST(decided.create[1].body["subsets"][0].contains("addresses"));
}

BOOST_AUTO_TEST_CASE(services_without_selector_are_left_alone) {
  service(R"({"clusterIP":"10.96.0.7","ports":[{"port":80}],"type":"ClusterIP"})");
  BOOST_TEST(!reconcile(state, now).acts());
}

BOOST_AUTO_TEST_SUITE_END()
