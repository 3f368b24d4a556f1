#include "api_plane.hpp"

#include "net/pki/base64url.hpp"
#include "net/pki/signed_token.hpp"
#include "schema/codec/base64.hpp"

using namespace actord;
using namespace actord::testing;

namespace {

const std::string space = "/api/v1/namespaces/default";
const std::string accounts = space + "/serviceaccounts";
const std::string reviews = "/apis/authentication.k8s.io/v1/tokenreviews";
const std::string self_review = "/apis/authentication.k8s.io/v1/selfsubjectreviews";

/// A plane with the account "robot".
struct token_plane : plane {
  token_plane() {
    robot = call("POST", accounts, named("ServiceAccount", "robot")).body;
    BOOST_REQUIRE(robot["metadata"]["uid"].is_string());
  }

  static json named(const std::string& kind, const std::string& name) {
    return {{"apiVersion", "v1"}, {"kind", kind}, {"metadata", {{"name", name}}}};
  }
  reply request_token(json spec = json::object(), const std::string& account = "robot") {
    return call(
        "POST", accounts + "/" + account + "/token",
        {{"apiVersion", "authentication.k8s.io/v1"}, {"kind", "TokenRequest"}, {"spec", std::move(spec)}});
  }
  std::string token(json spec = json::object()) {
    const reply answer = request_token(std::move(spec));
    BOOST_REQUIRE_EQUAL(answer.code, 201);
    return answer.body["status"]["token"];
  }
  json review(const std::string& token_text, json audiences = nullptr) {
    json spec = {{"token", token_text}};
    if (!audiences.is_null()) spec["audiences"] = std::move(audiences);
    return call("POST", reviews,
                {{"apiVersion", "authentication.k8s.io/v1"},
                 {"kind", "TokenReview"},
                 {"spec", std::move(spec)}})
        .body["status"];
  }
  /// 403 for somebody who is known and may nothing, 401 for somebody who is not.
  int code_with(const std::string& token_text) { return call_token(token_text, maps).code; }
  json add_pod(const std::string& name) {
    json pod = named("Pod", name);
    pod["spec"] = {{"serviceAccountName", "robot"}, {"containers", {{{"name", "c"}, {"image", "i"}}}}};
    const reply made = call("POST", space + "/pods", pod);
    BOOST_REQUIRE_EQUAL(made.code, 201);
    return made.body;
  }
  static json claims_of(const std::string& token_text) {
    const auto parsed = net::parse_web_token(token_text);
    BOOST_REQUIRE(parsed.has_value());
    return json::parse(parsed->claims);
  }

  json robot;
};

json bound_to(const std::string& kind, const std::string& name) {
  return {{"boundObjectRef", {{"apiVersion", "v1"}, {"kind", kind}, {"name", name}}}};
}

} // namespace

BOOST_AUTO_TEST_SUITE(tokens)

BOOST_AUTO_TEST_CASE(a_token_says_what_kubernetes_tokens_say) {
  token_plane p;
  const reply answer = p.request_token({{"expirationSeconds", 1200}});
  BOOST_TEST(answer.code == 201);
  BOOST_TEST(answer.body["metadata"]["name"] == "robot");
  BOOST_TEST(answer.body["metadata"]["uid"] == p.robot["metadata"]["uid"]);
  BOOST_TEST(answer.body["spec"]["audiences"] == json({"https://kubernetes.default.svc.cluster.local"}));
  const std::string token = answer.body["status"]["token"];
  const json claims = token_plane::claims_of(token);
  BOOST_TEST(claims["iss"] == "https://kubernetes.default.svc.cluster.local");
  BOOST_TEST(claims["sub"] == "system:serviceaccount:default:robot");
  BOOST_TEST(claims["aud"] == json({"https://kubernetes.default.svc.cluster.local"}));
  BOOST_TEST(claims["exp"].get<int>() == claims["iat"].get<int>() + 1200);
  BOOST_TEST(claims["kubernetes.io"] ==
             json({{"namespace", "default"},
                   {"serviceaccount", {{"name", "robot"}, {"uid", p.robot["metadata"]["uid"]}}}}));
  BOOST_TEST(p.code_with(token) == 403);
  const json user = p.review(token)["user"];
  BOOST_TEST(user["username"] == "system:serviceaccount:default:robot");
  BOOST_TEST(user["uid"] == p.robot["metadata"]["uid"]);
  BOOST_TEST(user["groups"] ==
             json({"system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated"}));
  BOOST_TEST(user["extra"] == json({{"authentication.kubernetes.io/credential-id",
                                     {"JTI=" + claims["jti"].get<std::string>()}}}));
}

BOOST_AUTO_TEST_CASE(a_token_ends_at_its_time_and_with_its_account) {
  token_plane p;
  const std::string token = p.token({{"expirationSeconds", 600}});
  BOOST_TEST(p.code_with(token) == 403);
  p.clock.advance(std::chrono::seconds(599));
  BOOST_TEST(p.code_with(token) == 403);
  p.clock.advance(std::chrono::seconds(2));
  BOOST_TEST(p.code_with(token) == 401);
  BOOST_TEST(p.review(token)["error"] == "[invalid bearer token, service account token has expired]");

  const std::string other = p.token();
  BOOST_TEST(p.code_with(other) == 403);
  BOOST_TEST(p.call("DELETE", accounts + "/robot").code == 200);
  BOOST_TEST(p.code_with(other) == 401);
  p.call("POST", accounts, token_plane::named("ServiceAccount", "robot"));
  BOOST_TEST(p.code_with(other) == 401);
}

BOOST_AUTO_TEST_CASE(a_bound_token_ends_with_what_it_is_bound_to) {
  token_plane p;
  p.call("POST", "/api/v1/nodes", token_plane::named("Node", "n1"));
  p.call("POST", space + "/secrets", token_plane::named("Secret", "s"));
  p.add_pod("web");
  const std::string pod_token = p.token(bound_to("Pod", "web"));
  const std::string node_token = p.token(bound_to("Node", "n1"));
  const std::string secret_token = p.token(bound_to("Secret", "s"));
  const json extra = p.review(pod_token)["user"]["extra"];
  BOOST_TEST(extra["authentication.kubernetes.io/pod-name"] == json({"web"}));
  BOOST_TEST(extra["authentication.kubernetes.io/pod-uid"].size() == 1U);
  BOOST_TEST(!extra.contains("authentication.kubernetes.io/node-name"));
  BOOST_TEST(p.review(node_token)["user"]["extra"]["authentication.kubernetes.io/node-name"] == json({"n1"}));
  for (const std::string& token : {pod_token, node_token, secret_token})
    BOOST_TEST(p.code_with(token) == 403);

  p.call("DELETE", space + "/pods/web?gracePeriodSeconds=0");
  BOOST_TEST(p.code_with(pod_token) == 401);
  p.add_pod("web"); // another one of that name
  BOOST_TEST(p.code_with(pod_token) == 401);
  p.call("DELETE", "/api/v1/nodes/n1");
  BOOST_TEST(p.code_with(node_token) == 401);
  p.call("DELETE", space + "/secrets/s");
  BOOST_TEST(p.code_with(secret_token) == 401);
  BOOST_TEST(p.review(secret_token)["error"] ==
             "[invalid bearer token, service account token has been invalidated]");
}

BOOST_AUTO_TEST_CASE(a_token_of_a_bound_pod_shows_its_node) {
  token_plane p;
  const json node = p.call("POST", "/api/v1/nodes", token_plane::named("Node", "n1")).body;
  p.add_pod("web");
  p.call("POST", space + "/pods/web/binding",
         {{"apiVersion", "v1"},
          {"kind", "Binding"},
          {"metadata", {{"name", "web"}}},
          {"target", {{"kind", "Node"}, {"name", "n1"}}}});
  const std::string token = p.token(bound_to("Pod", "web"));
  BOOST_TEST(token_plane::claims_of(token)["kubernetes.io"]["node"] ==
             json({{"name", "n1"}, {"uid", node["metadata"]["uid"]}}));
  const json extra = p.review(token)["user"]["extra"];
  BOOST_TEST(extra["authentication.kubernetes.io/node-name"] == json({"n1"}));
  BOOST_TEST(extra["authentication.kubernetes.io/node-uid"] == json({node["metadata"]["uid"]}));
  // What its holder asks for is kept to, but old programs never read their token again.
  json spec = bound_to("Pod", "web");
  spec["expirationSeconds"] = 3607;
  const json claims = token_plane::claims_of(p.token(spec));
  BOOST_TEST(claims["exp"].get<std::int64_t>() - claims["iat"].get<std::int64_t>() == 365 * 24 * 3600);
  BOOST_TEST(claims["kubernetes.io"]["warnafter"].get<std::int64_t>() - claims["iat"].get<std::int64_t>() ==
             3607);
}

BOOST_AUTO_TEST_CASE(audiences_decide_where_a_token_counts) {
  token_plane p;
  const std::string vault = p.token({{"audiences", {"vault", "nomad"}}});
  BOOST_TEST(p.code_with(vault) == 401);
  BOOST_TEST(!p.review(vault).value("authenticated", false));
  const json seen = p.review(vault, {"vault", "consul"});
  BOOST_TEST(seen["authenticated"] == true);
  BOOST_TEST(seen["audiences"] == json({"vault"}));
  BOOST_TEST(
      p.review(vault, {"consul"})["error"] ==
      "[invalid bearer token, token audiences [\"vault\" \"nomad\"] is invalid for the target audiences "
      "[\"consul\"]]");
}

BOOST_AUTO_TEST_CASE(requests_for_tokens_are_checked) {
  token_plane p;
  const auto refused = [&](json spec, int code) {
    const reply answer = p.request_token(std::move(spec));
    BOOST_TEST(answer.code == code);
    return answer.body["message"].get<std::string>();
  };
  BOOST_TEST(refused({{"expirationSeconds", 599}}, 422) ==
             "TokenRequest.authentication.k8s.io \"\" is invalid: spec.expirationSeconds: Invalid value: "
             "599: may not "
             "specify a duration less than 10 minutes");
  BOOST_TEST(refused({{"expirationSeconds", 4294967297}}, 422).ends_with("larger than 2^32 seconds"));
  BOOST_TEST(refused(bound_to("Pod", "absent"), 404) == "pods \"absent\" not found");
  BOOST_TEST(refused(bound_to("Deployment", "d"), 400) ==
             "cannot bind token to object of type v1, Kind=Deployment");
  json pod = token_plane::named("Pod", "other");
  pod["spec"] = {{"containers", {{{"name", "c"}, {"image", "i"}}}}};
  p.call("POST", accounts, token_plane::named("ServiceAccount", "default"));
  BOOST_TEST(p.call("POST", space + "/pods", pod).code == 201);
  BOOST_TEST(
      refused(bound_to("Pod", "other"), 400) ==
      "cannot bind token for serviceaccount \"robot\" to pod running with different serviceaccount name.");
  p.add_pod("web");
  json spec = bound_to("Pod", "web");
  spec["boundObjectRef"]["uid"] = "1";
  BOOST_TEST(refused(spec, 409).find("does not match the UID in record") != std::string::npos);
  BOOST_TEST(p.request_token({}, "absent").code == 404);
  BOOST_TEST(refused({{"audiences", json(std::vector<std::string>(40, "a"))}}, 422).find("spec.audiences") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_is_no_good_token_is_never_anonymous) {
  token_plane p;
  const std::string token = p.token();
  for (const std::string& bad : {std::string("x"), std::string("a.b.c"), token + "x", token.substr(1),
                                 std::string("abcdef.0123456789abcdef"), std::string(70'000, 'a')})
    for (const char* path : {"/version", "/api", "/api/v1/namespaces"})
      BOOST_TEST(p.call_token(bad, path).code == 401);
  const auto with = [&](const std::string& header) {
    return p.call_with({{"authorization", header}}, "/version").code;
  };
  BOOST_TEST(with("Bearer") == 401);
  BOOST_TEST(with("Bearer ") == 401);
  BOOST_TEST(with("Basic YTpi") == 401);
  BOOST_TEST(with("bearer " + token) == 200);
  net::peer_identity refused;
  refused.refused = true;
  BOOST_TEST(p.call_as(refused, "GET", "/version").code == 401);
  net::peer_identity old{"admin", {"system:masters"}};
  old.expires = p.clock.wall_now() - std::chrono::seconds(1);
  BOOST_TEST(p.call_as(old, "GET", "/version").code == 401);
  // A token of another cluster has another key.
  const auto stranger = actors::token_authority::open(*net::create_signing_key(), *p.store, p.random);
  const auto forged =
      (*stranger)->issue({.space = "default", .account = {"robot", p.robot["metadata"]["uid"]}});
  BOOST_TEST(p.code_with(forged->token) == 401);
}

BOOST_AUTO_TEST_CASE(tokens_of_secrets_count_while_the_secret_holds_them) {
  token_plane p;
  const std::string uid = p.robot["metadata"]["uid"];
  const auto token = p.tokens->issue_legacy("default", {"robot", uid}, "robot-token");
  BOOST_REQUIRE(token.has_value());
  BOOST_TEST(p.code_with(*token) == 401);
  json secret = token_plane::named("Secret", "robot-token");
  secret["type"] = "kubernetes.io/service-account-token";
  secret["metadata"]["annotations"] = {{"kubernetes.io/service-account.name", "robot"}};
  secret["data"] = {{"token", schema::encode_base64(*token)}};
  BOOST_REQUIRE_EQUAL(p.call("POST", space + "/secrets", secret).code, 201);
  BOOST_TEST(p.code_with(*token) == 403);
  BOOST_TEST(p.review(*token)["user"]["username"] == "system:serviceaccount:default:robot");
  BOOST_TEST(p.review(*token, {"elsewhere"})["authenticated"] != true);
  p.call("DELETE", space + "/secrets/robot-token");
  BOOST_TEST(p.code_with(*token) == 401);
}

BOOST_AUTO_TEST_CASE(bootstrap_tokens_are_secrets_of_kube_system) {
  token_plane p;
  const std::string token = "abcdef.0123456789abcdef";
  const std::string secrets = "/api/v1/namespaces/kube-system/secrets";
  json secret = token_plane::named("Secret", "bootstrap-token-abcdef");
  secret["type"] = "bootstrap.kubernetes.io/token";
  secret["stringData"] = {{"token-id", "abcdef"},
                          {"token-secret", "0123456789abcdef"},
                          {"usage-bootstrap-authentication", "true"},
                          {"expiration", "2026-01-02T16:00:00Z"},
                          {"auth-extra-groups", "system:bootstrappers:workers,system:bootstrappers:blue"}};
  BOOST_REQUIRE_EQUAL(p.call("POST", secrets, secret).code, 201);
  BOOST_TEST(p.review(token)["user"] == json({{"username", "system:bootstrap:abcdef"},
                                              {"groups",
                                               {"system:bootstrappers", "system:bootstrappers:workers",
                                                "system:bootstrappers:blue", "system:authenticated"}}}));
  BOOST_TEST(p.review("abcdef.0123456789abcdee")["authenticated"] != true);
  const auto change = [&](const char* key, const char* value) {
    p.call("PATCH", secrets + "/bootstrap-token-abcdef", {{"stringData", {{key, value}}}},
           "application/merge-patch+json");
    return p.review(token).value("authenticated", false);
  };
  BOOST_TEST(!change("auth-extra-groups", "system:masters"));
  BOOST_TEST(change("auth-extra-groups", ""));
  BOOST_TEST(!change("usage-bootstrap-authentication", "false"));
  BOOST_TEST(change("usage-bootstrap-authentication", "true"));
  p.clock.advance(std::chrono::hours(24));
  BOOST_TEST(p.review(token)["error"] == "[invalid bearer token, the bootstrap token has expired]");
}

BOOST_AUTO_TEST_CASE(others_can_check_tokens_by_the_published_keys) {
  token_plane p;
  const json configuration = p.call("GET", "/.well-known/openid-configuration").body;
  BOOST_TEST(configuration["issuer"] == "https://kubernetes.default.svc.cluster.local");
  BOOST_TEST(configuration["jwks_uri"] == "https://192.0.2.2:6443/openid/v1/jwks");
  const json set = p.call("GET", "/openid/v1/jwks").body;
  const auto keys = net::web_key::from_set(set.dump());
  BOOST_REQUIRE(keys.has_value());
  BOOST_REQUIRE_EQUAL(keys->size(), 1U);
  const std::string token = p.token();
  const auto parsed = net::parse_web_token(token);
  BOOST_TEST(parsed->key_id == keys->front().id());
  BOOST_TEST(keys->front().verifies(parsed->algorithm, parsed->signed_part, parsed->signature));
  // Service accounts may look, as the default role says; others not.
  BOOST_TEST(p.call_token(token, "/openid/v1/jwks").code == 200);
  BOOST_TEST(p.call_as({"jane", {}}, "GET", "/openid/v1/jwks").code == 403);
  BOOST_TEST(p.call_as({}, "GET", "/openid/v1/jwks").code == 401);
}

BOOST_AUTO_TEST_SUITE_END()
