#include "actors/authorization/node_access.hpp"

#include "schema/base/clock.hpp"
#include "schema/base/json.hpp"
#include "schema/base/rng.hpp"
#include "schema/object/stored_object.hpp"
#include "schema/tables/resource_table.hpp"
#include "storage/open_store.hpp"

#include <boost/test/unit_test.hpp>
#include <future>

using namespace actord;
using namespace actord::actors;

namespace {

/// A store with what a few pods on two nodes need.
struct small_cluster {
  manual_clock_source clock{wall_time{std::chrono::seconds(1'767'366'245)}};
  seeded_random_source random{7};
  std::unique_ptr<storage::store> store = storage::open_memory_store(clock, random);

  small_cluster() {
    const json key_ref = {{"name", "K"},
                          {"valueFrom", {{"secretKeyRef", {{"name", "env-secret"}, {"key", "k"}}}}}};
    const json map_ref = {{"configMapRef", {{"name", "env-map"}}}};
    add("", "pods", "a", "one",
        {{"nodeName", "n1"},
         {"serviceAccountName", "robot"},
         {"imagePullSecrets", {{{"name", "pull"}}}},
         {"resourceClaims", {{{"name", "gpu"}, {"resourceClaimName", "gpu-claim"}}}},
         {"containers", {{{"name", "c"}, {"env", {key_ref}}, {"envFrom", {map_ref}}}}},
         {"volumes",
          {{{"name", "s"}, {"secret", {{"secretName", "mounted"}}}},
           {{"name", "m"}, {"configMap", {{"name", "mounted-map"}}}},
           {{"name", "p"}, {"projected", {{"sources", {{{"secret", {{"name", "projected"}}}}}}}}},
           {{"name", "d"}, {"persistentVolumeClaim", {{"claimName", "data"}}}},
           {{"name", "scratch"}, {"ephemeral", json::object()}},
           {{"name", "i"}, {"csi", {{"driver", "x"}, {"nodePublishSecretRef", {{"name", "inline"}}}}}}}}});
    add("", "pods", "a", "elsewhere",
        {{"nodeName", "n2"}, {"volumes", {{{"name", "s"}, {"secret", {{"secretName", "theirs"}}}}}}});
    add("", "pods", "a", "mirror",
        {{"nodeName", "n1"}, {"volumes", {{{"name", "s"}, {"secret", {{"secretName", "wished-for"}}}}}}},
        {{"kubernetes.io/config.mirror", "x"}});
    add("", "persistentvolumeclaims", "a", "data", {{"volumeName", "pv-1"}});
    add("", "persistentvolumes", "", "pv-1",
        {{"claimRef", {{"namespace", "a"}, {"name", "data"}}},
         {"csi", {{"driver", "x"}, {"nodeStageSecretRef", {{"namespace", "drivers"}, {"name", "stage"}}}}}});
    add("storage.k8s.io", "volumeattachments", "", "att", {{"nodeName", "n1"}});
  }

  void add(const char* group, const char* plural, const std::string& space, const std::string& name,
           json spec, json annotations = json::object()) {
    const schema::resource_type& type = schema::builtin(group, plural);
    json object = {
        {"metadata", {{"name", name}, {"uid", new_uuid(random)}, {"annotations", std::move(annotations)}}},
        {"spec", std::move(spec)}};
    if (!space.empty()) object["metadata"]["namespace"] = space;
    std::promise<bool> done;
    store->propose(
        {{{{type.stored_as, space, name}, {}, storage::put_value{schema::encode_object(type, object, {})}}},
         {},
         {}},
        [&](const storage::outcome& outcome) {
          done.set_value(std::holds_alternative<storage::committed>(outcome));
        });
    BOOST_REQUIRE(done.get_future().get());
  }

  [[nodiscard]] access_verdict ask(const access_question& question, std::string_view node = "n1") const {
    return judge_node(*store->read(), node, question);
  }
  [[nodiscard]] bool reads(const char* resource, const char* name, const char* space = "a") const {
    return ask({.verb = "get", .resource = resource, .space = space, .name = name}).allowed;
  }
};

constexpr const char* unrelated = "no relationship found between node 'n1' and this object";

} // namespace

BOOST_AUTO_TEST_SUITE(node_access)

BOOST_AUTO_TEST_CASE(a_node_is_a_user_of_its_name_and_group) {
  const std::vector<std::string> nodes{"system:nodes"};
  BOOST_TEST(node_of({"system:node:n1", nodes}).value() == "n1");
  BOOST_TEST(!node_of({"n1", nodes}).has_value());
  BOOST_TEST(!node_of({"system:node:n1", {}}).has_value());
}

BOOST_AUTO_TEST_CASE(a_node_reads_what_its_pods_name) {
  const small_cluster c;
  for (const char* secret : {"env-secret", "pull", "mounted", "projected", "inline"})
    BOOST_TEST(c.reads("secrets", secret), secret);
  for (const char* map : {"env-map", "mounted-map"}) BOOST_TEST(c.reads("configmaps", map), map);
  for (const char* claim : {"data", "one-scratch"})
    BOOST_TEST(c.reads("persistentvolumeclaims", claim), claim);
  BOOST_TEST(c.reads("persistentvolumes", "pv-1", ""));
  BOOST_TEST(c.reads("secrets", "stage", "drivers"));
  BOOST_TEST(c.reads("pods", "one"));
  BOOST_TEST(c.reads("serviceaccounts", "robot"));
  const auto get = [&](const char* group, const char* resource, const char* space, const char* name) {
    return c.ask({.verb = "get", .group = group, .resource = resource, .space = space, .name = name}).allowed;
  };
  BOOST_TEST(get("resource.k8s.io", "resourceclaims", "a", "gpu-claim"));
  BOOST_TEST(get("storage.k8s.io", "volumeattachments", "", "att"));
  BOOST_TEST(!get("storage.k8s.io", "volumeattachments", "", "other"));

  for (const char* secret : {"theirs", "wished-for", "nothing", "mounted-map"})
    BOOST_TEST(!c.reads("secrets", secret), secret);
  BOOST_TEST(!c.reads("secrets", "mounted", "b"));
  BOOST_TEST(!c.reads("persistentvolumes", "pv-2", ""));
  BOOST_TEST(!c.reads("pods", "elsewhere"));
  BOOST_TEST(!c.reads("serviceaccounts", "default"));
  const access_question theirs{.verb = "get", .resource = "secrets", .space = "a", .name = "theirs"};
  BOOST_TEST(c.ask(theirs).reason == unrelated);
  BOOST_TEST(c.ask(theirs, "n2").allowed);
}

BOOST_AUTO_TEST_CASE(a_node_reads_single_objects_and_changes_none_of_them) {
  const small_cluster c;
  const auto ask = [&](const char* verb, const char* name, const char* space = "a") {
    return c.ask({.verb = verb, .resource = "secrets", .space = space, .name = name});
  };
  BOOST_TEST(ask("watch", "mounted").allowed);
  BOOST_TEST(ask("list", "mounted").allowed);
  BOOST_TEST(ask("list", "").reason == "No Object name found");
  BOOST_TEST(ask("list", "", "").reason == "can only read namespaced object of this type");
  BOOST_TEST(ask("update", "mounted").reason == "can only read resources of this type");
  BOOST_TEST(ask("delete", "mounted").allowed == false);
}

BOOST_AUTO_TEST_CASE(a_node_writes_its_own_objects) {
  const small_cluster c;
  const auto may = [&](const access_question& question) { return c.ask(question).allowed; };
  BOOST_TEST(may({.verb = "get", .resource = "nodes", .name = "n1"}));
  BOOST_TEST(!may({.verb = "get", .resource = "nodes", .name = "n2"}));
  BOOST_TEST(!may({.verb = "list", .resource = "nodes"}));
  BOOST_TEST(may({.verb = "patch", .resource = "nodes", .subresource = "status", .name = "n1"}));
  BOOST_TEST(!may({.verb = "delete", .resource = "nodes", .name = "n1"}));
  BOOST_TEST(
      may({.verb = "update", .resource = "pods", .subresource = "status", .space = "a", .name = "one"}));
  BOOST_TEST(may({.verb = "create", .resource = "events", .space = "a"}));
  BOOST_TEST(may({.verb = "get", .resource = "services", .space = "a", .name = "x"}));
  BOOST_TEST(!may({.verb = "create", .resource = "services", .space = "a"}));

  const auto lease = [&](const char* verb, const char* space, const char* name) {
    return may(
        {.verb = verb, .group = "coordination.k8s.io", .resource = "leases", .space = space, .name = name});
  };
  BOOST_TEST(lease("update", "kube-node-lease", "n1"));
  BOOST_TEST(lease("create", "kube-node-lease", ""));
  BOOST_TEST(!lease("update", "kube-node-lease", "n2"));
  BOOST_TEST(!lease("update", "default", "n1"));
  BOOST_TEST(!lease("list", "kube-node-lease", "n1"));
  BOOST_TEST(may({.verb = "update", .group = "storage.k8s.io", .resource = "csinodes", .name = "n1"}));
  BOOST_TEST(!may({.verb = "update", .group = "storage.k8s.io", .resource = "csinodes", .name = "n2"}));
}

BOOST_AUTO_TEST_CASE(a_node_lists_its_own_pods_and_makes_tokens_for_them) {
  const small_cluster c;
  const auto list = [&](const char* selector) {
    return c.ask({.verb = "list", .resource = "pods", .field_selector = selector});
  };
  BOOST_TEST(list("spec.nodeName=n1").allowed);
  BOOST_TEST(list("status.phase=Running,spec.nodeName==n1").allowed);
  BOOST_TEST(!list("spec.nodeName=n2").allowed);
  BOOST_TEST(!list("spec.nodeName!=n1").allowed);
  BOOST_TEST(list("").reason == "can only list/watch pods with spec.nodeName field selector");
  const auto token = [&](const char* account) {
    return c.ask({.verb = "create",
                  .resource = "serviceaccounts",
                  .subresource = "token",
                  .space = "a",
                  .name = account});
  };
  BOOST_TEST(token("robot").allowed);
  BOOST_TEST(token("default").reason == unrelated);
  BOOST_TEST(!c.ask({.verb = "create", .resource = "serviceaccounts", .space = "a"}).allowed);
}

BOOST_AUTO_TEST_SUITE_END()
