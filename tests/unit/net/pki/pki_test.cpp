#include "net/pki/cluster_pki.hpp"
#include "net/pki/secret_files.hpp"
#include "schema/base/json.hpp"

#include <boost/test/unit_test.hpp>

#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace actord;
using namespace actord::net;

namespace {

const wall_time start{std::chrono::seconds(1'790'000'000)};

struct scratch_directory {
  scratch_directory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "actord-pki-XXXXXX").string();
    path = mkdtemp(pattern.data());
  }
  ~scratch_directory() { std::filesystem::remove_all(path); }
  std::filesystem::path path;
};

struct pki_fixture {
  scratch_directory scratch;
  manual_clock_source clock{start};
  cluster_pki_options options{.directory = scratch.path / "pki",
                              .node_name = "node-1",
                              .server_names = {"api.example.org"},
                              .server_addresses = {"192.0.2.7", "10.96.0.1", "2001:db8::1"}};
  cluster_pki open() {
    auto opened = open_cluster_pki(options, clock);
    BOOST_REQUIRE_MESSAGE(opened, (opened ? std::string() : opened.error().message));
    return *std::move(opened);
  }
};

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

unsigned mode_of(const std::filesystem::path& file) {
  struct stat facts{};
  BOOST_REQUIRE(::stat(file.c_str(), &facts) == 0);
  return facts.st_mode & 0777U;
}

} // namespace

BOOST_AUTO_TEST_SUITE(certificates)

BOOST_AUTO_TEST_CASE(an_issued_certificate_says_what_was_ordered) {
  const auto authority = create_authority("test-ca", start);
  BOOST_REQUIRE(authority);
  const certificate_order order{.subject = {"jane", {"dev", "ops", "größe"}},
                                .purpose = certificate_purpose::client,
                                .dns_names = {"a.example", "b.example"},
                                .addresses = {"10.0.0.1", "2001:db8::2"}};
  const auto issued = issue_certificate(*authority, order, start);
  BOOST_REQUIRE(issued);
  const auto facts = read_certificate(issued->certificate_pem);
  BOOST_REQUIRE(facts);
  BOOST_CHECK(facts->subject == order.subject);
  BOOST_CHECK(facts->dns_names == order.dns_names);
  BOOST_CHECK(facts->addresses == order.addresses);
  BOOST_CHECK(!facts->is_authority);
  BOOST_CHECK(facts->not_before < start);
  BOOST_CHECK(facts->not_after == start + std::chrono::hours(365 * 24));
  BOOST_CHECK(key_matches(*issued));
  BOOST_CHECK(is_signed_by(issued->certificate_pem, authority->certificate_pem));
  BOOST_CHECK(read_certificate(authority->certificate_pem)->is_authority);
}

BOOST_AUTO_TEST_CASE(a_certificate_of_another_authority_is_told_apart) {
  const auto ours = create_authority("ca", start);
  const auto theirs = create_authority("ca", start);
  const auto issued = issue_certificate(*theirs, {.subject = {"x", {}}}, start);
  BOOST_REQUIRE(issued);
  BOOST_CHECK(!is_signed_by(issued->certificate_pem, ours->certificate_pem));
  BOOST_CHECK(!key_matches(certified_key{issued->certificate_pem, ours->key_pem}));
}

BOOST_AUTO_TEST_CASE(a_certificate_never_outlives_its_authority) {
  const auto authority = create_authority("ca", start);
  const auto end = read_certificate(authority->certificate_pem)->not_after;
  const auto issued = issue_certificate(*authority, {.subject = {"x", {}}}, end - std::chrono::hours(1));
  BOOST_REQUIRE(issued);
  BOOST_CHECK(read_certificate(issued->certificate_pem)->not_after == end);
}

BOOST_AUTO_TEST_CASE(long_node_names_fit) {
  const auto authority = create_authority("ca", start);
  const std::string name = "system:node:" + std::string(240, 'n');
  const auto issued = issue_certificate(*authority, {.subject = {name, {"system:nodes"}}}, start);
  BOOST_REQUIRE(issued);
  BOOST_CHECK_EQUAL(read_certificate(issued->certificate_pem)->subject.common_name, name);
}

BOOST_AUTO_TEST_CASE(broken_input_is_an_error) {
  const auto authority = create_authority("ca", start);
  BOOST_CHECK(!issue_certificate(*authority, {.subject = {"", {}}}, start));
  BOOST_CHECK(!issue_certificate(*authority, {.subject = {std::string("a\0b", 3), {}}}, start));
  BOOST_CHECK(!issue_certificate(*authority, {.subject = {"x", {}}, .addresses = {"not-an-address"}}, start));
  BOOST_CHECK(!issue_certificate({"garbage", "garbage"}, {.subject = {"x", {}}}, start));
  BOOST_CHECK(!read_certificate(""));
  BOOST_CHECK(!read_certificate("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"));
  BOOST_CHECK(!is_signed_by("garbage", authority->certificate_pem));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(cluster_files, pki_fixture)

BOOST_AUTO_TEST_CASE(the_first_start_makes_everything_private) {
  const auto pki = open();
  const auto server = read_certificate(pki.server.certificate_pem);
  for (const auto* name : {"localhost", "node-1", "kubernetes", "kubernetes.default.svc",
                           "kubernetes.default.svc.cluster.local", "api.example.org"}) {
    BOOST_CHECK_MESSAGE(contains(server->dns_names, name), name);
  }
  for (const auto* address : {"127.0.0.1", "::1", "192.0.2.7", "10.96.0.1", "2001:db8::1"}) {
    BOOST_CHECK_MESSAGE(contains(server->addresses, address), address);
  }
  const auto admin = read_certificate(pki.admin.certificate_pem);
  BOOST_CHECK((admin->subject == certificate_subject{"kubernetes-admin", {"system:masters"}}));
  BOOST_CHECK_EQUAL(mode_of(options.directory), 0700U);
  for (const auto& entry : std::filesystem::directory_iterator(options.directory)) {
    BOOST_CHECK_EQUAL(mode_of(entry.path()), 0600U);
  }
}

/// Who speaks for others to extension servers is vouched for by nobody who vouches for clients.
BOOST_AUTO_TEST_CASE(the_front_proxy_has_an_authority_of_its_own) {
  const auto pki = open();
  const auto proxy = read_certificate(pki.front_proxy.certificate_pem);
  BOOST_REQUIRE(proxy);
  BOOST_CHECK((proxy->subject == certificate_subject{"front-proxy-client", {}}));
  BOOST_CHECK(is_signed_by(pki.front_proxy.certificate_pem, pki.front_proxy_authority_pem));
  BOOST_CHECK(!is_signed_by(pki.front_proxy.certificate_pem, pki.authority.certificate_pem));
  BOOST_CHECK(pki.trusted_pem.find(pki.front_proxy_authority_pem) == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_restart_reuses_everything) {
  const auto first = open();
  clock.advance(std::chrono::hours(24 * 40));
  const auto second = open();
  BOOST_CHECK(first.authority == second.authority);
  BOOST_CHECK(first.server == second.server);
  BOOST_CHECK(first.admin == second.admin);
  BOOST_CHECK(first.service_account == second.service_account);
  BOOST_CHECK(first.front_proxy == second.front_proxy);
  BOOST_CHECK_EQUAL(first.front_proxy_authority_pem, second.front_proxy_authority_pem);
  BOOST_CHECK_EQUAL(first.admin_token, second.admin_token);
}

BOOST_AUTO_TEST_CASE(a_new_name_or_old_age_renews_the_certificate_only) {
  const auto first = open();
  options.server_addresses.emplace_back("192.0.2.8");
  const auto renamed = open();
  BOOST_CHECK(first.server != renamed.server);
  BOOST_CHECK(first.admin == renamed.admin);
  BOOST_CHECK(first.authority == renamed.authority);
  clock.advance(std::chrono::hours(24 * 300));
  const auto aged = open();
  BOOST_CHECK(renamed.server != aged.server);
  BOOST_CHECK(renamed.admin != aged.admin);
  BOOST_CHECK(renamed.authority == aged.authority);
  BOOST_CHECK(is_signed_by(aged.server.certificate_pem, first.authority.certificate_pem));
}

BOOST_AUTO_TEST_CASE(certificates_are_made_anew_at_half_of_their_life) {
  options.server_life = std::chrono::hours(20);
  options.admin_life = std::chrono::hours(40);
  const auto first = open();
  BOOST_TEST((next_renewal(first) == start + std::chrono::hours(10)));
  clock.advance(std::chrono::hours(10) - std::chrono::seconds(1));
  BOOST_CHECK(open().server == first.server);
  clock.advance(std::chrono::seconds(1));
  const auto second = open();
  BOOST_CHECK(second.server != first.server);
  BOOST_CHECK(second.admin == first.admin);
  BOOST_TEST((next_renewal(second) == start + std::chrono::hours(20)));
  // One that is good for longer than is wished by now is made anew at once.
  options.admin_life = std::chrono::hours(2);
  const auto third = open();
  BOOST_CHECK(third.server == second.server);
  BOOST_CHECK(third.admin != second.admin);
}

BOOST_AUTO_TEST_CASE(while_the_authority_changes_several_are_believed) {
  const auto first = open();
  BOOST_CHECK_EQUAL(first.trusted_pem, first.authority.certificate_pem);
  const auto next = create_authority("actord-ca", start);
  BOOST_REQUIRE(write_secret_file(options.directory / "ca-next.crt", next->certificate_pem));
  const auto second = open();
  BOOST_CHECK(second.server == first.server);
  BOOST_CHECK_EQUAL(second.trusted_pem, first.authority.certificate_pem + next->certificate_pem);
  // The next one signs from now on; the old one is still believed.
  BOOST_REQUIRE(write_secret_file(options.directory / "ca.key", next->key_pem));
  BOOST_REQUIRE(write_secret_file(options.directory / "ca.crt", next->certificate_pem));
  BOOST_REQUIRE(write_secret_file(options.directory / "ca-previous.crt", first.authority.certificate_pem));
  std::filesystem::remove(options.directory / "ca-next.crt");
  const auto third = open();
  BOOST_CHECK(is_signed_by(third.server.certificate_pem, next->certificate_pem));
  BOOST_CHECK_EQUAL(third.trusted_pem, next->certificate_pem + first.authority.certificate_pem);
  BOOST_REQUIRE(write_secret_file(options.directory / "ca-previous.crt", "rubbish"));
  BOOST_CHECK(!open_cluster_pki(options, clock));
}

BOOST_AUTO_TEST_CASE(a_broken_authority_is_never_replaced) {
  open();
  std::ofstream(options.directory / "ca.crt") << "rubbish";
  BOOST_CHECK(!open_cluster_pki(options, clock));
  std::filesystem::remove(options.directory / "ca.key");
  BOOST_CHECK(!open_cluster_pki(options, clock));
}

BOOST_AUTO_TEST_CASE(a_crash_between_the_two_files_of_an_authority_heals) {
  open();
  std::filesystem::remove(options.directory / "ca.crt");
  const auto healed = open();
  BOOST_CHECK(is_signed_by(healed.server.certificate_pem, healed.authority.certificate_pem));
  BOOST_CHECK(is_signed_by(healed.admin.certificate_pem, healed.authority.certificate_pem));
}

BOOST_AUTO_TEST_CASE(a_broken_server_certificate_is_replaced) {
  const auto first = open();
  std::ofstream(options.directory / "server.crt") << "rubbish";
  const auto second = open();
  BOOST_CHECK(first.server != second.server);
  BOOST_CHECK(key_matches(second.server));
}

BOOST_AUTO_TEST_CASE(a_readable_secret_is_closed_again) {
  open();
  const auto file = options.directory / "admin.token";
  std::filesystem::permissions(file, std::filesystem::perms(0644));
  open();
  BOOST_CHECK_EQUAL(mode_of(file), 0600U);
}

BOOST_AUTO_TEST_CASE(the_kubeconfig_holds_all_a_client_needs) {
  const auto pki = open();
  const auto file = scratch.path / "admin.kubeconfig";
  const kubeconfig_contents contents{.server_url = "https://127.0.0.1:6443",
                                     .authority_pem = pki.authority.certificate_pem,
                                     .client = pki.admin,
                                     .token = pki.admin_token};
  BOOST_REQUIRE(write_kubeconfig(file, contents));
  BOOST_CHECK_EQUAL(mode_of(file), 0600U);
  std::ifstream stream(file);
  const auto config = json::parse(stream);
  const auto& user = config.at("users").at(0).at("user");
  BOOST_CHECK_EQUAL(user.at("token").get<std::string>(), pki.admin_token);
  BOOST_CHECK_EQUAL(config.at("clusters").at(0).at("cluster").at("server").get<std::string>(),
                    "https://127.0.0.1:6443");
  BOOST_CHECK_EQUAL(config.at("current-context"), config.at("contexts").at(0).at("name"));
  const auto before = std::filesystem::last_write_time(file);
  BOOST_REQUIRE(write_kubeconfig(file, contents));
  BOOST_CHECK(before == std::filesystem::last_write_time(file));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(tokens)

BOOST_AUTO_TEST_CASE(only_the_same_token_matches) {
  const std::string token = create_token();
  BOOST_CHECK_GE(token.size(), 43U);
  BOOST_CHECK(token != create_token());
  BOOST_CHECK(token_matches(token, token));
  BOOST_CHECK(!token_matches(token.substr(1), token));
  BOOST_CHECK(!token_matches(token + "x", token));
  BOOST_CHECK(!token_matches("", token));
  BOOST_CHECK(!token_matches("", ""));
}

BOOST_AUTO_TEST_SUITE_END()
