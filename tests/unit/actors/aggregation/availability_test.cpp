#include "actors/aggregation/availability.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::actors;
using namespace std::chrono_literals;

namespace {

const schema::service_reference_view wanted{"wardle", "api", 7443};
const wall_time now{std::chrono::seconds(1'767'366'245)};

schema::service_view service(std::int64_t port = 7443) {
  schema::service_view made;
  made.type = "ClusterIP";
  made.ports.resize(1);
  made.ports[0].name = "https";
  made.ports[0].port = port;
  return made;
}

schema::endpoint_slice_view slice(const std::string& address, bool ready = true) {
  schema::endpoint_slice_view made;
  made.ports.push_back({"https", "TCP", 9443, {}});
  schema::endpoint_view endpoint;
  endpoint.addresses = {address};
  endpoint.ready = ready;
  made.endpoints.push_back(std::move(endpoint));
  return made;
}

std::string reason(const std::optional<schema::service_view>& found,
                   const std::vector<schema::endpoint_slice_view>& slices) {
  const auto met = obstacle(wanted, found, slices);
  return met ? met->reason + ": " + met->message : "none";
}

result<proxied_target> place(
    const std::vector<schema::endpoint_slice_view>& slices,
    const pod_lookup& pods = [](const auto&, const auto&) { return std::optional<schema::pod_view>(); }) {
  seeded_random_source random(1);
  return extension_place(wanted, service(), slices, pods, random);
}

} // namespace

BOOST_AUTO_TEST_SUITE(extension_availability)

BOOST_AUTO_TEST_CASE(what_stands_in_the_way_is_named) {
  BOOST_TEST(reason({}, {}) == "ServiceNotFound: service/api in \"wardle\" is not present");
  BOOST_TEST(reason(service(443), {}) ==
             "ServicePortError: service/api in \"wardle\" is not listening on port 7443");
  BOOST_TEST(reason(service(), {}) ==
             "EndpointsNotFound: cannot find endpointslices for service/api in \"wardle\"");
  const std::string missing =
      "MissingEndpoints: endpointslices for service/api in \"wardle\" have no addresses "
      "with port name \"https\"";
  BOOST_TEST(reason(service(), {slice("192.0.2.9", false)}) == missing);
  auto other = slice("192.0.2.9");
  other.ports[0].name = "metrics";
  BOOST_TEST(reason(service(), {other}) == missing);
  BOOST_TEST(reason(service(), {slice("192.0.2.9")}) == "none");
  auto outside = service(1);
  outside.type = "ExternalName";
  BOOST_TEST(reason(outside, {}) == "none");
}

BOOST_AUTO_TEST_CASE(a_ready_endpoint_is_the_place) {
  const auto found = place({slice("192.0.2.8", false), slice("192.0.2.9")});
  BOOST_REQUIRE(found);
  BOOST_TEST(found->to.address == "192.0.2.9");
  BOOST_TEST(found->to.port == 9443);
  BOOST_TEST(found->to.tls);
  BOOST_TEST(found->node == "");
  BOOST_TEST(!place({slice("192.0.2.8", false)}));
}

/// Whoever may write slices must not make the server talk to itself or to the machine's own services.
BOOST_AUTO_TEST_CASE(addresses_of_this_machine_are_no_place) {
  for (const char* address : {"127.0.0.1", "169.254.169.254", "0.0.0.0", "::1"})
    BOOST_TEST(!place({slice(address)}), address);
  auto outside = service();
  outside.type = "ExternalName";
  seeded_random_source random(1);
  for (const char* name : {"127.0.0.1", "example.com", ""}) {
    outside.external_name = name;
    BOOST_TEST(!extension_place(wanted, outside, {}, {}, random), name);
  }
  outside.external_name = "192.0.2.7";
  const auto found = extension_place(wanted, outside, {}, {}, random);
  BOOST_REQUIRE(found);
  BOOST_TEST(found->to.port == 7443);
}

BOOST_AUTO_TEST_CASE(a_pod_may_be_reached_through_its_node) {
  auto of_pod = slice("10.244.0.5");
  of_pod.endpoints[0].target = schema::target_reference{"Pod", "wardle", "api-0", "u"};
  schema::pod_view pod;
  pod.meta.uid = "pod-uid";
  pod.spec.node_name = "node-1";
  pod.status.pod_ip = "10.244.0.5";
  const pod_lookup pods = [&](const std::string& space, const std::string& name) {
    return space == "wardle" && name == "api-0" ? std::optional(pod) : std::nullopt;
  };
  const auto found = place({of_pod}, pods);
  BOOST_REQUIRE(found);
  BOOST_TEST(found->node == "node-1");
  BOOST_TEST(found->pod_uid == "pod-uid");
  pod.status.pod_ip = "10.244.0.6"; // not where the slice says
  BOOST_TEST(place({of_pod}, pods)->node == "");
}

BOOST_AUTO_TEST_CASE(failures_are_looked_at_soon_then_less_often) {
  BOOST_TEST((next_look(0) == 30s));
  BOOST_TEST((next_look(1) == 100ms));
  BOOST_TEST((next_look(3) == 400ms));
  BOOST_TEST((next_look(20) == 30s));
}

BOOST_AUTO_TEST_CASE(only_news_are_written) {
  const schema::condition_view other{"Seen", "True", "R", "M", now - 60s, std::nullopt, 0};
  auto first = with_verdict({other}, passed(), now);
  BOOST_REQUIRE(first);
  BOOST_REQUIRE(first->size() == 2U);
  BOOST_TEST((first->at(0) == other));
  BOOST_TEST((first->at(1).transitioned == now));
  BOOST_TEST(!with_verdict(*first, passed(), now + 60s).has_value());
  const auto bad = with_verdict(*first, failed_check("https://x", "EOF"), now + 60s);
  BOOST_REQUIRE(bad);
  BOOST_TEST(bad->at(1).message == "failing or missing response from https://x: EOF");
  BOOST_TEST((bad->at(1).transitioned == now + 60s));
  const auto worse = with_verdict(*bad, failed_check("https://x", "timeout"), now + 90s);
  BOOST_REQUIRE(worse);
  BOOST_TEST((worse->at(1).transitioned == now + 60s)); // it was not available before
}

BOOST_AUTO_TEST_SUITE_END()
