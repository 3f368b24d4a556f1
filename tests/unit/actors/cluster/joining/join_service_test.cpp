#include "../../api/api_plane.hpp"
#include "actors/cluster/joining/join_client.hpp"
#include "actors/cluster/joining/join_service.hpp"
#include "actors/cluster/keys/key_store.hpp"
#include "net/pki/join_token.hpp"
#include "net/pki/secret_files.hpp"
#include "net/pki/signing_requests.hpp"
#include "schema/base/timestamp.hpp"
#include "schema/codec/base64.hpp"

#include <sys/stat.h>

#include <filesystem>

using namespace actord;
using namespace actord::actors;

namespace {

/// Remembers who was let in and taken out; says what it is told to.
class noted_members final : public member_admission {
public:
  void admit(const node_record& server, std::function<void(result<void>)> done) override {
    admitted.push_back(server);
    done(answer);
  }
  void expel(const node_record& server, std::function<void(result<void>)> done) override {
    expelled.push_back(server);
    done(answer);
  }
  std::vector<node_record> admitted;
  std::vector<node_record> expelled;
  result<void> answer;
};

/// A cluster of one server, reached over real HTTPS on this machine's loopback, and machines that join it.
struct cluster_fixture {
  cluster_fixture() {
    std::string pattern = (std::filesystem::temp_directory_path() / "actord-join-XXXXXX").string();
    scratch = mkdtemp(pattern.data());
    first = scratch / "first";
    plane.clock.advance(system_clock_source().wall_now() -
                        plane.clock.wall_now()); // curl looks at the real clock
    authority = *net::create_authority("actord-ca", plane.clock.wall_now());
    server_key = *net::issue_certificate(authority,
                                         {.subject = {"kube-apiserver", {}},
                                          .purpose = net::certificate_purpose::server,
                                          .dns_names = {"localhost"},
                                          .addresses = {"127.0.0.1"}},
                                         plane.clock.wall_now());
    BOOST_REQUIRE(net::make_secret_directory(first));
    BOOST_REQUIRE(net::write_secret_file(first / "ca.key", authority.key_pem));
    BOOST_REQUIRE(net::write_secret_file(first / "ca.crt", authority.certificate_pem));
    BOOST_REQUIRE(settle_keys(*plane.store, first, true, plane.random));
    service = std::make_unique<join_service>(
        join_service::collaborators{
            plane.system, *plane.store, plane.registry, plane.authorization, plane.clock,
            std::make_shared<const authority_holder>(cluster_authority{authority, authority.certificate_pem}),
            members},
        join_service::settings{.pki_directory = first,
                               .service_cidr = "10.96.0.0/16",
                               .cluster_cidr = "10.244.0.0/16",
                               .certificate_life = std::chrono::hours(24)});
    plane.frontend.connect_cluster(service.get());
    net::http_server_options options;
    options.listen_address = "127.0.0.1";
    options.port = 0;
    options.certificate_pem = server_key.certificate_pem + authority.certificate_pem;
    options.key_pem = server_key.key_pem;
    options.client_ca_pem = authority.certificate_pem;
    auto started = net::http_server::start(std::move(options), plane.handler);
    BOOST_REQUIRE(started);
    https = *std::move(started);
  }
  ~cluster_fixture() {
    https.reset();
    service.reset();
    std::filesystem::remove_all(scratch);
  }

  /// Stores a bootstrap token as actctl does, and returns what it prints.
  std::string token(const std::string& groups, const std::string& expiration = {}) {
    const auto made =
        net::create_join_token(net::key_hash_of_certificate(authority.certificate_pem), plane.random);
    json data = {{"token-id", made.id},
                 {"token-secret", made.secret},
                 {"usage-bootstrap-authentication", "true"},
                 {"auth-extra-groups", groups}};
    if (!expiration.empty()) data["expiration"] = expiration;
    const reply stored = plane.call("POST", "/api/v1/namespaces/kube-system/secrets",
                                    {{"metadata", {{"name", "bootstrap-token-" + made.id}}},
                                     {"type", "bootstrap.kubernetes.io/token"},
                                     {"stringData", data}});
    BOOST_REQUIRE_EQUAL(stored.code, 201);
    return made.text();
  }
  std::string worker_token() { return token(worker_token_group); }
  std::string server_token() { return token(std::string(server_token_group) + "," + worker_token_group); }

  join_order order(const std::string& node, const std::string& with, bool serves = false) {
    join_order made{.server = "127.0.0.1:" + std::to_string(https->port()),
                    .token = with,
                    .node = node,
                    .serves = serves,
                    .works = true,
                    .rpc_address = {},
                    .api_address = {},
                    .pki_directory = scratch / node / "pki"};
    if (serves) made.rpc_address = "192.0.2.1:7443", made.api_address = "192.0.2.1:6443";
    return made;
  }
  result<joined_identity> join(const join_order& what) { return join_cluster(what, plane.clock); }
  std::string why_not(const join_order& what) {
    const auto joined = join(what);
    return joined ? "joined" : joined.error().message;
  }
  json member(const std::string& node) {
    const reply list = plane.call("GET", "/apis/actord.dev/v1/members");
    BOOST_REQUIRE_EQUAL(list.code, 200);
    for (const json& each : list.body["items"])
      if (each["node"] == node) return each;
    return {};
  }

  testing::plane plane;
  using reply = testing::reply;
  std::filesystem::path scratch;
  std::filesystem::path first; ///< pki of the server that is there
  net::certified_key authority;
  net::certified_key server_key;
  std::shared_ptr<noted_members> members = std::make_shared<noted_members>();
  std::unique_ptr<join_service> service;
  std::unique_ptr<net::http_server> https;
};

bool says(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

unsigned mode_of(const std::filesystem::path& file) {
  struct stat facts{};
  BOOST_REQUIRE(::stat(file.c_str(), &facts) == 0);
  return facts.st_mode & 0777U;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(joining_over_https, cluster_fixture)

BOOST_AUTO_TEST_CASE(a_worker_joins_and_a_restart_asks_nobody) {
  const auto joined = join(order("w-1", worker_token()));
  BOOST_REQUIRE_MESSAGE(joined, (joined ? "" : joined.error().message));
  BOOST_TEST(joined->cluster == plane.store->cluster_id());
  BOOST_TEST(joined->member == 0U);
  BOOST_TEST(joined->service_cidr == "10.96.0.0/16");
  const auto facts = net::read_certificate(joined->key.certificate_pem);
  BOOST_TEST((net::node_identity_of(*facts) == joined->name()));
  BOOST_TEST(net::key_matches(joined->key));
  BOOST_TEST(!std::filesystem::exists(scratch / "w-1/pki/ca.key"));
  BOOST_TEST(!std::filesystem::exists(scratch / "w-1/pki/master.key"));
  for (const auto& each : std::filesystem::directory_iterator(scratch / "w-1/pki"))
    BOOST_TEST(mode_of(each.path()) == 0600U, each.path());
  BOOST_TEST(member("w-1")["server"] == false);
  BOOST_TEST(members->admitted.empty());

  const join_order restart = order("w-1", "not.even.a-token");
  https.reset(); // nobody answers any more
  const auto again = join(restart);
  BOOST_REQUIRE(again);
  BOOST_TEST((again->key == joined->key));
}

BOOST_AUTO_TEST_CASE(a_server_is_handed_the_keys_and_becomes_a_member) {
  const auto joined = join(order("s-2", server_token(), true));
  BOOST_REQUIRE_MESSAGE(joined, (joined ? "" : joined.error().message));
  BOOST_TEST(joined->member == 1U); // nobody registered the first server in this test
  BOOST_REQUIRE(members->admitted.size() == 1U);
  BOOST_TEST(members->admitted[0].rpc_address == "192.0.2.1:7443");
  const auto key = net::read_secret_file(scratch / "s-2/pki/ca.key");
  BOOST_TEST((key && *key && **key == authority.key_pem));
  BOOST_TEST((joined->members == std::vector<known_server>{{1, "s-2", "192.0.2.1:7443", "192.0.2.1:6443"}}));
  const auto master = net::read_secret_file(scratch / "s-2/pki/master.key");
  BOOST_TEST((*master == *net::read_secret_file(first / "master.key")));
  // The keys are in the store only sealed.
  BOOST_TEST(!says(read_sealed_table(*plane.store->read()), "PRIVATE KEY"));
  const auto third = join(order("s-3", server_token(), true));
  BOOST_TEST(third->member == 2U);
  BOOST_TEST(third->members.size() == 2U);
}

BOOST_AUTO_TEST_CASE(members_that_cannot_be_admitted_do_not_get_in) {
  members->answer = error{.kind = error_kind::conflict, .message = "another change is under way"};
  BOOST_TEST(says(why_not(order("s-2", server_token(), true)), "another change is under way"));
  BOOST_TEST(!std::filesystem::exists(scratch / "s-2/pki/master.key"));
  members->answer = result<void>();
  BOOST_TEST(why_not(order("s-2", server_token(), true)) == "joined"); // the same key asks again
}

BOOST_AUTO_TEST_CASE(whoever_has_no_good_token_learns_why) {
  const std::string good = worker_token();
  std::string wrong = good;
  wrong[8] = wrong[8] == 'a' ? 'b' : 'a';
  BOOST_TEST(says(why_not(order("w-1", wrong)), "the token is not known here"), why_not(order("w-1", wrong)));
  const std::string expired =
      token(worker_token_group, schema::format_time(plane.clock.wall_now() - std::chrono::seconds(1)));
  BOOST_TEST(says(why_not(order("w-1", expired)), "the bootstrap token has expired"));
  const std::string mere = token("system:bootstrappers:somebody-else");
  BOOST_TEST(says(why_not(order("w-1", mere)), "forbidden"));
  BOOST_TEST(says(why_not(order("s-1", good, true)), "lets workers in, not servers"));
  BOOST_TEST(says(why_not(order("w-1", good.substr(0, 30))), "--token"));
  const std::string id = good.substr(0, 6);
  BOOST_REQUIRE_EQUAL(
      plane.call("DELETE", "/api/v1/namespaces/kube-system/secrets/bootstrap-token-" + id).code, 200);
  BOOST_TEST(says(why_not(order("w-1", good)), "was deleted"));
  BOOST_TEST(member("w-1").is_null());
}

BOOST_AUTO_TEST_CASE(nothing_is_sent_to_a_cluster_that_is_not_the_tokens) {
  std::string foreign = worker_token();
  foreign.replace(24, 64, std::string(64, '0'));
  BOOST_TEST(says(why_not(order("w-1", foreign)), "belongs to another cluster"));
  join_order elsewhere = order("w-1", worker_token());
  elsewhere.server = "127.0.0.1:1";
  BOOST_TEST(says(why_not(elsewhere), "cannot reach the cluster"));
  BOOST_TEST((join(elsewhere).error().kind == error_kind::unavailable));
  elsewhere.server = "127.1:" + std::to_string(https->port()); // another name of 127.0.0.1
  BOOST_TEST(says(why_not(elsewhere), "is not called so in its certificate"), why_not(elsewhere));
  elsewhere.server = "https://127.0.0.1";
  BOOST_TEST(says(why_not(elsewhere), "--join"));
  BOOST_TEST(member("w-1").is_null());
}

BOOST_AUTO_TEST_CASE(a_name_that_is_taken_stays_with_its_key) {
  BOOST_REQUIRE(join(order("w-1", worker_token())));
  join_order thief = order("w-1", worker_token());
  thief.pki_directory = scratch / "thief/pki";
  const auto taken = join(thief);
  BOOST_REQUIRE(!taken);
  BOOST_TEST((taken.error().kind == error_kind::conflict));
  BOOST_TEST(says(taken.error().message, "belongs to another key"), taken.error().message);
  BOOST_TEST(says(taken.error().message, "actctl cluster remove w-1"));
  // Until it is removed.
  BOOST_REQUIRE_EQUAL(plane.call("DELETE", "/apis/actord.dev/v1/members/w-1").code, 200);
  BOOST_TEST(why_not(thief) == "joined");
  BOOST_TEST(plane.call("DELETE", "/apis/actord.dev/v1/members/nobody").code == 404);
}

BOOST_AUTO_TEST_CASE(a_server_that_goes_is_forgotten_and_expelled) {
  BOOST_REQUIRE(join(order("s-2", server_token(), true)));
  BOOST_REQUIRE(join(order("s-3", server_token(), true)));
  BOOST_TEST(plane.call("DELETE", "/apis/actord.dev/v1/members/s-2").code == 200);
  BOOST_TEST(member("s-2").is_null());
  BOOST_REQUIRE(members->expelled.size() == 1U);
  BOOST_TEST(members->expelled[0].member == 1U);
  // Its number is not given to the next.
  BOOST_TEST(join(order("s-4", server_token(), true))->member == 3U);
  members->answer = error{.kind = error_kind::conflict, .message = "another change is under way"};
  BOOST_TEST(plane.call("DELETE", "/apis/actord.dev/v1/members/s-3").code == 409);
}

BOOST_AUTO_TEST_CASE(nobody_else_may_do_any_of_it) {
  const net::peer_identity nobody{"jane", {"dev"}};
  for (const auto& [method, path] : {std::pair{"POST", "/apis/actord.dev/v1/joins"},
                                     {"POST", "/apis/actord.dev/v1/joins/w-1/renew"},
                                     {"GET", "/apis/actord.dev/v1/members"},
                                     {"DELETE", "/apis/actord.dev/v1/members/w-1"}})
    BOOST_TEST(plane.call_as(nobody, method, path, json::object()).code == 403, path);
}

BOOST_AUTO_TEST_CASE(a_node_renews_with_its_certificate) {
  const auto joined = join(order("w-1", worker_token()));
  BOOST_REQUIRE(joined);
  const std::string server = "127.0.0.1:" + std::to_string(https->port());
  const auto other = join(order("w-2", worker_token()));
  BOOST_REQUIRE(other);
  const auto before = net::read_certificate(joined->key.certificate_pem);
  plane.clock.advance(std::chrono::hours(13));
  const auto renewed = renew_identity(server, *joined, scratch / "w-1/pki");
  BOOST_REQUIRE_MESSAGE(renewed, (renewed ? "" : renewed.error().message));
  const auto after = net::read_certificate(renewed->key.certificate_pem);
  BOOST_TEST((after->not_after > before->not_after));
  BOOST_TEST(renewed->key.key_pem == joined->key.key_pem);
  BOOST_TEST(((*read_identity(scratch / "w-1/pki"))->key == renewed->key));
  // With the certificate of another node it does not.
  joined_identity posing = *other;
  posing.node = "w-1";
  const auto refused = renew_identity(server, posing, scratch / "w-2/pki");
  BOOST_REQUIRE(!refused);
  BOOST_TEST(says(refused.error().message, "only node \"w-1\" itself"), refused.error().message);
  // Nor when it was removed.
  BOOST_REQUIRE_EQUAL(plane.call("DELETE", "/apis/actord.dev/v1/members/w-1").code, 200);
  BOOST_TEST(says(renew_identity(server, *joined, scratch / "w-1/pki").error().message, "has to join again"));
}

BOOST_AUTO_TEST_CASE(a_flood_of_joins_is_held_off) {
  int early = 0;
  for (int i = 0; i < 40; ++i)
    if (plane.call("POST", "/apis/actord.dev/v1/joins", json::object()).code == 429) ++early;
  BOOST_TEST(early == 20);
}

BOOST_AUTO_TEST_CASE(a_directory_that_joined_is_not_given_to_others) {
  BOOST_REQUIRE(join(order("w-1", worker_token())));
  join_order renamed = order("w-1", worker_token());
  renamed.node = "w-9";
  BOOST_TEST(says(why_not(renamed), "belongs to node \"w-1\""));
  join_order promoted = order("w-1", server_token(), true);
  BOOST_TEST(says(why_not(promoted), "joined as a worker"));
  BOOST_REQUIRE(net::write_secret_file(scratch / "w-1/pki/node.crt", "rubbish"));
  BOOST_TEST(says(why_not(order("w-1", worker_token())), "put the file back"));
}

BOOST_AUTO_TEST_SUITE_END()
