#include "actors/nodes/feed_scope.hpp"
#include "schema/tables/resource_table.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::actors;

namespace {

object_key key(const char* plural, const char* name, const char* space = "shop") {
  return {schema::builtin("", plural).stored_as, space, name};
}

schema::pod_references on(const char* node, std::vector<std::string> secrets,
                          std::vector<std::string> maps = {}) {
  schema::pod_references out;
  out.node = node;
  out.secrets = std::move(secrets);
  out.config_maps = std::move(maps);
  return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(feed_scopes)

BOOST_AUTO_TEST_CASE(a_pod_brings_what_it_names_and_takes_it_along) {
  feed_scope scope("n1");
  auto change = scope.pod_changed(key("pods", "a"), on("n1", {"s", "s"}, {"m"}));
  BOOST_TEST((change.begin == std::vector{key("configmaps", "m"), key("secrets", "s"), key("pods", "a")} ||
              change.begin == std::vector{key("secrets", "s"), key("configmaps", "m"), key("pods", "a")}));
  BOOST_TEST(scope.concerns(key("secrets", "s")));
  BOOST_TEST(!scope.concerns(key("secrets", "s", "elsewhere")));
  BOOST_TEST(!scope.concerns(key("secrets", "other")));
  // A second pod that names it too: it stays until both are gone.
  BOOST_TEST((scope.pod_changed(key("pods", "b"), on("n1", {"s"})).begin == std::vector{key("pods", "b")}));
  BOOST_TEST(
      (scope.pod_gone(key("pods", "a")).cease == std::vector{key("configmaps", "m"), key("pods", "a")}));
  BOOST_TEST(scope.concerns(key("secrets", "s")));
  BOOST_TEST((scope.pod_gone(key("pods", "b")).cease == std::vector{key("secrets", "s"), key("pods", "b")}));
  BOOST_TEST(!scope.concerns(key("secrets", "s")));
  BOOST_TEST(scope.pod_gone(key("pods", "b")).cease.empty());
}

BOOST_AUTO_TEST_CASE(what_a_pod_names_may_change) {
  feed_scope scope("n1");
  scope.pod_changed(key("pods", "a"), on("n1", {"s"}));
  const auto change = scope.pod_changed(key("pods", "a"), on("n1", {"t"}));
  BOOST_TEST((change.begin == std::vector{key("secrets", "t")}));
  BOOST_TEST((change.cease == std::vector{key("secrets", "s")}));
}

BOOST_AUTO_TEST_CASE(pods_of_other_nodes_are_no_concern) {
  feed_scope scope("n1");
  BOOST_TEST(scope.pod_changed(key("pods", "a"), on("n2", {"s"})).begin.empty());
  BOOST_TEST(!scope.concerns(key("pods", "a")));
  BOOST_TEST(!scope.concerns(key("secrets", "s")));
  BOOST_TEST(scope.concerns({schema::builtin("", "nodes").stored_as, "", "n1"}));
  BOOST_TEST(scope.concerns({schema::builtin("", "nodes").stored_as, "", "n2"}));
  BOOST_TEST(scope.concerns(key("services", "any", "any")));
}

BOOST_AUTO_TEST_SUITE_END()
