#include "actors/authorization/default_roles.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::actors;

namespace {

json wanted_role() {
  return {{"metadata",
           {{"name", "r"},
            {"labels", {{"kubernetes.io/bootstrapping", "rbac-defaults"}}},
            {"annotations", {{"rbac.authorization.kubernetes.io/autoupdate", "true"}}}}},
          {"rules",
           {{{"verbs", {"get", "list"}}, {"apiGroups", {""}}, {"resources", {"pods"}}},
            {{"verbs", {"get"}}, {"nonResourceURLs", {"/x"}}}}}};
}

json wanted_binding() {
  return {{"metadata", {{"name", "b"}}},
          {"roleRef", {{"apiGroup", "rbac.authorization.k8s.io"}, {"kind", "ClusterRole"}, {"name", "r"}}},
          {"subjects",
           {{{"kind", "Group"}, {"name", "g"}, {"apiGroup", "rbac.authorization.k8s.io"}},
            {{"kind", "ServiceAccount"}, {"name", "s"}, {"namespace", "kube-system"}}}}};
}

} // namespace

BOOST_AUTO_TEST_SUITE(default_roles)

BOOST_AUTO_TEST_CASE(what_is_as_it_should_be_is_left_alone) {
  BOOST_TEST(!reconcile_default(wanted_role(), wanted_role()).has_value());
  BOOST_TEST(!reconcile_default(wanted_binding(), wanted_binding()).has_value());
  json more = wanted_role();
  more["rules"].push_back({{"verbs", {"*"}}, {"apiGroups", {"x"}}, {"resources", {"y"}}});
  more["metadata"]["labels"]["mine"] = "1";
  BOOST_TEST(!reconcile_default(wanted_role(), more).has_value());
}

BOOST_AUTO_TEST_CASE(what_was_taken_away_comes_back_and_what_was_added_stays) {
  json less = wanted_role();
  less["metadata"].erase("labels");
  less["rules"] = {{{"verbs", {"get"}}, {"apiGroups", {""}}, {"resources", {"pods", "nodes"}}}};
  const auto change = reconcile_default(wanted_role(), less);
  BOOST_REQUIRE(change.has_value());
  BOOST_TEST(!change->replaces);
  BOOST_TEST(change->object["rules"].size() == 3U);
  BOOST_TEST(change->object["rules"][0] == less["rules"][0]);
  BOOST_TEST(change->object["metadata"]["labels"] == wanted_role()["metadata"]["labels"]);

  json fewer = wanted_binding();
  fewer["subjects"] = {{{"kind", "User"}, {"name", "u"}}};
  const auto subjects = reconcile_default(wanted_binding(), fewer);
  BOOST_REQUIRE(subjects.has_value());
  BOOST_TEST(subjects->object["subjects"].size() == 3U);
}

BOOST_AUTO_TEST_CASE(an_owner_can_switch_it_off) {
  json less = wanted_role();
  less["rules"] = json::array();
  less["metadata"]["annotations"]["rbac.authorization.kubernetes.io/autoupdate"] = "false";
  BOOST_TEST(!reconcile_default(wanted_role(), less).has_value());
}

BOOST_AUTO_TEST_CASE(a_binding_that_leads_elsewhere_is_made_anew) {
  json other = wanted_binding();
  other["roleRef"]["name"] = "cluster-admin";
  const auto change = reconcile_default(wanted_binding(), other);
  BOOST_REQUIRE(change.has_value());
  BOOST_TEST(change->replaces);
  BOOST_TEST(change->object == wanted_binding());
}

BOOST_AUTO_TEST_CASE(an_aggregated_role_keeps_the_rules_that_were_gathered) {
  json wanted = wanted_role();
  wanted["aggregationRule"] = {{"clusterRoleSelectors", {{{"matchLabels", {{"a", "b"}}}}}}};
  json stored = wanted;
  stored["rules"] = json::array();
  BOOST_TEST(!reconcile_default(wanted, stored).has_value());
  stored.erase("aggregationRule");
  const auto change = reconcile_default(wanted, stored);
  BOOST_REQUIRE(change.has_value());
  BOOST_TEST(change->object["aggregationRule"] == wanted["aggregationRule"]);
  BOOST_TEST(change->object["rules"] == json::array());
}

BOOST_AUTO_TEST_SUITE_END()
