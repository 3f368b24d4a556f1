#include "schema/base/json.hpp"
#include "schema/rules/checks/go_value.hpp"
#include "schema/rules/deprecation.hpp"
#include "schema/rules/kind_rules.hpp"
#include "schema/tables/resource_table.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::schema;

namespace {

std::vector<std::string> warnings_of(std::string_view group, std::string_view plural, std::string_view object,
                                     std::string_view old = {}) {
  std::vector<std::string> warnings;
  const json before = old.empty() ? json() : json::parse(old);
  rules_of(builtin(group, plural)).warn(json::parse(object), old.empty() ? nullptr : &before, warnings);
  return warnings;
}

using lines = std::vector<std::string>;

} // namespace

BOOST_AUTO_TEST_SUITE(warnings)

BOOST_AUTO_TEST_CASE(a_pod_is_warned_of_what_will_not_do_what_it_says) {
  BOOST_TEST(warnings_of("", "pods", R"({"spec":{"containers":[{"name":"c"}]}})").empty());
  BOOST_TEST(
      warnings_of("", "pods", R"({"spec":{"nodeSelector":{"beta.kubernetes.io/os":"linux"},
      "terminationGracePeriodSeconds":-1,"imagePullSecrets":[{"name":"a"},{"name":"a"}],
      "containers":[{"name":"c","resources":{"limits":{"memory":"100m"}},
        "env":[{"name":"A","value":"1"},{"name":"A","value":"$(A)2"},{"name":"A","value":"3"}],
        "ports":[{"containerPort":80,"protocol":"TCP"},{"containerPort":80,"protocol":"TCP"}]}]}})") ==
          (lines{
              R"(spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead)",
              R"(spec.imagePullSecrets[1].name: duplicate name "a")",
              R"(spec.containers[0].resources.limits[memory]: fractional byte value "100m" is invalid, must be an integer)",
              R"(spec.containers[0].env[2]: hides previous definition of "A", which may be dropped when using apply)",
              "spec.containers[0].ports[1]: duplicate port definition with spec.containers[0].ports[0]",
              "spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be "
              "treated as 1"}),
      boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_template_is_warned_of_once) {
  constexpr std::string_view set = R"({"spec":{"template":{"spec":{"topologySpreadConstraints":[
      {"topologyKey":"failure-domain.beta.kubernetes.io/zone"}],"containers":[]}}}})";
  BOOST_TEST(warnings_of("apps", "deployments", set).size() == 2U);
  BOOST_TEST(warnings_of("apps", "deployments", set)[1] ==
             "spec.template.spec.topologySpreadConstraints[0].labelSelector: a null labelSelector results in "
             "matching no pod");
  BOOST_TEST(warnings_of("apps", "deployments", set, set).empty());
}

BOOST_AUTO_TEST_CASE(a_service_is_warned_of_what_its_type_ignores) {
  BOOST_TEST(
      warnings_of("", "services", R"({"spec":{"type":"ClusterIP","sessionAffinity":"None"}})").empty());
  BOOST_TEST(warnings_of("", "services",
                         R"({"spec":{"type":"ClusterIP","externalName":"x","sessionAffinity":"None"}})") ==
                 lines{"spec.externalName is ignored when spec.type is not \"ExternalName\""},
             boost::test_tools::per_element());
  BOOST_TEST(deprecation_of(builtin("", "endpoints")).starts_with("v1 Endpoints is deprecated"));
  BOOST_TEST(deprecation_of(builtin("", "pods")).empty());
}

BOOST_AUTO_TEST_CASE(values_in_messages_are_printed_as_go_prints_them) {
  using rules::as_structure;
  BOOST_TEST(as_structure("io.k8s.api.core.v1.Toleration", json{{"key", "k"}}).text ==
             R"({"Key":"k","Operator":"","Value":"","Effect":"","TolerationSeconds":null})");
  BOOST_TEST(as_structure("io.k8s.apimachinery.pkg.apis.meta.v1.OwnerReference",
                          json{{"kind", "K"}, {"uid", "u"}, {"controller", true}})
                 .text == R"({"apiVersion":"","kind":"K","name":"","uid":"u","controller":true})");
  BOOST_TEST(as_structure(rules::label_selector_type,
                          json::parse(R"({"matchExpressions":[{"key":"a","operator":"In"}],
      "matchLabels":{"b":"c"}})"))
                 .text == R"({"matchLabels":{"b":"c"},"matchExpressions":[{"key":"a","operator":"In"}]})");
  BOOST_TEST(rules::as_structures("io.k8s.api.core.v1.NodeSelectorTerm", json()).text == "null");
}

BOOST_AUTO_TEST_SUITE_END()
