#include "net/services/iptables_driver.hpp"
#include "net/services/service_rules.hpp"

#include "schema/base/rng.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <sstream>

using namespace actord;
using namespace actord::net;

namespace {

// A scenario is a text: what there is, then "=>", then the chains as this test walks them from a hook, in
// order.
//
//   node NAME | cidr RANGE
//   service SPACE/NAME[:PORTNAME] PROTOCOL PORT [cluster=IP] [external=IP] [lb=IP] [from=RANGE] [node=PORT]
//           [internal=local] [policy=local] [affinity=SECONDS]
//   slice SPACE/NAME [PORTNAME:]PORT/PROTOCOL ADDRESS[@NODE][!notready|!terminating]...

std::vector<std::string> words_of(const std::string& line) {
  std::istringstream stream(line);
  return {std::istream_iterator<std::string>(stream), {}};
}

transport_protocol protocol_of(const std::string& name) {
  if (name == "udp") return transport_protocol::udp;
  return name == "sctp" ? transport_protocol::sctp : transport_protocol::tcp;
}

std::pair<std::string, std::string> cut(const std::string& text, char at) {
  const auto position = text.find(at);
  if (position == std::string::npos) return {text, ""};
  return {text.substr(0, position), text.substr(position + 1)};
}

service_port_entry parse_service(const std::vector<std::string>& words) {
  service_port_entry service;
  const auto [space, rest] = cut(words[1], '/');
  service.space = space;
  std::tie(service.service, service.port_name) = cut(rest, ':');
  service.protocol = protocol_of(words[2]);
  service.port = static_cast<std::uint16_t>(std::stoi(words[3]));
  for (std::size_t index = 4; index < words.size(); ++index) {
    const auto [key, value] = cut(words[index], '=');
    if (key == "cluster") service.cluster_ips.push_back(value);
    if (key == "external") service.external_ips.push_back(value);
    if (key == "lb") service.load_balancer_ips.push_back(value);
    if (key == "from") service.load_balancer_source_ranges.push_back(value);
    if (key == "node") service.node_port = static_cast<std::uint16_t>(std::stoi(value));
    if (key == "internal") service.internal_policy_local = true;
    if (key == "policy") service.external_policy_local = true;
    if (key == "affinity") service.affinity_timeout_s = static_cast<std::uint32_t>(std::stoi(value));
  }
  return service;
}

endpoint_slice_entry parse_slice(const std::vector<std::string>& words) {
  endpoint_slice_entry slice;
  std::tie(slice.space, slice.service) = cut(words[1], '/');
  auto [port, protocol] = cut(words[2], '/');
  endpoint_port_entry entry{.name = "", .protocol = protocol_of(protocol)};
  if (port.find(':') != std::string::npos) std::tie(entry.name, port) = cut(port, ':');
  entry.port = static_cast<std::uint16_t>(std::stoi(port));
  slice.ports.push_back(entry);
  for (std::size_t index = 3; index < words.size(); ++index) {
    const auto [where, state] = cut(words[index], '!');
    endpoint_entry endpoint;
    std::tie(endpoint.address, endpoint.node) = cut(where, '@');
    endpoint.ready = state.empty();
    endpoint.serving = state != "notready";
    endpoint.terminating = state == "terminating";
    slice.endpoints.push_back(endpoint);
  }
  return slice;
}

service_view parse_view(const std::string& text) {
  service_view view{.node_name = "n1", .cluster_cidr = "10.244.0.0/16"};
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const auto words = words_of(line);
    if (words.empty() || words[0] == "#") continue;
    if (words[0] == "node") view.node_name = words[1];
    if (words[0] == "cidr") view.cluster_cidr = words[1];
    if (words[0] == "service") view.services.push_back(parse_service(words));
    if (words[0] == "slice") view.slices.push_back(parse_slice(words));
  }
  return view;
}

/// Hashes say nothing to a reader: they become the order of their appearance.
std::string print_program(const iptables_program& program) {
  std::string text;
  for (const auto& hook : program.hooks) text += hook.table + " " + hook.from + " " + hook.rule + "\n";
  for (const auto& [name, rules] : program.chains) {
    if (rules.empty()) continue;
    text += name.table + " " + name.chain + "\n";
    for (const auto& rule : rules) text += "  " + rule + "\n";
  }
  std::map<std::string, std::string> names;
  std::string readable;
  static const std::regex hash("ACTORD-([SLXFE])-[a-z2-7]{16}");
  auto from = text.cbegin();
  for (std::sregex_iterator match(text.begin(), text.end(), hash), end; match != end; ++match) {
    const std::string kind = (*match)[1];
    const auto count = std::count_if(names.begin(), names.end(), [&kind](const auto& each) {
      return each.second.starts_with("<" + kind);
    });
    const auto& name =
        names.emplace(match->str(), "<" + kind + std::to_string(count + 1) + ">").first->second;
    readable.append(from, text.cbegin() + match->position());
    readable += name;
    from = text.cbegin() + match->position() + match->length();
  }
  readable.append(from, text.cend());
  return readable;
}

/// Takes packets through a program as the kernel would.
class packet_walk {
public:
  explicit packet_walk(const iptables_program& program) : program_(program) {}

  struct packet {
    std::string from;
    std::string to;
    std::string protocol = "tcp";
    int port = 0;
    bool to_this_node = false;
    bool from_this_node = false;
    double dice = 0.0;
  };

  struct verdict {
    std::string destination; ///< "address:port" after DNAT
    bool masqueraded = false;
    std::string refused; ///< "REJECT" or "DROP"
    std::size_t rules_seen = 0;
  };

  verdict send(const packet& sent) {
    verdict outcome;
    walk("nat", "ACTORD-SERVICES", sent, outcome);
    if (outcome.destination.empty()) walk("filter", "ACTORD-SERVICES", sent, outcome);
    return outcome;
  }

private:
  static bool in_range(const std::string& address, const std::string& range) {
    const auto [network, length] = cut(range, '/');
    const auto number = [](const std::string& text) {
      unsigned value = 0;
      std::istringstream stream(text);
      for (std::string part; std::getline(stream, part, '.');)
        value = value * 256 + static_cast<unsigned>(std::stoi(part));
      return value;
    };
    const unsigned mask = length.find('.') != std::string::npos ? number(length)
                          : length == "0"                       ? 0
                                          : ~0U << (32 - static_cast<unsigned>(std::stoi(length)));
    return (number(address) & mask) == (number(network) & mask);
  }

  /// True when the packet's way ends in this chain.
  bool walk(const std::string& table, const std::string& chain, const packet& sent, verdict& outcome) {
    const auto found = program_.chains.find({table, chain});
    BOOST_REQUIRE_MESSAGE(found != program_.chains.end(), "jump into nothing: " << chain);
    for (const auto& rule : found->second) {
      ++outcome.rules_seen;
      if (apply(table, words_of(rule), sent, outcome)) return true;
    }
    return false;
  }

  bool apply(const std::string& table, const std::vector<std::string>& words, const packet& sent,
             verdict& outcome) {
    bool negated = false;
    for (std::size_t at = 0; at < words.size(); ++at) {
      const std::string& word = words[at];
      const auto require = [&negated](bool holds) { return std::exchange(negated, false) != holds; };
      if (word == "!") negated = true;
      if (word == "-s" && !require(in_range(sent.from, words[at + 1]))) return false;
      if (word == "-d" && !require(in_range(sent.to, words[at + 1]))) return false;
      if (word == "-p" && !require(words[at + 1] == sent.protocol)) return false;
      if (word == "--dst-type" && !require(sent.to_this_node)) return false;
      if (word == "--src-type" && !require(sent.from_this_node)) return false;
      if (word == "--rcheck") return false; // never seen before
      if (word == "--probability" && sent.dice >= std::stod(words[at + 1])) return false;
      if (word == "--dport") {
        const auto [low, high] = cut(words[at + 1], ':');
        if (sent.port < std::stoi(low) || sent.port > std::stoi(high.empty() ? low : high)) return false;
      }
      if (word == "--to-destination") {
        outcome.destination = words[at + 1];
        return true;
      }
      if (word != "-j") continue;
      const std::string& target = words[at + 1];
      if (target == "ACTORD-MARK-MASQ") {
        outcome.masqueraded = true;
        return false;
      }
      if (target == "REJECT" || target == "DROP") {
        outcome.refused = target;
        return true;
      }
      if (target.starts_with(own_chain_prefix)) return walk(table, target, sent, outcome);
    }
    return false;
  }

  const iptables_program& program_;
};

service_view many_services(std::size_t count, std::size_t endpoints) {
  service_view view{.node_name = "n1", .cluster_cidr = "10.244.0.0/16"};
  for (std::size_t index = 0; index < count; ++index) {
    const std::string name = "s" + std::to_string(index);
    view.services.push_back(
        {.space = "default",
         .service = name,
         .port_name = "",
         .port = 80,
         .cluster_ips = {"10.96." + std::to_string(index / 256) + "." + std::to_string(index % 256)}});
    endpoint_slice_entry slice{
        .space = "default", .service = name, .ports = {{"", transport_protocol::tcp, 8080}}};
    for (std::size_t each = 0; each < endpoints; ++each) {
      const std::size_t number = index * endpoints + each;
      slice.endpoints.push_back(
          {.address = "10.244." + std::to_string(number / 250 % 250) + "." + std::to_string(number % 250 + 1),
           .node = "n1"});
    }
    view.slices.push_back(slice);
  }
  return view;
}

} // namespace

BOOST_AUTO_TEST_SUITE(service_rule_scenarios)

/// ACTORD_REWRITE=1 writes what came out as the new expectation; read the difference before you commit it.
BOOST_AUTO_TEST_CASE(scenarios) {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(TEST_DATA_DIR "/scenarios")) {
    std::ifstream stream(entry.path());
    std::stringstream content;
    content << stream.rdbuf();
    const std::string text = content.str();
    const std::size_t arrow = text.find("=>\n");
    BOOST_REQUIRE_MESSAGE(arrow != std::string::npos, entry.path());
    const std::string actual = print_program(service_rules(parse_view(text.substr(0, arrow))));
    if (std::getenv("ACTORD_REWRITE") != nullptr) {
      std::ofstream(entry.path()) << text.substr(0, arrow) << "=>\n" << actual;
    } else {
      BOOST_CHECK_MESSAGE(actual == text.substr(arrow + 3), entry.path() << " gave:\n" << actual);
    }
    ++count;
  }
  BOOST_CHECK_GE(count, 5);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(packets)

using packet = packet_walk::packet;

BOOST_AUTO_TEST_CASE(a_cluster_address_leads_to_each_endpoint_equally) {
  const auto program =
      service_rules(parse_view("service default/web tcp 80 cluster=10.96.0.10\n"
                               "slice default/web 8080/tcp 10.244.0.5@n1 10.244.0.6@n2 10.244.0.7@n2\n"));
  packet_walk walk(program);
  std::set<std::string> reached;
  for (const double dice : {0.1, 0.4, 0.9}) {
    const auto outcome = walk.send({.from = "10.244.0.9", .to = "10.96.0.10", .port = 80, .dice = dice});
    BOOST_CHECK(!outcome.masqueraded);
    reached.insert(outcome.destination);
  }
  BOOST_CHECK((reached == std::set<std::string>{"10.244.0.5:8080", "10.244.0.6:8080"} ||
               reached.contains("10.244.0.7:8080")));
  BOOST_CHECK_EQUAL(walk.send({.from = "10.244.0.9", .to = "10.96.0.10", .port = 81}).destination, "");
  BOOST_CHECK_EQUAL(walk.send({.from = "10.244.0.9", .to = "10.96.0.11", .port = 80}).destination, "");
  BOOST_CHECK_EQUAL(
      walk.send({.from = "10.244.0.9", .to = "10.96.0.10", .protocol = "udp", .port = 80}).destination, "");
}

BOOST_AUTO_TEST_CASE(shares_are_equal) {
  std::string slice = "slice default/web 8080/tcp";
  for (int each = 1; each <= 7; ++each) slice += " 10.244.0." + std::to_string(each);
  const auto program =
      service_rules(parse_view("service default/web tcp 80 cluster=10.96.0.10\n" + slice + "\n"));
  double left = 1.0;
  std::size_t endpoints = 0;
  for (const auto& [name, rules] : program.chains) {
    if (!name.chain.starts_with("ACTORD-S-")) continue;
    for (const auto& rule : rules) {
      if (rule.find("ACTORD-E-") == std::string::npos) continue;
      const auto at = rule.find("--probability ");
      const double taken = at == std::string::npos ? 1.0 : std::stod(rule.substr(at + 14));
      BOOST_CHECK_SMALL(left * taken - 1.0 / 7, 1e-6);
      left *= 1.0 - taken;
      ++endpoints;
    }
  }
  BOOST_CHECK_EQUAL(endpoints, 7U);
}

BOOST_AUTO_TEST_CASE(strangers_and_hairpins_are_masqueraded) {
  const auto program = service_rules(parse_view("service default/web tcp 80 cluster=10.96.0.10 node=30080\n"
                                                "slice default/web 8080/tcp 10.244.0.5@n1\n"));
  packet_walk walk(program);
  BOOST_CHECK(walk.send({.from = "192.0.2.1", .to = "10.96.0.10", .port = 80}).masqueraded);
  BOOST_CHECK(walk.send({.from = "10.244.0.5", .to = "10.96.0.10", .port = 80}).masqueraded);
  BOOST_CHECK(!walk.send({.from = "10.244.0.6", .to = "10.96.0.10", .port = 80}).masqueraded);
  const auto node_port =
      walk.send({.from = "192.0.2.1", .to = "192.0.2.9", .port = 30080, .to_this_node = true});
  BOOST_CHECK_EQUAL(node_port.destination, "10.244.0.5:8080");
  BOOST_CHECK(node_port.masqueraded);
  BOOST_CHECK_EQUAL(walk.send({.from = "192.0.2.1", .to = "192.0.2.9", .port = 30080}).destination, "");
}

BOOST_AUTO_TEST_CASE(local_policies_keep_to_this_node) {
  const std::string service =
      "service default/web tcp 80 cluster=10.96.0.10 node=30080 lb=203.0.113.5 policy=local "
      "internal=local\n";
  const auto here =
      service_rules(parse_view(service + "slice default/web 8080/tcp 10.244.0.5@n1 10.244.1.6@n2\n"));
  packet_walk walk(here);
  for (const double dice : {0.0, 0.9}) {
    const auto inside = walk.send({.from = "10.244.0.9", .to = "10.96.0.10", .port = 80, .dice = dice});
    BOOST_CHECK_EQUAL(inside.destination, "10.244.0.5:8080");
    const auto outside = walk.send(
        {.from = "192.0.2.1", .to = "192.0.2.9", .port = 30080, .to_this_node = true, .dice = dice});
    BOOST_CHECK_EQUAL(outside.destination, "10.244.0.5:8080");
    BOOST_CHECK(!outside.masqueraded);
  }
  const auto pod = walk.send({.from = "10.244.0.9", .to = "203.0.113.5", .port = 80, .dice = 0.9});
  BOOST_CHECK_EQUAL(pod.destination, "10.244.1.6:8080");
  const auto elsewhere = service_rules(parse_view(service + "slice default/web 8080/tcp 10.244.1.6@n2\n"));
  packet_walk other(elsewhere);
  BOOST_CHECK_EQUAL(other.send({.from = "10.244.0.9", .to = "10.96.0.10", .port = 80}).refused, "DROP");
  BOOST_CHECK_EQUAL(
      other.send({.from = "192.0.2.1", .to = "192.0.2.9", .port = 30080, .to_this_node = true}).refused,
      "DROP");
  BOOST_CHECK_EQUAL(other.send({.from = "10.244.0.9", .to = "203.0.113.5", .port = 80}).destination,
                    "10.244.1.6:8080");
}

BOOST_AUTO_TEST_CASE(services_without_endpoints_refuse) {
  const auto program = service_rules(
      parse_view("service default/web tcp 80 cluster=10.96.0.10 node=30080 external=198.51.100.7\n"
                 "slice default/web 8080/tcp 10.244.0.5@n1!notready\n"));
  packet_walk walk(program);
  BOOST_CHECK_EQUAL(walk.send({.from = "10.244.0.9", .to = "10.96.0.10", .port = 80}).refused, "REJECT");
  BOOST_CHECK_EQUAL(walk.send({.from = "10.244.0.9", .to = "198.51.100.7", .port = 80}).refused, "REJECT");
  BOOST_CHECK_EQUAL(
      walk.send({.from = "192.0.2.1", .to = "192.0.2.9", .port = 30080, .to_this_node = true}).refused,
      "REJECT");
  BOOST_CHECK_EQUAL(walk.send({.from = "10.244.0.9", .to = "10.96.0.10", .port = 81}).refused, "");
}

BOOST_AUTO_TEST_CASE(terminating_endpoints_serve_when_no_other_does) {
  const std::string service = "service default/web tcp 80 cluster=10.96.0.10\n";
  const auto leaving = service_rules(
      parse_view(service + "slice default/web 8080/tcp 10.244.0.5!terminating 10.244.0.6!notready\n"));
  BOOST_CHECK_EQUAL(
      packet_walk(leaving).send({.from = "10.244.0.9", .to = "10.96.0.10", .port = 80}).destination,
      "10.244.0.5:8080");
  const auto replaced =
      service_rules(parse_view(service + "slice default/web 8080/tcp 10.244.0.5!terminating 10.244.0.7\n"));
  BOOST_CHECK_EQUAL(
      packet_walk(replaced).send({.from = "10.244.0.9", .to = "10.96.0.10", .port = 80}).destination,
      "10.244.0.7:8080");
}

BOOST_AUTO_TEST_CASE(load_balancers_admit_their_source_ranges_only) {
  const auto program = service_rules(
      parse_view("service default/web tcp 80 cluster=10.96.0.10 lb=203.0.113.5 from=192.0.2.7/24\n"
                 "slice default/web 8080/tcp 10.244.0.5@n1\n"));
  packet_walk walk(program);
  BOOST_CHECK_EQUAL(walk.send({.from = "192.0.2.200", .to = "203.0.113.5", .port = 80}).destination,
                    "10.244.0.5:8080");
  BOOST_CHECK_EQUAL(walk.send({.from = "198.51.100.1", .to = "203.0.113.5", .port = 80}).refused, "DROP");
}

BOOST_AUTO_TEST_CASE(ten_thousand_services_all_work_with_short_walks) {
  const auto program = service_rules(many_services(10'000, 2));
  packet_walk walk(program);
  std::size_t longest = 0;
  for (std::size_t index = 0; index < 10'000; index += 37) {
    const std::string address = "10.96." + std::to_string(index / 256) + "." + std::to_string(index % 256);
    const auto outcome = walk.send({.from = "10.244.0.9", .to = address, .port = 80, .dice = 0.7});
    BOOST_REQUIRE(!outcome.destination.empty());
    longest = std::max(longest, outcome.rules_seen);
  }
  BOOST_CHECK_LE(longest, 85U);
}

BOOST_AUTO_TEST_CASE(one_change_costs_its_own_size) {
  auto view = many_services(10'000, 2);
  const auto before = service_rules(view);
  view.slices[4711].endpoints.pop_back();
  const auto endpoint_gone = difference(before, service_rules(view));
  BOOST_CHECK_EQUAL(endpoint_gone.rewrite.size(), 1U);
  BOOST_CHECK_EQUAL(endpoint_gone.remove.size(), 1U);
  view.services.pop_back();
  const auto service_gone = difference(before, service_rules(view));
  BOOST_CHECK_LE(service_gone.rewrite.size() + service_gone.remove.size(), 8U);
  BOOST_CHECK_LT(render(service_gone).size(), 16'000U);
}

BOOST_AUTO_TEST_CASE(hostile_texts_do_not_reach_the_rules) {
  service_view view{.node_name = "n1", .cluster_cidr = "10.244.0.0/16\n-A INPUT -j DROP"};
  view.services.push_back({.space = "a\"\n-A INPUT -j DROP\n",
                           .service = "b c",
                           .port_name = "\\",
                           .port = 80,
                           .cluster_ips = {"10.96.0.10", "None", "fd00::1", "10.96.0.10\nCOMMIT"},
                           .external_ips = {"x"},
                           .load_balancer_ips = {"203.0.113.5"},
                           .load_balancer_source_ranges = {"0.0.0.0/0\n", "1.2.3.4/33", "1.2.3.4"}});
  view.slices.push_back(
      {.space = "a\"\n-A INPUT -j DROP\n",
       .service = "b c",
       .ports = {{"\\", transport_protocol::tcp, 8080}},
       .endpoints = {{.address = "10.244.0.5 -j DROP", .node = ""}, {.address = "10.244.0.5", .node = ""}}});
  for (const auto& [name, rules] : service_rules(view).chains) {
    for (const auto& rule : rules) {
      BOOST_CHECK_MESSAGE(rule.find_first_of("\n\\") == std::string::npos, rule);
      BOOST_CHECK_MESSAGE(rule.find("INPUT -j") == std::string::npos, rule);
      BOOST_CHECK_MESSAGE(std::count(rule.begin(), rule.end(), '"') % 2 == 0, rule);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(stale_udp_flows)

BOOST_AUTO_TEST_CASE(flows_of_removed_endpoints_are_forgotten) {
  const std::string service = "service kube-system/dns:dns udp 53 cluster=10.96.0.10 node=30053\n"
                              "service kube-system/dns:tcp tcp 53 cluster=10.96.0.10\n";
  const auto before = parse_view(service + "slice kube-system/dns dns:53/udp 10.244.0.5 10.244.0.6\n"
                                           "slice kube-system/dns tcp:53/tcp 10.244.0.5 10.244.0.6\n");
  const auto after = parse_view(service + "slice kube-system/dns dns:53/udp 10.244.0.6\n");
  const std::vector<stale_flow> expected = {{"", 30053, "10.244.0.5"}, {"10.96.0.10", 53, "10.244.0.5"}};
  BOOST_CHECK(stale_flows(before, after) == expected);
  BOOST_CHECK(stale_flows(before, before).empty());
  const std::vector<stale_flow> first = {{"", 30053, ""}, {"10.96.0.10", 53, ""}};
  BOOST_CHECK(stale_flows(parse_view(service), after) == first);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(programs)

BOOST_AUTO_TEST_CASE(a_program_survives_printing_and_reading) {
  const auto program = service_rules(many_services(50, 3));
  const auto text = render(difference({}, program));
  std::string saved; // what the kernel would print: hooks as -A
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("-I ")) line = std::regex_replace(line, std::regex("^-I (\\S+) 1 "), "-A $1 ");
    saved += line + "\n";
  }
  saved +=
      "*nat\n:KUBE-SERVICES - [0:0]\n-A KUBE-SERVICES -j RETURN\n-A PREROUTING -j KUBE-SERVICES\nCOMMIT\n";
  BOOST_CHECK(difference(parse_saved_rules(saved), program).empty());
}

BOOST_AUTO_TEST_CASE(what_is_foreign_or_doubled_is_mended) {
  const auto program = service_rules(many_services(1, 1));
  iptables_program present = program;
  present.hooks.push_back(present.hooks.front());
  present.chains[{"nat", "ACTORD-S-old"}] = {"-j ACCEPT"};
  present.chains.begin()->second.push_back("-j ACCEPT");
  const auto change = difference(present, program);
  BOOST_CHECK_EQUAL(change.rewrite.size(), 1U);
  BOOST_CHECK_EQUAL(change.remove.size(), 1U);
  BOOST_CHECK_EQUAL(change.remove_hooks.size(), 1U);
  BOOST_CHECK(change.add_hooks.empty());
}

BOOST_AUTO_TEST_CASE(probabilities_are_compared_as_the_kernel_keeps_them) {
  BOOST_CHECK(same_rule("-m statistic --probability 0.3333333333 -j A",
                        "-m statistic --probability 0.33333333349 -j A"));
  BOOST_CHECK(!same_rule("-m statistic --probability 0.3333333333 -j A",
                         "-m statistic --probability 0.33333333349 -j B"));
  BOOST_CHECK(!same_rule("-m statistic --probability 0.3333333333 -j A",
                         "-m statistic --probability 0.3433333333 -j A"));
  BOOST_CHECK(!same_rule("-j A", "-j B"));
}

BOOST_AUTO_TEST_SUITE_END()
