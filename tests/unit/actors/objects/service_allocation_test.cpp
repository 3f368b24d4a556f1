#include "actors/objects/service_allocation.hpp"

#include <boost/test/unit_test.hpp>
#include <set>

using namespace actord;

namespace {

struct world {
  actors::service_network network = *actors::service_network::parse("10.96.0.0/24");
  actors::port_book ports;
  std::set<std::string> taken;
  seeded_random_source random{42};

  result<actors::service_allocation> allocate(json& service, const json* old = nullptr) {
    return actors::allocate_service(
        service, old, network, ports, [this](const std::string& address) { return taken.contains(address); },
        random);
  }
};

json service(json spec) {
  return {{"metadata", {{"name", "s"}, {"namespace", "n"}}}, {"spec", std::move(spec)}};
}

} // namespace

BOOST_AUTO_TEST_SUITE(service_allocation)

BOOST_AUTO_TEST_CASE(parses_networks) {
  BOOST_TEST(actors::service_network::parse("10.96.3.4/16")->text() == "10.96.0.0/16");
  BOOST_TEST(actors::service_network::parse("10.96.0.0/16")->address(1) == "10.96.0.1");
  for (const char* text : {"", "10.96.0.0", "10.96.0/16", "10.96.0.0/31", "10.96.0.0/x", "fd00::/64"})
    BOOST_TEST(!actors::service_network::parse(text).has_value(), text);
}

BOOST_AUTO_TEST_CASE(every_service_gets_an_address_of_its_own_until_none_is_left) {
  world w;
  for (int i = 0; i < 253; ++i) { // 256 less network, kubernetes and broadcast
    json each = service({{"type", "ClusterIP"}});
    const auto granted = w.allocate(each);
    BOOST_REQUIRE(granted.has_value());
    BOOST_REQUIRE(granted->claim.size() == 1U);
    BOOST_REQUIRE(w.taken.insert(granted->claim.front()).second);
    BOOST_TEST(each["spec"]["clusterIPs"] == json({granted->claim.front()}));
  }
  BOOST_TEST(!w.taken.contains("10.96.0.0"));
  BOOST_TEST(!w.taken.contains("10.96.0.1"));
  BOOST_TEST(!w.taken.contains("10.96.0.255"));
  json one_more = service({{"type", "ClusterIP"}});
  BOOST_TEST(!w.allocate(one_more).has_value());
}

BOOST_AUTO_TEST_CASE(a_wish_is_honoured_or_refused) {
  world w;
  json wish = service({{"type", "ClusterIP"}, {"clusterIP", "10.96.0.10"}});
  BOOST_TEST(w.allocate(wish)->claim == std::vector<std::string>{"10.96.0.10"});
  w.taken.insert("10.96.0.10");
  const auto taken = w.allocate(wish);
  BOOST_REQUIRE(!taken.has_value());
  BOOST_TEST(taken.error().message ==
             "Service \"s\" is invalid: spec.clusterIPs: Invalid value: [\"10.96.0.10\"]: failed "
             "to allocate IP 10.96.0.10: provided IP is already allocated");
  json outside = service({{"type", "ClusterIP"}, {"clusterIP", "192.168.0.1"}});
  BOOST_TEST(w.allocate(outside).error().message.ends_with("The range of valid IPs is 10.96.0.0/24"));
  json headless = service({{"type", "ClusterIP"}, {"clusterIP", "None"}});
  BOOST_TEST(w.allocate(headless)->claim.empty());
  BOOST_TEST(headless["spec"]["clusterIPs"] == json({"None"}));
}

BOOST_AUTO_TEST_CASE(an_update_keeps_what_it_has_and_gives_back_what_it_no_longer_wants) {
  world w;
  json before = service({{"type", "NodePort"}, {"ports", {{{"port", 80}, {"protocol", "TCP"}}}}});
  const auto first = w.allocate(before);
  BOOST_REQUIRE(first.has_value());
  BOOST_TEST(first->ports_changed);
  w.ports = first->ports;
  w.taken.insert(first->claim.front());
  const int port = before["spec"]["ports"][0]["nodePort"];
  BOOST_TEST(w.ports.at(port) == "n/s");

  json same = service({{"type", "NodePort"}, {"ports", {{{"port", 80}, {"protocol", "TCP"}}}}});
  const auto kept = w.allocate(same, &before);
  BOOST_TEST(kept->claim.empty());
  BOOST_TEST(!kept->ports_changed);
  BOOST_TEST(same["spec"]["ports"][0]["nodePort"] == port);
  BOOST_TEST(same["spec"]["clusterIP"] == before["spec"]["clusterIP"]);
  BOOST_TEST(actors::allocation_is_settled(same, before));

  json external = service({{"type", "ExternalName"}, {"externalName", "a.example.com"}});
  const auto freed = w.allocate(external, &before);
  BOOST_TEST(freed->release == first->claim);
  BOOST_TEST(freed->ports.empty());
  BOOST_TEST(!external["spec"].contains("clusterIP"));
  const auto removed = actors::release_service(before, w.ports);
  BOOST_TEST(removed.release == first->claim);
  BOOST_TEST(removed.ports_changed);
}

BOOST_AUTO_TEST_CASE(node_ports_are_exclusive) {
  world w;
  w.ports[30080] = "n/other";
  json wish = service({{"type", "NodePort"}, {"ports", {{{"port", 80}, {"nodePort", 30080}}}}});
  BOOST_TEST(w.allocate(wish).error().message == "Service \"s\" is invalid: spec.ports[0].nodePort: Invalid "
                                                 "value: 30080: provided port is already allocated");
  json outside = service({{"type", "NodePort"}, {"ports", {{{"port", 80}, {"nodePort", 80}}}}});
  BOOST_TEST(w.allocate(outside).error().message.ends_with("The range of valid ports is 30000-32767"));
  json both = service({{"type", "NodePort"},
                       {"ports",
                        {{{"port", 53}, {"protocol", "TCP"}, {"nodePort", 30053}},
                         {{"port", 53}, {"protocol", "UDP"}, {"nodePort", 30053}}}}});
  BOOST_TEST(w.allocate(both).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
