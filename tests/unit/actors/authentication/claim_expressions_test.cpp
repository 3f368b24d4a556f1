#include "actors/authentication/authentication_config.hpp"
#include "actors/authentication/openid_tokens.hpp"
#include "schema/base/json.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::actors;

namespace {

using outcome = identity_verdict::outcome;

const wall_time now{std::chrono::seconds(1'767'366'245)};

/// What the claims make of a user, by an entry of `jwt` with those mappings and rules.
identity_verdict judge(const std::string& entry, const json& more) {
  json claims = {{"iss", "https://x"}, {"aud", "a"}, {"exp", 1'767'366'300}};
  claims.update(more);
  const auto read = parse_authentication_config(
      "apiVersion: apiserver.config.k8s.io/v1\nkind: AuthenticationConfiguration\njwt:\n- issuer: {url: "
      "'https://x', audiences: [a]}\n" +
          entry,
      "file");
  BOOST_REQUIRE_MESSAGE(read, (read ? "" : read.error().message));
  return openid_identity(read->providers.front(), claims.dump(), now);
}

} // namespace

BOOST_AUTO_TEST_SUITE(claims_by_expressions)

BOOST_AUTO_TEST_CASE(expressions_make_a_user_of_claims) {
  const std::string mappings = R"(
  claimMappings:
    username: {expression: 'claims.sub + "@" + claims.tenant.name'}
    groups: {expression: 'claims.roles.filter(r, r.startsWith("k8s-")).map(r, r.substring(4))'}
    uid: {expression: claims.oid}
    extra:
    - {key: example.com/teams, valueExpression: 'claims.?teams.orValue([])'}
    - {key: example.com/level, valueExpression: 'string(claims.level)'}
)";
  const json ann = {{"sub", "ann"},
                    {"tenant", {{"name", "t1"}}},
                    {"roles", {"k8s-dev", "other", "k8s-system:masters"}},
                    {"oid", "7"},
                    {"level", 3},
                    {"jti", "one"}};
  const identity_verdict seen = judge(mappings, ann);
  BOOST_REQUIRE(seen.what == outcome::known);
  BOOST_TEST(seen.caller.user == "ann@t1");
  BOOST_TEST(seen.caller.groups == std::vector<std::string>({"dev"}), boost::test_tools::per_element());
  BOOST_TEST(seen.caller.uid == "7");
  BOOST_TEST((seen.caller.extra.at("example.com/level") == std::vector<std::string>{"3"}));
  BOOST_TEST(!seen.caller.extra.contains("example.com/teams"));
  BOOST_TEST((seen.caller.extra.at(credential_id) == std::vector<std::string>{"JTI=one"}));
}

BOOST_AUTO_TEST_CASE(what_claims_do_not_yield_is_nobody) {
  const std::string by_sub = "  claimMappings: {username: {expression: claims.sub}}\n";
  BOOST_TEST(judge(by_sub, {{"sub", "ann"}}).caller.user == "ann");
  BOOST_TEST(judge(by_sub, json::object()).why ==
             "oidc: expression 'claims.sub' resulted in error: no such key: sub");
  BOOST_TEST((judge(by_sub, {{"sub", 1}}).what == outcome::refused));
  BOOST_TEST((judge(by_sub, {{"sub", ""}}).what == outcome::refused));
  BOOST_TEST((judge(by_sub, {{"sub", nullptr}}).what == outcome::refused));
  BOOST_TEST((judge(by_sub, {{"sub", {"ann", "bob"}}}).what == outcome::refused));
  BOOST_TEST((judge(by_sub, {{"sub", "system:admin"}}).what == outcome::refused));
  const std::string by_list =
      "  claimMappings: {username: {expression: claims.sub}, groups: {expression: claims.g}}\n";
  BOOST_TEST(judge(by_list, {{"sub", "ann"}, {"g", "one"}}).caller.groups.size() == 1U);
  BOOST_TEST(judge(by_list, {{"sub", "ann"}, {"g", json::array()}}).caller.groups.empty());
  BOOST_TEST(judge(by_list, {{"sub", "ann"}, {"g", {1, 2}}}).why ==
             "oidc: expression 'claims.g' resulted in error: it must yield texts only");
}

BOOST_AUTO_TEST_CASE(rules_keep_people_out) {
  const std::string rules = R"(
  claimMappings: {username: {claim: sub, prefix: 'x:'}, groups: {claim: roles, prefix: ''}}
  claimValidationRules:
  - {expression: 'claims.exp - claims.nbf <= 3600', message: lives too long}
  - {claim: hd, requiredValue: here}
  userValidationRules:
  - {expression: '!user.username.startsWith("x:root")', message: not root}
  - {expression: 'user.groups.all(g, g != "banned")'}
)";
  const json good = {{"sub", "ann"}, {"nbf", 1'767'366'000}, {"hd", "here"}, {"roles", {"dev"}}};
  const auto said = [&](const json& change) {
    json claims = good;
    claims.update(change);
    const identity_verdict verdict = judge(rules, claims);
    return verdict.what == outcome::known ? verdict.caller.user : verdict.why;
  };
  BOOST_TEST(said(json::object()) == "x:ann");
  BOOST_TEST(said({{"nbf", 1'767'000'000}}) ==
             "oidc: validation expression 'claims.exp - claims.nbf <= 3600' failed: lives too long");
  BOOST_TEST(said({{"hd", "there"}}).starts_with("oidc: the required claim"));
  BOOST_TEST(said({{"sub", "root"}}) ==
             "oidc: validation expression '!user.username.startsWith(\"x:root\")' failed: not root");
  BOOST_TEST(said({{"roles", {"dev", "banned"}}}) ==
             "oidc: validation expression 'user.groups.all(g, g != \"banned\")' failed");
  BOOST_TEST(
      said({{"nbf", "text"}}).starts_with("oidc: expression 'claims.exp - claims.nbf <= 3600' resulted in"));
}

BOOST_AUTO_TEST_CASE(what_costs_too_much_is_refused) {
  const std::string costly = R"(
  claimMappings: {username: {expression: claims.sub}}
  claimValidationRules:
  - {expression: 'claims.l.all(a, claims.l.all(b, claims.l.all(c, a + b + c >= 0)))'}
)";
  const std::vector<int> many(500, 1);
  BOOST_TEST((judge(costly, {{"sub", "ann"}, {"l", many}}).what == outcome::refused));
}

BOOST_AUTO_TEST_SUITE_END()
