#include "cli/command_line/duration.hpp"
#include "fake_process.hpp"
#include "net/pki/certificates.hpp"
#include "net/pki/join_token.hpp"
#include "schema/codec/base64.hpp"

using namespace actord;
using namespace actord::cli;

namespace {

const std::string secrets = "/api/v1/namespaces/kube-system/secrets";

const std::string& authority_pem() {
  static const std::string made =
      net::create_authority("ca", wall_time(std::chrono::seconds(1'790'000'000)))->certificate_pem;
  return made;
}

struct token_process : fake_process {
  token_process() {
    use_server("https://192.0.2.7:6443");
    server.answers("POST " + secrets, json::object(), 201);
  }
  void use_server(const std::string& url, bool with_authority = true) {
    json cluster = {{"server", url}};
    if (with_authority) cluster["certificate-authority-data"] = schema::encode_base64(authority_pem());
    write("config", json{{"current-context", "c"},
                         {"clusters", {{{"name", "k"}, {"cluster", cluster}}}},
                         {"contexts", {{{"name", "c"}, {"context", {{"cluster", "k"}, {"user", "u"}}}}}},
                         {"users", {{{"name", "u"}, {"user", {{"token", "secret"}}}}}}}
                        .dump());
  }
  std::string first_line() const { return output.substr(0, output.find('\n')); }
};

json stored(const std::string& id, const json& data) {
  json encoded = {{"token-id", schema::encode_base64(id)},
                  {"token-secret", schema::encode_base64("0123456789abcdef")}};
  for (const auto& [key, value] : data.items())
    encoded[key] = schema::encode_base64(value.get<std::string>());
  return {{"metadata", {{"name", "bootstrap-token-" + id}}}, {"data", encoded}};
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(join_token_commands, token_process)

BOOST_AUTO_TEST_CASE(create_stores_a_bootstrap_token_and_says_how_to_use_it) {
  BOOST_REQUIRE_EQUAL(run({"token", "create", "--description", "rack 4"}), 0);
  const auto token = net::parse_join_token(first_line());
  BOOST_REQUIRE(token);
  BOOST_TEST(token->authority_hash == net::key_hash_of_certificate(authority_pem()));
  BOOST_TEST(output.find("  actord --join 192.0.2.7:6443 --roles worker --token " + token->text() + "\n") !=
             std::string::npos);
  const json body = json::parse(server.last().body);
  BOOST_TEST(server.last().method == "POST");
  BOOST_TEST(body["metadata"]["name"] == "bootstrap-token-" + token->id);
  BOOST_TEST(body["type"] == "bootstrap.kubernetes.io/token");
  const json expected = {{"token-id", token->id},
                         {"token-secret", token->secret},
                         {"usage-bootstrap-authentication", "true"},
                         {"auth-extra-groups", "system:bootstrappers:actord:worker"},
                         {"expiration", "2026-09-22T14:13:20Z"},
                         {"description", "rack 4"}};
  BOOST_TEST(body["stringData"] == expected);
}

BOOST_AUTO_TEST_CASE(create_takes_roles_and_times) {
  BOOST_REQUIRE_EQUAL(run({"token", "create", "--ttl", "0", "--roles", "server,worker", "-o", "token"}), 0);
  const json data = json::parse(server.last().body)["stringData"];
  BOOST_TEST(data["auth-extra-groups"] ==
             "system:bootstrappers:actord:server,system:bootstrappers:actord:worker");
  BOOST_TEST(!data.contains("expiration"));
  BOOST_TEST(output == first_line() + "\n");
  BOOST_REQUIRE_EQUAL(run({"token", "create", "--ttl", "1h30m"}), 0);
  BOOST_TEST(json::parse(server.last().body)["stringData"]["expiration"] == "2026-09-21T15:43:20Z");
}

BOOST_AUTO_TEST_CASE(a_server_on_this_machine_is_named_as_others_reach_it) {
  use_server("https://127.0.0.1:6443");
  server.answers("GET /api", {{"serverAddressByClientCIDRs",
                               {{{"clientCIDR", "0.0.0.0/0"}, {"serverAddress", "192.0.2.10:6443"}}}}});
  BOOST_REQUIRE_EQUAL(run({"token", "create"}), 0);
  BOOST_TEST(output.find("--join 192.0.2.10:6443 ") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(mistakes_are_explained_and_nothing_is_stored) {
  for (const char* ttl : {"24", "1x", "-1h", "0s", "", "999999999999d"}) {
    BOOST_TEST(run({"token", "create", "--ttl", ttl}) == 1);
    BOOST_TEST(errors.find("--ttl") != std::string::npos, errors);
  }
  BOOST_TEST(run({"token", "create", "--roles", "master"}) == 1);
  BOOST_TEST(errors.find("master") != std::string::npos);
  use_server("https://192.0.2.7:6443", false);
  BOOST_TEST(run({"token", "create"}) == 1);
  BOOST_TEST(errors.find("does not hold the cluster's authority") != std::string::npos);
  BOOST_TEST(server.requests.empty());
  BOOST_TEST(run({"token", "creat"}) == 1);
  BOOST_TEST(errors.find("create") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(list_shows_everything_but_the_secrets) {
  server.answers(
      "GET " + secrets,
      {{"items",
        {stored("aaaaaa", {{"expiration", "2026-09-22T14:13:20Z"},
                           {"auth-extra-groups", "system:bootstrappers:actord:worker"},
                           {"description", "rack 4"}}),
         stored("bbbbbb", {{"expiration", "2026-09-21T14:13:19Z"},
                           {"auth-extra-groups",
                            "system:bootstrappers:actord:server,system:bootstrappers:actord:worker"}}),
         stored("cccccc", json::object())}}});
  BOOST_REQUIRE_EQUAL(run({"token", "list"}), 0);
  BOOST_TEST(server.last().target.find("fieldSelector=type%3Dbootstrap.kubernetes.io%2Ftoken") !=
                 std::string::npos,
             server.last().target);
  BOOST_TEST(output == "ID       ROLES           EXPIRES   DESCRIPTION\n"
                       "aaaaaa   worker          in 24h    rack 4\n"
                       "bbbbbb   server,worker   expired\n"
                       "cccccc   -               never\n",
             output);
  BOOST_TEST(output.find("0123456789abcdef") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(no_tokens_is_said) {
  server.answers("GET " + secrets, {{"items", json::array()}});
  BOOST_TEST(run({"token", "list"}) == 0);
  BOOST_TEST(output.empty());
  BOOST_TEST(errors.find("no join tokens") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(delete_takes_an_id_or_a_whole_token) {
  server.answers("DELETE " + secrets + "/bootstrap-token-aaaaaa", json::object());
  BOOST_TEST(run({"token", "delete", "aaaaaa"}) == 0);
  BOOST_TEST(output == "join token aaaaaa deleted\n");
  BOOST_TEST(run({"token", "delete", "aaaaaa.0123456789abcdef." + std::string(64, 'a')}) == 0);
  BOOST_TEST(run({"token", "delete", "unknow"}) == 1);
  BOOST_TEST(errors.find("there is no join token \"unknow\"") != std::string::npos, errors);
  BOOST_TEST(run({"token", "delete", "Nonsense"}) == 1);
  BOOST_TEST(errors.find("is no id of a join token") != std::string::npos);
  BOOST_TEST(run({"token", "delete"}) == 1);
}

BOOST_AUTO_TEST_CASE(durations) {
  BOOST_TEST(duration_s("90s").value_or(-1) == 90);
  BOOST_TEST(duration_s("1h30m").value_or(-1) == 5400);
  BOOST_TEST(duration_s("7d").value_or(-1) == 604800);
  for (const char* wrong : {"", "5", "h", "1h30", "-5m", "1w", "9223372036854775807d", "5 m"})
    BOOST_TEST(!duration_s(wrong), wrong);
}

BOOST_AUTO_TEST_CASE(members_and_status_in_columns) {
  const json body = {{"cluster", "c-1"},
                     {"status", {{"leader", "node-1"}, {"term", 3}, {"revision", 77}, {"writable", true}}},
                     {"items",
                      {{{"node", "node-1"},
                        {"server", true},
                        {"worker", true},
                        {"member", 1},
                        {"state", "leader"},
                        {"apiAddress", "192.0.2.1:6443"},
                        {"rpcAddress", "192.0.2.1:7443"},
                        {"joined", "2026-09-21T13:13:20Z"}},
                       {{"node", "node-2"},
                        {"server", false},
                        {"worker", true},
                        {"member", 0},
                        {"joined", "2026-09-21T14:13:10Z"}}}}};
  server.answers("GET /apis/actord.dev/v1/members", body);
  BOOST_REQUIRE_EQUAL(run({"cluster", "members"}), 0);
  BOOST_TEST(output == "NODE     ROLES           MEMBER   STATE    API              RPC              AGE\n"
                       "node-1   server,worker   1        leader   192.0.2.1:6443   192.0.2.1:7443   60m\n"
                       "node-2   worker          -        -        -                -                10s\n",
             output);
  BOOST_REQUIRE_EQUAL(run({"cluster", "status"}), 0);
  BOOST_TEST(output ==
                 "Cluster:   c-1\nLeader:    node-1\nServers:   1 (survives the loss of 0)\nWorkers:   2\n"
                 "Term:      3\nRevision:  77\nWritable:  yes\n",
             output);
  server.answers("DELETE /apis/actord.dev/v1/members/node-2", json::object());
  BOOST_TEST(run({"cluster", "remove", "node-2"}) == 0);
  BOOST_TEST(output == "node node-2 removed\n");
  BOOST_TEST(run({"cluster", "remove"}) == 1);
}

BOOST_AUTO_TEST_SUITE_END()
