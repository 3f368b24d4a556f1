#include "net/services/iptables_driver.hpp"
#include "schema/base/clock.hpp"

#include <boost/test/unit_test.hpp>

#include <arpa/inet.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <set>
#include <thread>

using namespace actord;
using namespace actord::net;

namespace {

/// Remembers what it was asked to run and answers from a script.
class scripted_runner final : public command_runner {
public:
  result<command_outcome> run(const std::vector<std::string>& arguments, std::string_view input) override {
    std::string line;
    for (const auto& argument : arguments) line += (line.empty() ? "" : " ") + argument;
    lines.push_back(line);
    inputs.emplace_back(input);
    return answer(line);
  }
  std::function<result<command_outcome>(const std::string& line)> answer = [](const std::string&) {
    return command_outcome{};
  };
  std::vector<std::string> lines;
  std::vector<std::string> inputs;
};

service_view web_view() {
  return {.services = {{.space = "default",
                        .service = "web",
                        .port_name = "",
                        .port = 80,
                        .node_port = 30080,
                        .cluster_ips = {"10.96.0.10"}}},
          .slices = {{.space = "default",
                      .service = "web",
                      .ports = {{"", transport_protocol::tcp, 8080}},
                      .endpoints = {{.address = "10.244.0.5", .node = "n1"},
                                    {.address = "10.244.0.6", .node = "n1"}}}},
          .node_name = "n1",
          .cluster_cidr = "10.244.0.0/16"};
}

/// Runs `body` in a thread that has an empty network namespace of its own. Says so and skips where that is
/// not allowed.
void in_own_network(const std::function<void()>& body) {
  bool allowed = false;
  std::thread inside([&] {
    allowed = ::unshare(CLONE_NEWNET) == 0;
    if (allowed) body();
  });
  inside.join();
  if (!allowed) BOOST_TEST_MESSAGE("skipped: making a network namespace needs root");
}

sockaddr_in address_of(const std::string& address, std::uint16_t port) {
  sockaddr_in made{};
  made.sin_family = AF_INET;
  made.sin_port = htons(port);
  inet_pton(AF_INET, address.c_str(), &made.sin_addr);
  return made;
}

class listener {
public:
  listener(const std::string& address, std::uint16_t port)
      : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const sockaddr_in name = address_of(address, port);
    BOOST_REQUIRE(::bind(socket_, reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0);
    BOOST_REQUIRE(::listen(socket_, 100) == 0);
  }
  listener(const listener&) = delete;
  listener& operator=(const listener&) = delete;
  ~listener() { ::close(socket_); }

private:
  int socket_;
};

/// 0 when somebody accepted.
int connect_errno(const std::string& address, std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  timeval patience{.tv_sec = 2, .tv_usec = 0};
  ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  const sockaddr_in name = address_of(address, port);
  const int failure =
      ::connect(socket, reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0 ? 0 : errno;
  ::close(socket);
  return failure;
}

void run(command_runner& runner, const std::vector<std::string>& arguments) {
  const auto outcome = runner.run(arguments, {});
  BOOST_REQUIRE(outcome);
  BOOST_REQUIRE_MESSAGE(outcome->exit_code == 0, arguments.front() << ": " << outcome->errors);
}

/// The endpoints live on this namespace's loopback; everything else is routed there too, so that a connection
/// that is not rewritten meets nobody.
void furnish(command_runner& runner) {
  run(runner, {"ip", "link", "set", "lo", "up"});
  for (const auto* address : {"10.244.0.5/32", "10.244.0.6/32", "192.0.2.9/32"}) {
    run(runner, {"ip", "address", "add", address, "dev", "lo"});
  }
  run(runner, {"ip", "link", "add", "void", "type", "veth", "peer", "name", "void-end"});
  run(runner, {"ip", "link", "set", "void", "up"});
  run(runner, {"ip", "link", "set", "void-end", "up"});
  run(runner, {"ip", "address", "add", "192.0.2.100/24", "dev", "void"});
  run(runner, {"ip", "route", "add", "default", "dev", "void"});
}

void check_packets(const std::shared_ptr<command_runner>& runner, iptables_backend backend) {
  iptables_driver driver(runner, backend);
  auto view = web_view();
  BOOST_CHECK(connect_errno("10.96.0.10", 80) != 0);
  const auto applied = driver.apply(service_rules(view));
  BOOST_REQUIRE_MESSAGE(applied, (applied ? std::string() : applied.error().message));
  {
    const listener first("10.244.0.5", 8080);
    const listener second("10.244.0.6", 8080);
    for (int count = 0; count < 20; ++count) BOOST_CHECK_EQUAL(connect_errno("10.96.0.10", 80), 0);
    BOOST_CHECK_EQUAL(connect_errno("192.0.2.9", 30080), 0);
  }
  {
    const listener only_second("10.244.0.6", 8080); // the other one's share is refused by its host
    std::set<int> outcomes;
    for (int count = 0; count < 60; ++count) outcomes.insert(connect_errno("10.96.0.10", 80));
    BOOST_CHECK((outcomes == std::set<int>{0, ECONNREFUSED}));
    view.slices[0].endpoints.erase(view.slices[0].endpoints.begin());
    BOOST_REQUIRE(driver.apply(service_rules(view)));
    for (int count = 0; count < 30; ++count) BOOST_CHECK_EQUAL(connect_errno("10.96.0.10", 80), 0);
  }
  view.slices.clear();
  BOOST_REQUIRE(driver.apply(service_rules(view)));
  BOOST_CHECK_EQUAL(connect_errno("10.96.0.10", 80), ECONNREFUSED);
  BOOST_CHECK_EQUAL(connect_errno("192.0.2.9", 30080), ECONNREFUSED);
}

void check_adoption(const std::shared_ptr<command_runner>& runner, iptables_backend backend) {
  auto view = web_view();
  view.services[0].affinity_timeout_s = 10800;
  view.services[0].load_balancer_ips = {"203.0.113.5"};
  view.services[0].load_balancer_source_ranges = {"192.0.2.0/24"};
  view.services[0].external_policy_local = true;
  view.services.push_back(
      {.space = "a", .service = "empty", .port_name = "x", .port = 1, .cluster_ips = {"10.96.0.0"}});
  const auto wanted = service_rules(view);
  BOOST_REQUIRE(iptables_driver(runner, backend).apply(wanted));
  iptables_driver restarted(runner, backend);
  const auto adopted = restarted.apply(wanted);
  BOOST_REQUIRE(adopted);
  BOOST_CHECK_EQUAL(*adopted, 0U);
  const std::string program = backend == iptables_backend::legacy ? "iptables-legacy" : "iptables-nft";
  run(*runner, {program, "-t", "nat", "-N", "ACTORD-S-stale"});
  run(*runner, {program, "-t", "nat", "-N", "FOREIGN"});
  run(*runner, {program, "-t", "nat", "-D", "OUTPUT", "-j", "ACTORD-SERVICES"});
  run(*runner, {program, "-t", "nat", "-A", "ACTORD-MARK-MASQ", "-j", "RETURN"});
  const auto mended = restarted.verify(wanted);
  BOOST_REQUIRE(mended);
  BOOST_CHECK_EQUAL(*mended, 2U);
  BOOST_CHECK_EQUAL(*restarted.verify(wanted), 0U);
  BOOST_REQUIRE(restarted.clear());
  const auto saved = runner->run({program + "-save"}, {});
  BOOST_REQUIRE(saved);
  BOOST_CHECK(saved->output.find("ACTORD") == std::string::npos);
  BOOST_CHECK(saved->output.find("FOREIGN") != std::string::npos);
}

} // namespace

BOOST_AUTO_TEST_SUITE(driver)

BOOST_AUTO_TEST_CASE(real_packets_follow_the_rules) {
  for (const auto backend : {iptables_backend::legacy, iptables_backend::nft}) {
    in_own_network([backend] {
      const std::shared_ptr<command_runner> runner = make_process_runner();
      furnish(*runner);
      check_packets(runner, backend);
    });
  }
}

BOOST_AUTO_TEST_CASE(a_restart_adopts_what_is_there) {
  for (const auto backend : {iptables_backend::legacy, iptables_backend::nft}) {
    in_own_network([backend] { check_adoption(make_process_runner(), backend); });
  }
}

BOOST_AUTO_TEST_CASE(a_fresh_machine_gets_legacy_and_a_used_one_its_own) {
  in_own_network([] {
    const std::shared_ptr<command_runner> runner = make_process_runner();
    BOOST_CHECK((*iptables_driver::open(runner))->backend() == iptables_backend::legacy);
    run(*runner, {"iptables-nft", "-A", "INPUT", "-j", "ACCEPT"});
    BOOST_CHECK((*iptables_driver::open(runner))->backend() == iptables_backend::nft);
    run(*runner, {"iptables-legacy", "-t", "nat", "-N", "ACTORD-SERVICES"});
    BOOST_CHECK((*iptables_driver::open(runner))->backend() == iptables_backend::legacy);
  });
}

BOOST_AUTO_TEST_CASE(a_failed_load_is_told_and_read_back_the_next_time) {
  auto runner = std::make_shared<scripted_runner>();
  bool fails = true;
  runner->answer = [&fails](const std::string& line) -> result<command_outcome> {
    const bool loads = line.find("restore") != std::string::npos;
    return loads && fails ? command_outcome{.exit_code = 4, .output = "", .errors = "lock"}
                          : command_outcome{};
  };
  iptables_driver driver(runner, iptables_backend::legacy);
  const auto wanted = service_rules(web_view());
  BOOST_CHECK(!driver.apply(wanted));
  fails = false;
  runner->lines.clear();
  BOOST_CHECK(driver.apply(wanted));
  const std::vector<std::string> expected = {"iptables-legacy-save -t nat", "iptables-legacy-save -t filter",
                                             "iptables-legacy-restore --noflush -w 10"};
  BOOST_CHECK(runner->lines == expected);
  runner->lines.clear();
  BOOST_CHECK_EQUAL(*driver.apply(wanted), 0U);
  BOOST_CHECK(runner->lines.empty());
}

BOOST_AUTO_TEST_CASE(stale_flows_are_deleted_by_conntrack) {
  auto runner = std::make_shared<scripted_runner>();
  iptables_driver driver(runner, iptables_backend::legacy);
  driver.forget({{"10.96.0.10", 53, "10.244.0.5"}, {"", 30053, ""}});
  const std::vector<std::string> expected = {
      "conntrack -D -p udp --dport 53 --orig-dst 10.96.0.10 --dst-nat 10.244.0.5",
      "conntrack -D -p udp --dport 30053"};
  BOOST_CHECK(runner->lines == expected);
  runner->answer = [](const std::string&) {
    return error{.kind = error_kind::internal, .message = "no such program"};
  };
  driver.forget({{"10.96.0.10", 53, ""}, {"10.96.0.10", 54, ""}});
  BOOST_CHECK_EQUAL(runner->lines.size(), 3U);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(processes)

BOOST_AUTO_TEST_CASE(input_output_and_exit_code_pass_through) {
  const auto runner = make_process_runner();
  const std::string large(3'000'000, 'x');
  const auto copied = runner->run({"cat"}, large);
  BOOST_REQUIRE(copied);
  BOOST_CHECK(copied->output == large);
  BOOST_CHECK_EQUAL(copied->exit_code, 0);
  const auto ended_early = runner->run({"true"}, large);
  BOOST_REQUIRE(ended_early);
  BOOST_CHECK_EQUAL(ended_early->exit_code, 0);
  BOOST_CHECK_EQUAL(runner->run({"false"}, {})->exit_code, 1);
  const auto complaint = runner->run({"ls", "/there is no such file"}, {});
  BOOST_CHECK(!complaint->errors.empty());
  BOOST_CHECK(!runner->run({"there-is-no-such-program"}, {}));
}

BOOST_AUTO_TEST_SUITE_END()
