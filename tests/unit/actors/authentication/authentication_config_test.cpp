#include "actors/authentication/authentication_config.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::actors;

namespace {

std::string config(std::string_view body) {
  return "apiVersion: apiserver.config.k8s.io/v1\nkind: AuthenticationConfiguration\n" + std::string(body);
}

/// A document with one provider: its issuer's address, what else its issuer says, what else it says.
std::string provider(std::string_view issuer = {}, std::string_view rest = {}) {
  return config("jwt:\n- issuer:\n    url: https://one.example\n    audiences: [a]\n" + std::string(issuer) +
                "  claimMappings:\n    username: {claim: sub, prefix: ''}\n" + std::string(rest));
}

std::string wrong(const std::string& text) {
  const auto read = parse_authentication_config(text, "file");
  return read ? "fine" : read.error().message;
}

} // namespace

BOOST_AUTO_TEST_SUITE(authentication_configuration)

BOOST_AUTO_TEST_CASE(each_entry_is_a_provider) {
  const auto read = parse_authentication_config(config(R"(jwt:
- issuer:
    url: https://one.example
    audiences: [a, b]
    audienceMatchPolicy: MatchAny
    certificateAuthority: "-----BEGIN CERTIFICATE-----\nx"
  claimValidationRules:
  - {claim: hd, requiredValue: example.com}
  claimMappings:
    username: {claim: email, prefix: "one:"}
    groups: {claim: roles, prefix: ""}
    uid: {claim: oid}
- issuer:
    url: https://two.example/tenant
    discoveryURL: https://inside.example/.well-known/openid-configuration
    audiences: [a]
  claimMappings:
    username: {claim: sub, prefix: "-"}
)"),
                                                "file");
  BOOST_REQUIRE(read.has_value());
  BOOST_REQUIRE(read->providers.size() == 2U);
  const openid_options& one = read->providers[0];
  BOOST_TEST(one.issuer_url == "https://one.example");
  BOOST_TEST(one.client_ids == std::vector<std::string>({"a", "b"}), boost::test_tools::per_element());
  BOOST_TEST(one.authority_pem.starts_with("-----BEGIN CERTIFICATE-----\n"));
  BOOST_TEST((one.required_claims == std::map<std::string, std::string>{{"hd", "example.com"}}));
  BOOST_TEST(one.username_claim == "email");
  BOOST_TEST(one.username_prefix == "one:");
  BOOST_TEST(one.groups_claim == "roles");
  BOOST_TEST(one.uid_claim == "oid");
  BOOST_TEST(one.signing_algorithms.size() == 9U);
  const openid_options& two = read->providers[1];
  BOOST_TEST(two.discovery_url == "https://inside.example/.well-known/openid-configuration");
  BOOST_TEST(two.username_prefix == "-");
  BOOST_TEST(two.literal_prefix);
  BOOST_TEST(two.groups_claim.empty());
  BOOST_TEST(parse_authentication_config(config(""), "file")->providers.empty());
  BOOST_TEST(wrong(provider()) == "fine");
}

BOOST_AUTO_TEST_CASE(wrong_expressions_are_named) {
  const std::string at = "file: jwt[0].claimMappings.";
  const auto mapped = [](const std::string& mappings) {
    return wrong(config("jwt:\n- issuer: {url: 'https://x', audiences: [a]}\n  claimMappings: " + mappings));
  };
  BOOST_TEST(mapped("{username: {expression: claims.sub}}") == "fine");
  BOOST_TEST(
      mapped("{username: {expression: claims.sub}, groups: {expression: 'claims.roles.map(r, \"x:\" + r)'}, "
             "uid: {expression: claims.oid}, extra: [{key: a.example/b, valueExpression: claims.x}]}") ==
      "fine");
  BOOST_TEST(mapped("{username: {expression: claims.sub, prefix: ''}}") ==
             at + "username: must not have both a claim with its prefix and an expression");
  BOOST_TEST(mapped("{username: {expression: claim.sub}}")
                 .starts_with(at + "username.expression: compilation failed: "));
  BOOST_TEST(mapped("{username: {expression: '1'}}") == at + "username.expression: must evaluate to string");
  BOOST_TEST(mapped("{username: {expression: '[claims.sub]'}}") ==
             at + "username.expression: must evaluate to string");
  BOOST_TEST(mapped("{username: {expression: claims.sub}, groups: {expression: 'true'}}") ==
             at + "groups.expression: must evaluate to string or list(string)");
  BOOST_TEST(mapped("{username: {expression: claims.sub}, uid: {claim: a, expression: claims.b}}") ==
             at + "uid: must not have both a claim and an expression");
  BOOST_TEST(mapped("{username: {}}") == at + "username: must have a claim or an expression");
  const auto extra = [&](const std::string& entry) {
    return mapped("{username: {expression: claims.sub}, extra: [" + entry + "]}");
  };
  BOOST_TEST(extra("{key: team, valueExpression: claims.x}") ==
             at + "extra[0].key: must be a path below a domain, such as example.com/team");
  BOOST_TEST(extra("{key: a.b/C, valueExpression: claims.x}") == at + "extra[0].key: must be in lower case");
  BOOST_TEST(extra("{key: x.k8s.io/c, valueExpression: claims.x}") ==
             at + "extra[0].key: must not be below kubernetes.io or k8s.io, which are the cluster's own");
  BOOST_TEST(extra("{key: a.b/c, valueExpression: claims.x}, {key: a.b/c, valueExpression: claims.y}") ==
             at + "extra[1].key: \"a.b/c\" is there twice");
  BOOST_TEST(extra("{key: a.b/c}") == at + "extra[0].valueExpression: must be given");
  BOOST_TEST(wrong(provider({}, "  userValidationRules:\n  - {expression: user.name}\n"))
                 .starts_with("file: jwt[0].userValidationRules[0].expression: compilation failed: "));
  BOOST_TEST(
      wrong(provider({}, "  userValidationRules:\n  - {expression: 'true'}\n  - {expression: 'true'}\n")) ==
      "file: jwt[0].userValidationRules[1].expression: \"true\" is there twice");
  BOOST_TEST(wrong(provider({}, "  claimValidationRules:\n  - {expression: 'true', claim: a}\n")) ==
             "file: jwt[0].claimValidationRules[0]: must not have both a claim and an expression");
  BOOST_TEST(wrong(provider({}, "  claimValidationRules:\n  - {expression: user.username}\n")) != "fine");
}

BOOST_AUTO_TEST_CASE(an_address_is_a_name_only_if_somebody_looks_whether_it_was_verified) {
  const auto read = [](const std::string& username, const std::string& rest = {}) {
    return wrong(config(
        "jwt:\n- issuer: {url: 'https://x', audiences: [a]}\n  claimMappings: {username: {expression: '" +
        username + "'}}\n" + rest));
  };
  const std::string unseen = "file: jwt[0].claimMappings.username.expression: names claims.email: "
                             "claims.email_verified must be used here, in extra or in a rule for claims";
  BOOST_TEST(read("claims.email") == unseen);
  BOOST_TEST(read("claims.?email.orValue(\"\")") == unseen);
  BOOST_TEST(read("claims.emails") == "fine");
  BOOST_TEST(read("claims.email_verified ? claims.email : claims.sub") == "fine");
  BOOST_TEST(
      read("claims.email",
           "  claimValidationRules:\n  - {expression: 'claims.?email_verified.orValue(true) == true'}\n") ==
      "fine");
  BOOST_TEST(read("claims.email",
                  "  claimValidationRules:\n  - {expression: 'claims.x == \"email_verified\"'}\n") == unseen);
}

BOOST_AUTO_TEST_CASE(who_may_come_without_credentials) {
  const auto allowed = [](const std::string& body, std::string_view path) {
    return parse_authentication_config(config(body), "file")->anonymous.allow(path);
  };
  BOOST_TEST(allowed("", "/version"));
  BOOST_TEST(!allowed("anonymous: {}", "/version"));
  BOOST_TEST(!allowed("anonymous: {enabled: false}", "/livez"));
  BOOST_TEST(allowed("anonymous: {enabled: true}", "/version"));
  const std::string some = "anonymous: {enabled: true, conditions: [{path: /livez}, {path: /readyz}]}";
  BOOST_TEST(allowed(some, "/readyz"));
  BOOST_TEST(!allowed(some, "/readyz/log"));
  BOOST_TEST(!allowed(some, "/version"));
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_named) {
  BOOST_TEST(wrong("kind: AuthenticationConfiguration") ==
             "file: must be an AuthenticationConfiguration of apiserver.config.k8s.io/v1");
  BOOST_TEST(wrong("- [") != "fine");
  BOOST_TEST(wrong(config("jwts: []")) == "file: unknown field \"jwts\"");
  BOOST_TEST(wrong(config("anonymous: {enabled: 1}")) == "file: anonymous.enabled: must be true or false");
  BOOST_TEST(wrong(config("anonymous: {enabled: false, conditions: [{path: /livez}]}")) ==
             "file: anonymous.conditions: must not be given when anonymous requests are not enabled");
  BOOST_TEST(wrong(config("anonymous: {enabled: true, conditions: [{}]}")) ==
             "file: anonymous.conditions[0].path: must be given");
  BOOST_TEST(wrong(config("jwt: [1]")) == "file: jwt[0]: must be an object");
  BOOST_TEST(wrong(config("jwt: [{}]")) == "file: jwt[0].issuer: must be an object");
  const auto issuer = [](const std::string& of) {
    return wrong(
        config("jwt:\n- issuer: " + of + "\n  claimMappings: {username: {claim: sub, prefix: ''}}\n"));
  };
  BOOST_TEST(issuer("{audiences: [a]}") == "file: jwt[0].issuer.url: must be given");
  BOOST_TEST(issuer("{url: 'http://x', audiences: [a]}") ==
             "file: jwt[0].issuer.url: must be an https address: \"http://x\"");
  BOOST_TEST(issuer("{url: 'https://me:you@x', audiences: [a]}") ==
             "file: jwt[0].issuer.url: must not have a user, a query or a fragment");
  BOOST_TEST(issuer("{url: 'https://x?y', audiences: [a]}").ends_with("a query or a fragment"));
  BOOST_TEST(issuer("{url: 'https://x'}") ==
             "file: jwt[0].issuer.audiences: must name at least one audience");
  BOOST_TEST(issuer("{url: 'https://x', audiences: [a, b]}") ==
             "file: jwt[0].issuer.audienceMatchPolicy: must be MatchAny for more than one audience");
  BOOST_TEST(issuer("{url: 'https://x', discoveryURL: 'https://x', audiences: [a]}") ==
             "file: jwt[0].issuer.discoveryURL: \"https://x\" is there twice");
  BOOST_TEST(issuer("{url: 'https://x', audiences: [a], certificateAuthority: text}")
                 .ends_with("must be certificates in PEM form"));
  BOOST_TEST(issuer("{url: 'https://kubernetes.default.svc.cluster.local', audiences: [a]}")
                 .ends_with("own issuer of service-account tokens"));
  BOOST_TEST(wrong(provider({}, "    groups: {claim: roles}\n")) ==
             "file: jwt[0].claimMappings.groups.prefix: must be given with a claim; it may be empty");
  BOOST_TEST(wrong(provider({}, "  claimValidationRules:\n  - {requiredValue: x}\n")) ==
             "file: jwt[0].claimValidationRules[0].claim: must be given");
  BOOST_TEST(wrong(provider("    certificate: x\n")) == "file: jwt[0].issuer: unknown field \"certificate\"");
  BOOST_TEST(wrong(config("jwt:\n- issuer: {url: 'https://x', audiences: [a]}\n  claimMappings: {}\n")) ==
             "file: jwt[0].claimMappings.username: must have a claim or an expression");
  std::string many = "jwt:\n";
  for (int count = 0; count < 65; ++count) many += "- {}\n";
  BOOST_TEST(wrong(config(many)) == "file: jwt: must have at most 64 items");
  BOOST_TEST(wrong(std::string((1U << 20U) + 1, '#')) == "file: is too large");
}

BOOST_AUTO_TEST_SUITE_END()
