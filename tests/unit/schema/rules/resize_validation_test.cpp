#include "schema/base/json.hpp"
#include "schema/rules/checks/checks.hpp"
#include "schema/rules/pod/pod_validation.hpp"

#include <boost/test/unit_test.hpp>

namespace actord::schema {
namespace {

using rules::check_resize;
using rules::field;

json amounts(const char* cpu, const char* memory) {
  return {{"requests", {{"cpu", cpu}, {"memory", memory}}}, {"limits", {{"cpu", cpu}, {"memory", memory}}}};
}

/// A running pod with a container, an init container and a sidecar.
json pod() {
  const auto container = [](const char* name) {
    return json{{"name", name}, {"image", "i"}, {"resources", amounts("1", "1Gi")}};
  };
  json sidecar = container("side");
  sidecar["restartPolicy"] = "Always";
  return {
      {"spec",
       {{"containers", json::array({container("main")})},
        {"initContainers", json::array({container("first"), sidecar})},
        {"resources", amounts("4", "4Gi")}}},
      {"status",
       {{"qosClass", "Guaranteed"},
        {"containerStatuses",
         {{{"name", "main"}, {"state", {{"running", json::object()}}}, {"resources", json::object()}}}}}}};
}

std::string refusal(const json& now, const json& old = pod()) {
  field_errors errors;
  check_resize(field(now), field(old), true, errors);
  std::string all;
  for (const auto& cause : errors.causes())
    all += (all.empty() ? "" : "; ") + cause.field + ": " + cause.message;
  return all;
}

} // namespace

BOOST_AUTO_TEST_SUITE(resize_validation)

BOOST_AUTO_TEST_CASE(cpu_and_memory_of_all_containers_and_of_the_pod_may_change) {
  json now = pod();
  now["spec"]["containers"][0]["resources"] = amounts("2", "2Gi");
  now["spec"]["initContainers"][0]["resources"] = amounts("2", "2Gi");
  now["spec"]["initContainers"][1]["resources"] = amounts("2", "2Gi");
  now["spec"]["resources"] = amounts("8", "8Gi");
  BOOST_TEST(refusal(now).empty());
  json old = pod();
  old["spec"]["containers"][0].erase("resources");
  old["spec"].erase("resources");
  BOOST_TEST(refusal(now, old).empty());
}

BOOST_AUTO_TEST_CASE(nothing_is_taken_away) {
  json now = pod();
  now["spec"]["containers"][0]["resources"]["limits"].erase("cpu");
  now["spec"]["initContainers"][0]["resources"].erase("requests");
  BOOST_TEST(refusal(now) ==
             "spec.initContainers[0].resources.requests: Forbidden: resource requests cannot be removed; "
             "spec.containers[0].resources.limits: Forbidden: resource limits cannot be removed");
  now = pod();
  now["spec"].erase("resources");
  BOOST_TEST(refusal(now) == "spec.resources: Forbidden: pod-level resources cannot be removed");
  now = pod();
  now["spec"]["resources"]["limits"].erase("memory");
  BOOST_TEST(refusal(now) == "spec.resources.limits: Forbidden: pod-level resource limits cannot be removed");
}

BOOST_AUTO_TEST_CASE(nothing_else_changes) {
  json now = pod();
  now["spec"]["containers"][0]["resources"]["requests"]["ephemeral-storage"] = "1";
  BOOST_TEST(refusal(now) == "spec: Forbidden: only cpu and memory resources are mutable");
  now = pod();
  now["spec"]["initContainers"][1]["image"] = "other";
  BOOST_TEST(refusal(now) ==
             "spec.initContainers[1]: Forbidden: only cpu and memory resources for init or sidecar "
             "containers are mutable");
  now = pod();
  now["spec"]["resources"]["limits"]["hugepages-2Mi"] = "2Mi";
  BOOST_TEST(refusal(now) == "spec: Forbidden: only cpu and memory resources are mutable at pod-level");
  now = pod();
  now["spec"]["containers"][0]["name"] = "other";
  BOOST_TEST(refusal(now) ==
             "spec.containers[0].name: Forbidden: containers may not be renamed or reordered on resize");
}

BOOST_AUTO_TEST_CASE(some_pods_cannot_be_resized) {
  json old = pod();
  json now = pod();
  for (json* each : {&old, &now})
    (*each)["spec"]["initContainers"][0]["resizePolicy"] = {
        {{"resourceName", "cpu"}, {"restartPolicy", "RestartContainer"}}};
  now["spec"]["initContainers"][0]["resources"] = amounts("2", "2Gi");
  BOOST_TEST(refusal(now, old) ==
             "spec.initContainers[0]: Forbidden: non-sidecar init containers with a resize policy "
             "of RestartContainer cannot be resized");
  old = pod();
  old["status"]["containerStatuses"][0].erase("resources");
  BOOST_TEST(refusal(pod(), old) == "spec: Forbidden: Pod running on node without support for resize");
  old["status"]["containerStatuses"][0]["state"] = {{"waiting", json::object()}};
  BOOST_TEST(refusal(pod(), old).empty());
  old["spec"]["os"]["name"] = "windows";
  BOOST_TEST(refusal(pod(), old) == ": Forbidden: windows pods cannot be resized");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace actord::schema
