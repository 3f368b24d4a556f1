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
  BOOST_REQUIRE(read->size() == 2U);
  const openid_options& one = (*read)[0];
  BOOST_TEST(one.issuer_url == "https://one.example");
  BOOST_TEST(one.client_ids == std::vector<std::string>({"a", "b"}), boost::test_tools::per_element());
  BOOST_TEST(one.authority_pem.starts_with("-----BEGIN CERTIFICATE-----\n"));
  BOOST_TEST((one.required_claims == std::map<std::string, std::string>{{"hd", "example.com"}}));
  BOOST_TEST(one.username_claim == "email");
  BOOST_TEST(one.username_prefix == "one:");
  BOOST_TEST(one.groups_claim == "roles");
  BOOST_TEST(one.uid_claim == "oid");
  BOOST_TEST(one.signing_algorithms.size() == 9U);
  const openid_options& two = (*read)[1];
  BOOST_TEST(two.discovery_url == "https://inside.example/.well-known/openid-configuration");
  BOOST_TEST(two.username_prefix == "-");
  BOOST_TEST(two.literal_prefix);
  BOOST_TEST(two.groups_claim.empty());
  BOOST_TEST(parse_authentication_config(config(""), "file")->empty());
  BOOST_TEST(wrong(provider()) == "fine");
}

BOOST_AUTO_TEST_CASE(expressions_are_refused_by_name) {
  const std::string tail = ": expressions (CEL) are not supported; map a claim, with a prefix";
  BOOST_TEST(wrong(provider({}, "    groups: {expression: claims.roles}\n")) ==
             "file: jwt[0].claimMappings.groups.expression" + tail);
  BOOST_TEST(wrong(provider({}, "    uid: {expression: claims.oid}\n")) ==
             "file: jwt[0].claimMappings.uid.expression" + tail);
  BOOST_TEST(wrong(provider({}, "  claimValidationRules:\n  - {expression: 'true', message: m}\n")) ==
             "file: jwt[0].claimValidationRules[0].expression" + tail);
  BOOST_TEST(wrong(provider({}, "  userValidationRules:\n  - {expression: 'true'}\n")) ==
             "file: jwt[0].userValidationRules" + tail);
  BOOST_TEST(wrong(provider({}, "    extra:\n    - {key: a.b/c, valueExpression: claims.x}\n")) ==
             "file: jwt[0].claimMappings.extra: its values are expressions (CEL), which are not supported");
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_named) {
  BOOST_TEST(wrong("kind: AuthenticationConfiguration") ==
             "file: must be an AuthenticationConfiguration of apiserver.config.k8s.io/v1");
  BOOST_TEST(wrong("- [") != "fine");
  BOOST_TEST(wrong(config("jwts: []")) == "file: unknown field \"jwts\"");
  BOOST_TEST(wrong(config("anonymous: {enabled: true}")).starts_with("file: anonymous: is not served here"));
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
             "file: jwt[0].claimMappings.username.claim: must be given");
  std::string many = "jwt:\n";
  for (int count = 0; count < 65; ++count) many += "- {}\n";
  BOOST_TEST(wrong(config(many)) == "file: jwt: must have at most 64 items");
  BOOST_TEST(wrong(std::string((1U << 20U) + 1, '#')) == "file: is too large");
}

BOOST_AUTO_TEST_SUITE_END()
