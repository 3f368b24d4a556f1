#include "actors/admission/node_restriction.hpp"

#include "schema/base/json.hpp"
#include "schema/tables/resource_table.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::actors;

namespace {

struct attempt {
  const char* group = "";
  const char* plural = "pods";
  const char* subresource = "";
  write_verb verb = write_verb::update;
  json object = nullptr;
  json old = nullptr;
  const char* name = "x";
  const char* space = "default";
};

/// What node-1 is told.
std::string told(const attempt& what) {
  const auto verdict = check_node_write({.node = "node-1",
                                         .type = schema::builtin(what.group, what.plural),
                                         .subresource = what.subresource,
                                         .space = what.space,
                                         .name = what.name,
                                         .verb = what.verb,
                                         .object = what.object.is_null() ? nullptr : &what.object,
                                         .old = what.old.is_null() ? nullptr : &what.old,
                                         .own_uid = [] { return std::string("u-1"); }});
  return verdict ? "allowed" : verdict.error().message;
}

json pod_on(const char* node, json more = json::object()) {
  json pod = {{"metadata", {{"name", "x"}}}, {"spec", {{"nodeName", node}}}};
  pod.merge_patch(more);
  return pod;
}

json mirror() {
  return pod_on("node-1", {{"metadata",
                            {{"annotations", {{"kubernetes.io/config.mirror", "h"}}},
                             {"ownerReferences",
                              {{{"apiVersion", "v1"},
                                {"kind", "Node"},
                                {"name", "node-1"},
                                {"uid", "u-1"},
                                {"controller", true}}}}}}});
}

json node(const char* name, const json& labels = json::object(), const json& taints = nullptr) {
  json made = {{"metadata", {{"name", name}, {"labels", labels}}}, {"spec", json::object()}};
  if (!taints.is_null()) made["spec"]["taints"] = taints;
  return made;
}

} // namespace

BOOST_AUTO_TEST_SUITE(node_restriction)

BOOST_AUTO_TEST_CASE(who_is_a_node) {
  BOOST_TEST(node_of({"system:node:a", {}, {"system:nodes"}, {}}).value_or("-") == "a");
  BOOST_TEST(node_of({"system:node:", {}, {"system:nodes"}, {}}).value_or("-") == "");
  BOOST_TEST(node_of({"system:node:a", {}, {"others"}, {}}).value_or("-") == "-");
  BOOST_TEST(node_of({"admin", {}, {"system:nodes"}, {}}).value_or("-") == "-");
}

BOOST_AUTO_TEST_CASE(its_pods_only) {
  const json own = pod_on("node-1");
  const json other = pod_on("node-2");
  BOOST_TEST(told({.subresource = "status", .object = own, .old = own}) == "allowed");
  BOOST_TEST(told({.subresource = "status", .object = other, .old = other}) ==
             "node \"node-1\" can only update pod status for pods with spec.nodeName set to itself");
  BOOST_TEST(told({.subresource = "status",
                   .object = pod_on("node-1", {{"metadata", {{"labels", {{"a", "b"}}}}}}),
                   .old = own}) == "node \"node-1\" cannot update labels through pod status");
  BOOST_TEST(told({.verb = write_verb::remove, .old = own}) == "allowed");
  BOOST_TEST(told({.verb = write_verb::remove, .old = other}) ==
             "node \"node-1\" can only delete pods with spec.nodeName set to itself");
  BOOST_TEST(told({.subresource = "eviction", .verb = write_verb::remove, .old = own}) == "allowed");
  BOOST_TEST(told({.subresource = "eviction", .verb = write_verb::remove, .old = other}) ==
             "node node-1 can only evict pods with spec.nodeName set to itself");
  BOOST_TEST(told({.object = own, .old = own}) ==
             "unexpected operation \"UPDATE\", node \"node-1\" can only create and delete mirror pods");
  BOOST_TEST(told({.subresource = "ephemeralcontainers", .object = own, .old = own}) ==
             "unexpected pod subresource \"ephemeralcontainers\", only 'status' and 'eviction' are allowed");
}

BOOST_AUTO_TEST_CASE(mirror_pods_only) {
  const auto create = [](json pod) { return told({.verb = write_verb::create, .object = std::move(pod)}); };
  BOOST_TEST(create(mirror()) == "allowed");
  BOOST_TEST(create(pod_on("node-1")) == "pod does not have \"kubernetes.io/config.mirror\" annotation, node "
                                         "\"node-1\" can only create mirror pods");
  json elsewhere = mirror();
  elsewhere["spec"]["nodeName"] = "node-2";
  BOOST_TEST(create(elsewhere) == "node \"node-1\" can only create pods with spec.nodeName set to itself");
  json unowned = mirror();
  unowned["metadata"].erase("ownerReferences");
  BOOST_TEST(create(unowned) == "node \"node-1\" can only create pods with an owner reference set to itself");
  json stale = mirror();
  stale["metadata"]["ownerReferences"][0]["uid"] = "u-0";
  BOOST_TEST(create(stale) == "node node-1 UID mismatch: expected u-0 got u-1");
  json secretive = mirror();
  secretive["spec"]["volumes"] = {{{"name", "v"}, {"secret", {{"secretName", "s"}}}}};
  BOOST_TEST(create(secretive) == "node \"node-1\" can not create pods that reference secrets");
}

BOOST_AUTO_TEST_CASE(its_own_node) {
  const auto write = [](const json& object, const json& old, const char* name = "node-1") {
    return told({.plural = "nodes",
                 .verb = old.is_null() ? write_verb::create : write_verb::update,
                 .object = object,
                 .old = old,
                 .name = name,
                 .space = ""});
  };
  const json plain = node("node-1");
  BOOST_TEST(write(plain, nullptr) == "allowed");
  BOOST_TEST(write(node("node-2"), nullptr, "") ==
             "node \"node-1\" is not allowed to modify node \"node-2\"");
  BOOST_TEST(
      write(node("node-1",
                 {{"kubernetes.io/hostname", "h"}, {"node.kubernetes.io/x", "1"}, {"example.com/y", "2"}}),
            nullptr) == "allowed");
  BOOST_TEST(write(node("node-1", {{"node-role.kubernetes.io/control-plane", ""},
                                   {"node-restriction.kubernetes.io/a", "b"},
                                   {"x.node-restriction.kubernetes.io/a", "b"}}),
                   nullptr) == "node \"node-1\" is not allowed to set the following labels: "
                               "node-restriction.kubernetes.io/a, node-role.kubernetes.io/control-plane, "
                               "x.node-restriction.kubernetes.io/a");
  BOOST_TEST(write(plain, node("node-1", {{"node-restriction.kubernetes.io/a", "b"}})) ==
             "is not allowed to modify labels: node-restriction.kubernetes.io/a");
  BOOST_TEST(write(node("node-1", json::object(), json::array({{{"key", "k"}}})), plain) ==
             "node \"node-1\" is not allowed to modify taints");
  BOOST_TEST(told({.plural = "nodes", .verb = write_verb::remove, .old = node("node-2"), .name = "node-2"}) ==
             "node \"node-1\" is not allowed to modify node \"node-2\"");
}

BOOST_AUTO_TEST_CASE(its_lease_its_csi_node_and_no_claims) {
  const json own = {{"metadata", {{"name", "node-1"}}}};
  const json other = {{"metadata", {{"name", "node-2"}}}};
  const auto lease = [&](const json& object, const char* space) {
    return told({.group = "coordination.k8s.io",
                 .plural = "leases",
                 .verb = write_verb::create,
                 .object = object,
                 .name = "",
                 .space = space});
  };
  BOOST_TEST(lease(own, "kube-node-lease") == "allowed");
  BOOST_TEST(lease(other, "kube-node-lease") ==
             "can only access node lease with the same name as the requesting node");
  BOOST_TEST(lease(own, "default") == "can only access leases in the \"kube-node-lease\" system namespace");
  BOOST_TEST(told({.group = "storage.k8s.io",
                   .plural = "csinodes",
                   .verb = write_verb::remove,
                   .old = other,
                   .name = "node-2"}) == "can only access CSINode with the same name as the requesting node");
  BOOST_TEST(told({.plural = "persistentvolumeclaims", .object = own, .old = own}) ==
             "may only update PVC status");
  json grown = own;
  grown["status"]["capacity"]["storage"] = "1Gi";
  BOOST_TEST(
      told({.plural = "persistentvolumeclaims", .subresource = "status", .object = grown, .old = own}) ==
      "node \"node-1\" is not allowed to update fields other than status.quantity and "
      "status.conditions");
  json before = own;
  before["status"]["capacity"]["storage"] = "2Gi";
  BOOST_TEST(
      told({.plural = "persistentvolumeclaims", .subresource = "status", .object = grown, .old = before}) ==
      "allowed");
}

BOOST_AUTO_TEST_CASE(tokens_for_its_pods) {
  json pod = pod_on("node-1");
  pod["metadata"]["uid"] = "p-1";
  const auto ask = [&](const json& spec, const json* of) {
    const auto verdict = check_node_token_request("node-1", spec, of);
    return verdict ? std::string("allowed") : verdict.error().message;
  };
  const json bound = {
      {"boundObjectRef", {{"apiVersion", "v1"}, {"kind", "Pod"}, {"name", "x"}, {"uid", "p-1"}}}};
  BOOST_TEST(ask(bound, &pod) == "allowed");
  BOOST_TEST(ask(json::object(), nullptr) == "node requested token not bound to a pod");
  pod["spec"]["nodeName"] = "node-2";
  BOOST_TEST(ask(bound, &pod) == "node requested token bound to a pod scheduled on a different node");
  pod["metadata"]["uid"] = "p-2";
  BOOST_TEST(ask(bound, &pod).starts_with("the UID in the bound object reference (p-1) does not match"));
}

BOOST_AUTO_TEST_SUITE_END()
