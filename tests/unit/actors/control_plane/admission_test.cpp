#include "cluster_fixture.hpp"

#include "schema/codec/base64.hpp"
#include "schema/tables/resource_table.hpp"
#include "tests/support/signing_requests.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using actord::testing::cluster_fixture;
using std::chrono::milliseconds;

namespace {

struct fixture : cluster_fixture {
  fixture() : cluster_fixture({"none"}) {}

  actors::caller_identity caller{"tester", {}, {"system:masters"}, {}};
  std::vector<std::string> warnings; ///< of the last write

  /// "allowed", or why not.
  std::string told(actors::write_verb verb, const json& object, const std::string& subresource = {}) {
    const std::string version = object["apiVersion"];
    const auto slash = version.find('/');
    const auto type = schema::find_kind(slash == std::string::npos ? "" : version.substr(0, slash),
                                        slash == std::string::npos ? version : version.substr(slash + 1),
                                        object["kind"].get<std::string>());
    BOOST_REQUIRE(type != nullptr);
    actors::write_command command;
    command.verb = verb;
    command.key = {type->stored_as, type->namespaced ? object["metadata"].value("namespace", "default") : "",
                   object["metadata"].value("name", "")};
    command.subresource = subresource;
    command.caller = caller;
    command.body = object.dump();
    command.field_manager = "tester";
    const auto answer = submit(std::move(command));
    warnings = answer ? answer->warnings : std::vector<std::string>{};
    return answer ? "allowed" : answer.error().message;
  }
  std::string create_told(const json& object) { return told(actors::write_verb::create, object); }
  std::string patch_told(const json& object, const std::string& subresource = {}) {
    return told(actors::write_verb::patch, object, subresource);
  }
};

json object(const std::string& version, const std::string& kind, const std::string& name,
            json more = json::object()) {
  json made = {{"apiVersion", version}, {"kind", kind}, {"metadata", {{"name", name}}}};
  made.merge_patch(more);
  return made;
}

json pod(const std::string& name, json more = json::object()) {
  json made = object("v1", "Pod", name, {{"spec", {{"containers", {{{"name", "c"}, {"image", "i"}}}}}}});
  made.merge_patch(more);
  return made;
}

json claim(const std::string& name, const char* size, json spec = json::object()) {
  json made = object(
      "v1", "PersistentVolumeClaim", name,
      {{"spec", {{"accessModes", {"ReadWriteOnce"}}, {"resources", {{"requests", {{"storage", size}}}}}}}});
  made["spec"].merge_patch(spec);
  return made;
}

json space_with(const json& labels) {
  return object("v1", "Namespace", "default", {{"metadata", {{"labels", labels}}}});
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(admission, fixture)

BOOST_AUTO_TEST_CASE(a_namespace_asks_for_secure_pods) {
  create(pod("old"));
  create(pod("other"));
  BOOST_TEST(patch_told(space_with({{"pod-security.kubernetes.io/enforce", "restricted"}})) == "allowed");
  BOOST_REQUIRE(warnings.size() == 2U);
  BOOST_TEST(warnings[0] ==
             "existing pods in namespace \"default\" violate the new PodSecurity enforce level "
             "\"restricted:latest\"");
  BOOST_TEST(warnings[1] == "old (and 1 other pod): allowPrivilegeEscalation != false, unrestricted "
                            "capabilities, runAsNonRoot != true, seccompProfile");
  BOOST_TEST(
      create_told(pod("new"))
          .starts_with("pods \"new\" is forbidden: violates PodSecurity \"restricted:latest\": "
                       "allowPrivilegeEscalation != "
                       "false (container \"c\" must set securityContext.allowPrivilegeEscalation=false), "));
  const json secure = {{"allowPrivilegeEscalation", false},
                       {"runAsNonRoot", true},
                       {"capabilities", {{"drop", {"ALL"}}}},
                       {"seccompProfile", {{"type", "RuntimeDefault"}}}};
  json good = pod("good");
  good["spec"]["containers"][0]["securityContext"] = secure;
  BOOST_TEST(create_told(good) == "allowed");
  BOOST_TEST(warnings.empty());
  // A template is stored, but whoever sends it is told.
  const json deployment =
      object("apps/v1", "Deployment", "web",
             {{"spec",
               {{"selector", {{"matchLabels", {{"a", "b"}}}}},
                {"template", {{"metadata", {{"labels", {{"a", "b"}}}}}, {"spec", pod("x")["spec"]}}}}}});
  BOOST_TEST(create_told(deployment) == "allowed");
  BOOST_REQUIRE(warnings.size() == 1U);
  BOOST_TEST(warnings[0].starts_with("would violate PodSecurity \"restricted:latest\": "));
  // What was there before may change in ways that do not matter here.
  BOOST_TEST(patch_told(object("v1", "Pod", "old", {{"metadata", {{"labels", {{"l", "v"}}}}}})) == "allowed");
  json other_image = get("", "pods", "default", "old");
  other_image["spec"]["containers"][0]["image"] = "j";
  BOOST_TEST(told(actors::write_verb::update, other_image).find("violates PodSecurity") != std::string::npos);
  BOOST_TEST(patch_told(space_with({{"pod-security.kubernetes.io/enforce", "tight"}})) ==
             "Namespace \"default\" is invalid: metadata.labels[pod-security.kubernetes.io/enforce]: Invalid "
             "value: \"tight\": must be one of privileged, baseline, restricted");
}

BOOST_AUTO_TEST_CASE(limits_are_filled_in_and_kept) {
  create(object("v1", "LimitRange", "r",
                {{"spec",
                  {{"limits",
                    {{{"type", "Container"}, {"default", {{"cpu", "200m"}}}, {"max", {{"cpu", "1"}}}},
                     {{"type", "PersistentVolumeClaim"}, {"max", {{"storage", "2Gi"}}}}}}}}}));
  const json made = create(pod("a"));
  BOOST_TEST(made["spec"]["containers"][0]["resources"] ==
             json::parse(R"({"limits":{"cpu":"200m"},"requests":{"cpu":"200m"}})"));
  json large = pod("b");
  large["spec"]["containers"][0]["resources"]["limits"]["cpu"] = "2";
  BOOST_TEST(create_told(large) ==
             "pods \"b\" is forbidden: maximum cpu usage per Container is 1, but limit is 2");
  BOOST_TEST(create_told(claim("c", "3Gi")) ==
             "persistentvolumeclaims \"c\" is forbidden: maximum storage usage per PersistentVolumeClaim is "
             "2Gi, but request is 3Gi");
  json generated = large;
  generated["metadata"] = {{"generateName", "web-"}};
  BOOST_TEST(create_told(generated).starts_with("pods \"web-"));
}

BOOST_AUTO_TEST_CASE(classes_that_are_marked_are_the_default) {
  const json is_default = {
      {"metadata", {{"annotations", {{"storageclass.kubernetes.io/is-default-class", "true"}}}}},
      {"provisioner", "p"}};
  create(object("storage.k8s.io/v1", "StorageClass", "b", is_default));
  create(object("storage.k8s.io/v1", "StorageClass", "a", {{"provisioner", "p"}}));
  BOOST_TEST(create(claim("none", "1Gi"))["spec"]["storageClassName"] == "b");
  BOOST_TEST(create(claim("empty", "1Gi", {{"storageClassName", ""}}))["spec"]["storageClassName"] == "");
  clock.advance(std::chrono::seconds(5));
  create(object("storage.k8s.io/v1", "StorageClass", "newer", is_default));
  BOOST_TEST(create(claim("later", "1Gi"))["spec"]["storageClassName"] == "newer");
  create(object("networking.k8s.io/v1", "IngressClass", "front",
                {{"metadata", {{"annotations", {{"ingressclass.kubernetes.io/is-default-class", "true"}}}}},
                 {"spec", {{"controller", "example.com/c"}}}}));
  const json ingress = create(
      object("networking.k8s.io/v1", "Ingress", "i",
             {{"spec", {{"defaultBackend", {{"service", {{"name", "s"}, {"port", {{"number", 80}}}}}}}}}}));
  BOOST_TEST(ingress["spec"]["ingressClassName"] == "front");
}

BOOST_AUTO_TEST_CASE(only_bound_claims_of_growing_classes_grow) {
  create(object("storage.k8s.io/v1", "StorageClass", "fixed", {{"provisioner", "p"}}));
  create(object("storage.k8s.io/v1", "StorageClass", "growing",
                {{"provisioner", "p"}, {"allowVolumeExpansion", true}}));
  create(claim("f", "1Gi", {{"storageClassName", "fixed"}, {"volumeName", "v"}}));
  create(claim("g", "1Gi", {{"storageClassName", "growing"}, {"volumeName", "v"}}));
  const auto grow = [&](const char* name) {
    return patch_told(object("v1", "PersistentVolumeClaim", name,
                             {{"spec", {{"resources", {{"requests", {{"storage", "2Gi"}}}}}}}}));
  };
  const auto bind = [&](const char* name) {
    merge("", "persistentvolumeclaims", "default", name,
          {{"status", {{"phase", "Bound"}, {"capacity", {{"storage", "1Gi"}}}}}}, "status");
  };
  BOOST_TEST(grow("g").find("Forbidden") != std::string::npos);
  bind("f");
  bind("g");
  BOOST_TEST(grow("f") ==
             "persistentvolumeclaims \"f\" is forbidden: only dynamically provisioned pvc can be "
             "resized and the storageclass that provisions the pvc must support resize");
  BOOST_TEST(grow("g") == "allowed");
}

BOOST_AUTO_TEST_CASE(one_priority_class_is_the_default) {
  create(object("scheduling.k8s.io/v1", "PriorityClass", "usual", {{"value", 7}, {"globalDefault", true}}));
  BOOST_TEST(
      create_told(object("scheduling.k8s.io/v1", "PriorityClass", "second",
                         {{"value", 8}, {"globalDefault", true}})) ==
      "priorityclasses.scheduling.k8s.io \"second\" is forbidden: PriorityClass usual is already marked "
      "as default. Only one default can exist");
  BOOST_TEST(create(pod("a"))["spec"]["priority"] == 7);
  BOOST_TEST(create_told(pod("b", {{"spec", {{"priority", 9}}}})) ==
             "pods \"b\" is forbidden: the integer value of priority (9) must not be provided in pod spec; "
             "priority admission controller computed 7 from the given PriorityClass name");
}

BOOST_AUTO_TEST_CASE(a_node_changes_what_is_its_own) {
  caller = {"system:node:n1", {}, {"system:nodes", "system:authenticated"}, {}};
  BOOST_TEST(create_told(object("v1", "Node", "n1")) == "allowed");
  BOOST_TEST(create_told(object("v1", "Node", "n2")) ==
             "nodes \"n2\" is forbidden: node \"n1\" is not allowed to modify node \"n2\"");
  BOOST_TEST(create_told(pod("p")) ==
             "pods \"p\" is forbidden: pod does not have \"kubernetes.io/config.mirror\" annotation, node "
             "\"n1\" can only create mirror pods");
  create(pod("mine", {{"spec", {{"nodeName", "n1"}}}}));
  create(pod("theirs", {{"spec", {{"nodeName", "n2"}}}}));
  const json reported = {{"status", {{"phase", "Running"}}}};
  BOOST_TEST(patch_told(object("v1", "Pod", "mine", reported), "status") == "allowed");
  BOOST_TEST(
      patch_told(object("v1", "Pod", "theirs", reported), "status") ==
      "pods \"theirs\" is forbidden: node \"n1\" can only update pod status for pods with spec.nodeName "
      "set to itself");
  BOOST_TEST(
      told(actors::write_verb::remove, pod("theirs")) ==
      "pods \"theirs\" is forbidden: node \"n1\" can only delete pods with spec.nodeName set to itself");
  BOOST_TEST(told(actors::write_verb::remove, pod("theirs"), "eviction").find("can only evict") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(pods_take_over_where_their_node_is) {
  create(object(
      "v1", "Node", "n1",
      {{"metadata",
        {{"labels",
          {{"topology.kubernetes.io/zone", "z"}, {"topology.kubernetes.io/region", "r"}, {"x", "y"}}}}}}));
  const json bound = create(pod("a", {{"spec", {{"nodeName", "n1"}}}}));
  BOOST_TEST(bound["metadata"]["labels"] ==
             json::parse(R"({"topology.kubernetes.io/region":"r","topology.kubernetes.io/zone":"z"})"));
  create(pod("b"));
  actors::write_command bind;
  bind.key = {schema::builtin("", "pods").id, "default", "b"};
  bind.subresource = "binding";
  bind.caller = caller;
  bind.body = json{{"metadata", {{"name", "b"}}}, {"target", {{"kind", "Node"}, {"name", "n1"}}}}.dump();
  BOOST_TEST(submit(bind).has_value());
  BOOST_TEST(get("", "pods", "default", "b")["metadata"]["labels"]["topology.kubernetes.io/zone"] == "z");
}

BOOST_AUTO_TEST_CASE(a_pod_grows_as_far_as_its_node_reaches) {
  add_node("n1", "4", "8Gi");
  json small = pod("a", {{"spec", {{"nodeName", "n1"}}}});
  small["spec"]["containers"][0]["resources"]["requests"]["cpu"] = "1";
  create(small);
  const auto resize = [&](const json& resources) {
    json grown = get("", "pods", "default", "a");
    grown["spec"]["containers"][0]["resources"] = resources;
    return told(actors::write_verb::update, grown, "resize");
  };
  BOOST_TEST(resize({{"requests", {{"cpu", "5"}}}}) ==
             "pods \"a\" is forbidden: node didn't have enough allocatable resources: cpu, requested: 5000, "
             "allocatable: 4000");
  BOOST_TEST(resize({{"requests", {{"cpu", "2"}}}}) == "allowed");
  BOOST_TEST(get("", "pods", "default", "a")["metadata"]["generation"] == 2);
  BOOST_TEST(resize({{"requests", {{"cpu", "2"}}}, {"limits", {{"example.com/gpu", "1"}}}})
                 .find("only cpu and memory resources are mutable") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(certificates_are_asked_for_in_ones_own_name) {
  const auto request = [](const std::string& name, const char* pem, const char* signer) {
    return object("certificates.k8s.io/v1", "CertificateSigningRequest", name,
                  {{"spec",
                    {{"request", schema::encode_base64(pem)},
                     {"signerName", signer},
                     {"username", "somebody else"},
                     {"usages", {"digital signature", "client auth"}}}}});
  };
  const char* client = "kubernetes.io/kube-apiserver-client";
  const json made = create(request("a", actord::testing::client_request, client));
  BOOST_TEST(made["spec"]["username"] == "tester");
  BOOST_TEST(create_told(request("b", actord::testing::master_request, client)) ==
             "certificatesigningrequests.certificates.k8s.io \"b\" is forbidden: use of "
             "kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed");
  BOOST_TEST(
      create_told(request("c", "nonsense", client)) ==
      "CertificateSigningRequest.certificates.k8s.io \"c\" is invalid: spec.request: Invalid value: PEM "
      "block type must be CERTIFICATE REQUEST");
  // The verdict is a right of its own.
  const json approved = {{"status", {{"conditions", {{{"type", "Approved"}, {"status", "True"}}}}}}};
  const json verdict = object("certificates.k8s.io/v1", "CertificateSigningRequest", "a", approved);
  caller = {"jane", {}, {"dev"}, {}};
  BOOST_TEST(
      patch_told(verdict, "approval") ==
      "certificatesigningrequests.certificates.k8s.io \"a\" is forbidden: user not permitted to approve "
      "requests with signerName \"kubernetes.io/kube-apiserver-client\"");
  caller = {"tester", {}, {"system:masters"}, {}};
  BOOST_TEST(patch_told(verdict).find("may not add a condition") == std::string::npos);
  BOOST_TEST(
      !get("certificates.k8s.io", "certificatesigningrequests", "", "a")["status"].contains("conditions"));
  BOOST_TEST(patch_told(verdict, "approval") == "allowed");
  const json denied = {
      {"status",
       {{"conditions",
         {{{"type", "Approved"}, {"status", "True"}}, {{"type", "Denied"}, {"status", "True"}}}}}}};
  BOOST_TEST(
      patch_told(object("certificates.k8s.io/v1", "CertificateSigningRequest", "a", denied), "approval")
          .find("mutually exclusive") != std::string::npos);
  caller = {"system:node:n2", {}, {"system:nodes"}, {}};
  BOOST_TEST(create_told(request("d", actord::testing::node_request,
                                 "kubernetes.io/kube-apiserver-client-kubelet")) ==
             "certificatesigningrequests.certificates.k8s.io \"d\" is forbidden: can only create a node CSR "
             "with CN=system:node:n2");
}

BOOST_AUTO_TEST_CASE(an_account_may_say_which_secrets_its_pods_use) {
  create(object("v1", "ServiceAccount", "strict",
                {{"metadata", {{"annotations", {{"kubernetes.io/enforce-mountable-secrets", "true"}}}}},
                 {"secrets", {{{"name", "known"}}}}}));
  const auto pod_with = [](const char* name, const char* secret) {
    return pod(name, {{"spec",
                       {{"serviceAccountName", "strict"},
                        {"volumes", {{{"name", "v"}, {"secret", {{"secretName", secret}}}}}}}}});
  };
  BOOST_TEST(create_told(pod_with("a", "known")) == "allowed");
  BOOST_TEST(
      create_told(pod_with("b", "other")) ==
      "pods \"b\" is forbidden: volume with secret.secretName=\"other\" is not allowed because service "
      "account strict does not reference that secret");
  const auto debug_with = [&](const char* name, const char* secret) {
    json debugged = get("", "pods", "default", "a");
    debugged["spec"]["ephemeralContainers"].push_back(
        {{"name", name}, {"image", "i"}, {"envFrom", {{{"secretRef", {{"name", secret}}}}}}});
    return told(actors::write_verb::update, debugged, "ephemeralcontainers");
  };
  BOOST_TEST(debug_with("d", "other").find("ephemeral container d with envFrom referencing") !=
             std::string::npos);
  BOOST_TEST(debug_with("d", "known") == "allowed");
  json without = get("", "pods", "default", "a");
  without["spec"].erase("ephemeralContainers");
  BOOST_TEST(told(actors::write_verb::update, without, "ephemeralcontainers")
                 .find("existing ephemeral containers \"d\" may not be removed") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(some_namespaces_are_for_ever) {
  for (const char* name : {"kube-system", "kube-public"}) create(object("v1", "Namespace", name));
  for (const char* name : {"default", "kube-system", "kube-public"})
    BOOST_TEST(told(actors::write_verb::remove, object("v1", "Namespace", name)) ==
               "namespaces \"" + std::string(name) + "\" is forbidden: this namespace may not be deleted");
}

BOOST_AUTO_TEST_SUITE_END()
