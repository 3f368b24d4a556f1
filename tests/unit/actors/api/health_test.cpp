#include "actors/api/telemetry/health_endpoint.hpp"
#include "actors/api/telemetry/request_metrics.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::actors;

namespace {

health_answer asked(std::string_view path, std::string_view query = "", const health_facts& facts = {}) {
  return check_health(path, query_values::parse(query), facts);
}

} // namespace

BOOST_AUTO_TEST_SUITE(health)

BOOST_AUTO_TEST_CASE(a_healthy_server_says_ok_and_how_when_asked) {
  for (const std::string root : {"livez", "readyz", "healthz"}) {
    BOOST_TEST(asked("/" + root).text == "ok");
    BOOST_TEST(asked("/" + root).code == 200);
    const std::string all = asked("/" + root, "verbose").text;
    BOOST_TEST(all.starts_with("[+]ping ok\n"));
    BOOST_TEST(all.ends_with(root + " check passed\n"));
    BOOST_TEST(asked("/" + root + "/ping").text == "ok");
    BOOST_TEST(asked("/" + root + "/nonesuch").code == 404);
  }
}

BOOST_AUTO_TEST_CASE(what_fails_is_named_without_its_reason) {
  const health_facts full{.store_problem = "the disk is full", .waiting_for = {}};
  BOOST_TEST(asked("/livez", "", full).code == 200);
  const health_answer not_ready = asked("/readyz", "", full);
  BOOST_TEST(not_ready.code == 500);
  BOOST_TEST(not_ready.text ==
             "[+]ping ok\n[+]log ok\n[-]etcd failed: reason withheld\n[+]poststarthook/start-actord ok\n"
             "readyz check failed\n");
  BOOST_TEST(asked("/readyz/etcd", "", full).code == 500);
  BOOST_TEST(asked("/readyz", "exclude=etcd", full).text == "ok");
  BOOST_TEST(asked("/readyz", "exclude=etcd&verbose", full).text.find("[+]etcd excluded: ok\n") !=
             std::string::npos);
  BOOST_TEST(asked("/readyz", "exclude=nope&verbose")
                 .text.find("warn: some health checks cannot be excluded: no matches for \"nope\"\n") !=
             std::string::npos);
  BOOST_TEST(asked("/readyz", "", {.store_problem = {}, .waiting_for = "objects"}).code == 500);
  health_facts known = full;
  known.explains = true;
  BOOST_TEST(asked("/readyz", "", known).text.find("[-]etcd failed: the disk is full\n") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(requests_count_by_what_they_asked) {
  request_metrics metrics;
  const request_labels get{.verb = "GET",
                           .group = "",
                           .version = "v1",
                           .resource = "pods",
                           .subresource = "",
                           .scope = "resource"};
  for (int i = 0; i < 3; ++i) metrics.observe(get, 200, std::chrono::milliseconds(7), false);
  metrics.observe(get, 404, std::chrono::seconds(100), false);
  const std::string text = metrics.text();
  const std::string words = R"(component="apiserver",dry_run="",group="",resource="pods",scope="resource",)"
                            R"(subresource="",verb="GET",version="v1")";
  const auto has = [&](const std::string& line) { return text.find(line + "\n") != std::string::npos; };
  BOOST_TEST(has("apiserver_request_total{code=\"200\"," + words + "} 3"));
  BOOST_TEST(has("apiserver_request_total{code=\"404\"," + words + "} 1"));
  BOOST_TEST(has("apiserver_request_duration_seconds_bucket{" + words + ",le=\"0.005\"} 0"));
  BOOST_TEST(has("apiserver_request_duration_seconds_bucket{" + words + ",le=\"0.01\"} 3"));
  BOOST_TEST(has("apiserver_request_duration_seconds_bucket{" + words + ",le=\"60\"} 3"));
  BOOST_TEST(has("apiserver_request_duration_seconds_bucket{" + words + ",le=\"+Inf\"} 4"));
  BOOST_TEST(has("apiserver_request_duration_seconds_count{" + words + "} 4"));
  BOOST_TEST(has("apiserver_request_sli_duration_seconds_count{" + words + "} 4"));
  metrics.turned_away(get);
  BOOST_TEST(metrics.text().find("apiserver_request_terminations_total{code=\"429\"," + words + "} 1\n") !=
             std::string::npos);
  BOOST_TEST(process_metrics_text().find("\nprocess_resident_memory_bytes ") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(streams_count_while_they_last_and_not_in_what_was_promised) {
  request_metrics metrics;
  const request_labels watch{.verb = "WATCH", .version = "v1", .resource = "pods", .scope = "cluster"};
  const auto value = [&](const std::string& name) {
    const std::string text = metrics.text();
    const std::size_t line = text.find("\n" + name + "{");
    if (line == std::string::npos) return std::string();
    const std::size_t at = text.find("} ", line) + 2;
    return text.substr(at, text.find('\n', at) - at);
  };
  auto stream = metrics.stream_begun(watch);
  metrics.observe(watch, 200, std::chrono::milliseconds(1), true);
  BOOST_TEST(value("apiserver_longrunning_requests") == "1");
  BOOST_TEST(value("apiserver_request_sli_duration_seconds_count").empty());
  BOOST_TEST(value("apiserver_request_total") == "1");
  stream.reset();
  BOOST_TEST(value("apiserver_longrunning_requests") == "0");
  const request_labels create{.verb = "POST", .version = "v1", .resource = "pods", .scope = "namespace"};
  metrics.under_way(create, 1);
  BOOST_TEST(metrics.text().find("apiserver_current_inflight_requests{request_kind=\"mutating\"} 1\n") !=
             std::string::npos);
  metrics.under_way(create, -1);
  BOOST_TEST(metrics.text().find("apiserver_current_inflight_requests{request_kind=\"mutating\"} 0\n") !=
             std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
