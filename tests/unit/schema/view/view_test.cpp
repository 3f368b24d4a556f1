#include "schema/view/config_map_view.hpp"
#include "schema/view/deployment_view.hpp"
#include "schema/view/endpoint_slice_view.hpp"
#include "schema/view/namespace_view.hpp"
#include "schema/view/node_view.hpp"
#include "schema/view/pod_view.hpp"
#include "schema/view/read.hpp"
#include "schema/view/service_view.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::schema;

BOOST_AUTO_TEST_SUITE(views)

BOOST_AUTO_TEST_CASE(a_pod_reads_every_part_its_node_needs) {
  const pod_view pod =
      parse_pod(R"({"metadata":{"annotations":{"x":"y"},"creationTimestamp":"2026-01-02T03:04:05Z",
    "deletionGracePeriodSeconds":30,"deletionTimestamp":"2026-01-02T03:04:35Z","labels":{"app":"web"},"name":"web-1",
    "namespace":"shop","ownerReferences":[{"apiVersion":"apps/v1","blockOwnerDeletion":true,"controller":true,
    "kind":"ReplicaSet","name":"web","uid":"u-1"}],"uid":"u-2"},"spec":{"containers":[{"args":["-v"],"command":["/bin/web"],
    "env":[{"name":"A","value":"1"},{"name":"B","valueFrom":{"configMapKeyRef":{"key":"k","name":"m","optional":true}}},
    {"name":"C","valueFrom":{"fieldRef":{"fieldPath":"status.podIP"}}},
    {"name":"D","valueFrom":{"resourceFieldRef":{"divisor":"1Mi","resource":"limits.memory"}}}],
    "envFrom":[{"prefix":"P_","secretRef":{"name":"s","optional":true}}],"image":"web:1","imagePullPolicy":"Never",
    "lifecycle":{"preStop":{"sleep":{"seconds":3}}},"name":"web","ports":[{"containerPort":8080,"name":"http"}],
    "readinessProbe":{"httpGet":{"path":"/ok","port":"http","scheme":"HTTP"},"periodSeconds":2},
    "resources":{"limits":{"memory":"64Mi"},"requests":{"cpu":"250m","example.com/gpu":"2","memory":"32Mi"}},
    "securityContext":{"capabilities":{"add":["NET_ADMIN"]},"privileged":false,"runAsUser":7},
    "volumeMounts":[{"mountPath":"/d","name":"d","readOnly":true,"subPath":"a"}]}],
    "initContainers":[{"image":"side:1","name":"side","restartPolicy":"Always"}],"nodeName":"n1","restartPolicy":"OnFailure",
    "terminationGracePeriodSeconds":5,"tolerations":[{"effect":"NoExecute","key":"k","operator":"Exists",
    "tolerationSeconds":300}],"volumes":[{"emptyDir":{"medium":"Memory","sizeLimit":"1Gi"},"name":"d"},
    {"name":"p","projected":{"defaultMode":420,"sources":[{"serviceAccountToken":{"expirationSeconds":3607,"path":"token"}},
    {"configMap":{"items":[{"key":"ca.crt","path":"ca.crt"}],"name":"kube-root-ca.crt"}}]}},
    {"iscsi":{"iqn":"x"},"name":"odd"}]},"status":{"conditions":[{"lastTransitionTime":"2026-01-02T03:04:10Z",
    "status":"True","type":"Ready"}],"containerStatuses":[{"containerID":"x://1","name":"web","ready":true,"restartCount":2,
    "lastState":{"terminated":{"exitCode":137,"reason":"OOMKilled"}},"state":{"running":{"startedAt":"2026-01-02T03:04:09Z"}}}],
    "phase":"Running","podIP":"10.0.0.7","podIPs":[{"ip":"10.0.0.7"}]}})");

  BOOST_TEST(pod.meta.name == "web-1");
  BOOST_TEST(pod.meta.space == "shop");
  BOOST_TEST(pod.meta.being_deleted());
  BOOST_TEST((*pod.meta.deletion - *pod.meta.created == std::chrono::seconds(30)));
  BOOST_REQUIRE(pod.meta.controller() != nullptr);
  BOOST_TEST(pod.meta.controller()->uid == "u-1");
  BOOST_REQUIRE(pod.spec.containers.size() == 1U);
  const container_view& web = pod.spec.containers[0];
  BOOST_TEST(web.command == std::vector<std::string>{"/bin/web"}, boost::test_tools::per_element());
  BOOST_REQUIRE(web.env.size() == 4U);
  BOOST_TEST(web.env[0].value == "1");
  BOOST_TEST((web.env[1].config_map == key_reference{"m", "k", true}));
  BOOST_TEST((web.env[2].field == field_reference{"status.podIP"}));
  BOOST_TEST((web.env[3].resource == resource_field_reference{"", "limits.memory", "1Mi"}));
  BOOST_TEST((web.env_from == std::vector<env_from_view>{{"P_", "", "s", true}}));
  BOOST_TEST((web.ports == std::vector<container_port_view>{{"http", 8080, 0, "", "TCP"}}));
  BOOST_TEST(web.requests.milli_cpu.value() == 250);
  BOOST_TEST(web.requests.memory_bytes.value() == 32LL << 20);
  BOOST_TEST(web.requests.amount("example.com/gpu").value() == 2);
  BOOST_TEST(!web.limits.milli_cpu.has_value());
  BOOST_REQUIRE(web.readiness.has_value());
  BOOST_TEST((web.readiness->action.http_get->port == port_reference{0, "http"}));
  BOOST_TEST(web.readiness->period_s == 2);
  BOOST_TEST(web.readiness->failure_threshold == 3);
  BOOST_TEST(web.lifecycle.pre_stop->sleep_s.value() == 3);
  BOOST_TEST(web.security.run_as_user.value() == 7);
  BOOST_TEST(web.security.privileged.value() == false);
  BOOST_TEST(web.volume_mounts[0].sub_path == "a");
  BOOST_TEST(pod.spec.init_containers[0].is_sidecar());
  BOOST_TEST((pod.spec.restart == restart_policy::on_failure));
  BOOST_TEST(
      (pod.spec.volumes[0].source == decltype(volume_view::source)(empty_dir_volume{true, 1LL << 30})));
  const auto& projected = std::get<projected_volume>(pod.spec.volumes[1].source);
  BOOST_TEST((projected.sources[0] == projected_source(token_source{"", 3607, "token"})));
  BOOST_TEST(std::get<config_map_volume>(projected.sources[1]).items[0].path == "ca.crt");
  BOOST_TEST(std::get<unsupported_volume>(pod.spec.volumes[2].source).source == "iscsi");
  BOOST_TEST(pod.ready());
  BOOST_TEST(pod.status.containers[0].last_state.terminated->exit_code == 137);
  BOOST_TEST(pod.status.containers[0].state.running->started.has_value());
  BOOST_TEST(pod.spec.scheduler_name == "default-scheduler");
}

BOOST_AUTO_TEST_CASE(text_that_is_no_pod_reads_as_an_empty_one) {
  for (const char* text :
       {"", "[]", "null", "{", "\"x\"", R"({"metadata":7,"spec":{"containers":{"a":1},"nodeName":[]}})",
        R"({"spec":{"containers":[1,null,"x"],"priority":"high"},"status":{"conditions":"no"}})"}) {
    const pod_view pod = parse_pod(text);
    BOOST_TEST(pod.meta.name.empty());
    BOOST_TEST(pod.spec.node_name.empty());
    BOOST_TEST(pod.spec.priority == 0);
    BOOST_TEST(!pod.ready());
  }
}

BOOST_AUTO_TEST_CASE(quantities_round_up) {
  const auto milli = [](std::string text) { return read::milli_quantity(read::document('"' + text + '"')); };
  const auto whole = [](std::string text) { return read::whole_quantity(read::document('"' + text + '"')); };
  BOOST_TEST(milli("100m").value() == 100);
  BOOST_TEST(milli("0.1").value() == 100);
  BOOST_TEST(milli("0.0001").value() == 1);
  BOOST_TEST(milli("1.5").value() == 1500);
  BOOST_TEST(milli("2").value() == 2000);
  BOOST_TEST(milli("100u").value() == 1);
  BOOST_TEST(whole("1Ki").value() == 1024);
  BOOST_TEST(whole("1.5Gi").value() == 1610612736);
  BOOST_TEST(whole("1e3").value() == 1000);
  BOOST_TEST(whole("12E").value() == std::numeric_limits<std::int64_t>::max());
  BOOST_TEST(whole("1500m").value() == 2);
  BOOST_TEST(whole("-3").value() == -3);
  BOOST_TEST(whole("9223372036854775806").value() == 9223372036854775806);
  for (const char* wrong : {"", "x", "1Q", "1e", "1 "}) BOOST_TEST(!whole(wrong).has_value(), wrong);
}

BOOST_AUTO_TEST_CASE(times_keep_fraction_and_zone) {
  const auto time = [](std::string text) { return read::document('"' + text + '"').time(); };
  BOOST_TEST((time("1970-01-01T00:00:01Z")->time_since_epoch() == std::chrono::seconds(1)));
  BOOST_TEST((time("1970-01-01T00:00:00.250000Z")->time_since_epoch() == std::chrono::milliseconds(250)));
  BOOST_TEST((time("1970-01-01T01:00:00+01:00")->time_since_epoch() == std::chrono::seconds(0)));
  for (const char* wrong : {"", "now", "2026-13-01T00:00:00Z", "2026-01-01T00:00:00"})
    BOOST_TEST(!time(wrong).has_value(), wrong);
}

BOOST_AUTO_TEST_CASE(selectors_match_as_the_api_says) {
  const auto selector = [](const char* text) { return parse_label_selector(read::document(text)); };
  const text_map labels{{"app", "web"}, {"tier", "front"}};
  BOOST_TEST(selector("{}").matches(labels));
  BOOST_TEST(!selector("null").matches(labels));
  BOOST_TEST(selector(R"({"matchLabels":{"app":"web"}})").matches(labels));
  BOOST_TEST(!selector(R"({"matchLabels":{"app":"db"}})").matches(labels));
  BOOST_TEST(
      selector(R"({"matchExpressions":[{"key":"x","operator":"NotIn","values":["a"]}]})").matches(labels));
  BOOST_TEST(!selector(R"({"matchExpressions":[{"key":"app","operator":"DoesNotExist"}]})").matches(labels));
}

BOOST_AUTO_TEST_CASE(tolerations_follow_key_operator_value_and_effect) {
  const taint_view taint{"k", "v", taint_effect::no_schedule};
  BOOST_TEST((toleration_view{"k", "v", false, {}, {}}.tolerates(taint)));
  BOOST_TEST((!toleration_view{"k", "w", false, {}, {}}.tolerates(taint)));
  BOOST_TEST((toleration_view{"k", "", true, taint_effect::no_schedule, {}}.tolerates(taint)));
  BOOST_TEST((!toleration_view{"k", "", true, taint_effect::no_execute, {}}.tolerates(taint)));
  BOOST_TEST((toleration_view{"", "", true, {}, {}}.tolerates(taint)));
  BOOST_TEST((!toleration_view{"", "", false, {}, {}}.tolerates(taint)));
}

BOOST_AUTO_TEST_CASE(workloads_services_and_slices) {
  const deployment_view deployment = parse_deployment(
      R"({"metadata":{"generation":3,"name":"d"},"spec":{"replicas":0,"selector":{"matchLabels":{"a":"b"}},)"
      R"("strategy":{"rollingUpdate":{"maxSurge":"30%","maxUnavailable":1},"type":"RollingUpdate"},)"
      R"("template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[]}}},"status":{"collisionCount":2}})");
  BOOST_TEST(deployment.replicas == 0);
  BOOST_TEST((deployment.max_surge == count_or_percent{30, true}));
  BOOST_TEST((deployment.max_unavailable == count_or_percent{1, false}));
  BOOST_TEST(deployment.pod_template.text == R"({"metadata":{"labels":{"a":"b"}},"spec":{"containers":[]}})");
  BOOST_TEST(deployment.status.collision_count.value() == 2);
  BOOST_TEST(deployment.meta.generation == 3);

  const service_view service = parse_service(
      R"({"spec":{"clusterIP":"None","ports":[{"name":"a","port":80},{"name":"b","port":81,"targetPort":"http"}],)"
      R"("selector":{"a":"b"},"sessionAffinity":"ClientIP"}})");
  BOOST_TEST(service.headless());
  BOOST_TEST(service.ports[0].target_port.number == 80);
  BOOST_TEST(service.ports[1].target_port.name == "http");
  BOOST_TEST(service.client_affinity_s.value() == 10800);

  const endpoint_slice_view slice = parse_endpoint_slice(
      R"({"addressType":"IPv4","endpoints":[{"addresses":["10.0.0.1"],"conditions":{"ready":false},)"
      R"("targetRef":{"kind":"Pod","name":"p","namespace":"n","uid":"u"}}],)"
      R"("metadata":{"labels":{"kubernetes.io/service-name":"s"}},"ports":[{"name":"","port":80,"protocol":"TCP"}]})");
  BOOST_TEST(slice.service_name() == "s");
  BOOST_TEST(!slice.endpoints[0].ready);
  BOOST_TEST(!slice.endpoints[0].serving);
  BOOST_TEST((slice.endpoints[0].target == target_reference{"Pod", "n", "p", "u"}));
}

BOOST_AUTO_TEST_CASE(data_of_secrets_is_decoded) {
  const secret_view secret =
      parse_secret(R"({"data":{"a":"aGVsbG8=","bad":"***","empty":""},"type":"Opaque"})");
  BOOST_TEST(secret.data.at("a") == "hello");
  BOOST_TEST(secret.data.at("bad").empty());
  const config_map_view map = parse_config_map(R"({"binaryData":{"b":"AAE="},"data":{"a":"x"}})");
  BOOST_TEST(map.data.at("a") == "x");
  BOOST_TEST((map.binary_data.at("b") == std::string("\0\1", 2)));
}

BOOST_AUTO_TEST_CASE(nodes_and_namespaces) {
  const node_view node = parse_node(
      R"({"metadata":{"labels":{"zone":"a"},"name":"n1"},"spec":{"taints":[{"effect":"NoSchedule","key":"k"},{"key":"odd"}],)"
      R"("unschedulable":true},"status":{"addresses":[{"address":"10.1.1.1","type":"InternalIP"}],)"
      R"("allocatable":{"cpu":"3920m","memory":"24Gi","pods":"110"}}})");
  BOOST_TEST(node.unschedulable);
  BOOST_TEST(node.taints.size() == 1U);
  BOOST_TEST(node.allocatable.milli_cpu.value() == 3920);
  BOOST_TEST(node.allocatable.pods.value() == 110);
  BOOST_TEST(node.address("InternalIP") == "10.1.1.1");
  const namespace_view space =
      parse_namespace(R"({"spec":{"finalizers":["kubernetes"]},"status":{"phase":"Terminating"}})");
  BOOST_TEST(space.phase == "Terminating");
  BOOST_TEST(space.spec_finalizers[0] == "kubernetes");
}

BOOST_AUTO_TEST_SUITE_END()
