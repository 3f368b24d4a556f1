#include "net/pki/node_certificate.hpp"
#include "net/pki/server_chain.hpp"
#include "net/pki/signing_requests.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::net;

namespace {

const wall_time start{std::chrono::seconds(1'790'000'000)};
using std::chrono::hours;

const certified_key& authority() {
  static const certified_key made = *create_authority("actord-ca", start);
  return made;
}

certificate_facts facts_of(const std::string& certificate_pem) {
  auto facts = read_certificate(certificate_pem);
  BOOST_REQUIRE(facts);
  return *std::move(facts);
}

std::string server_certificate(std::vector<std::string> names, std::vector<std::string> addresses) {
  return issue_certificate(authority(),
                           {.subject = {"kube-apiserver", {}},
                            .purpose = certificate_purpose::server,
                            .dns_names = std::move(names),
                            .addresses = std::move(addresses)},
                           start)
      ->certificate_pem;
}

std::string verdict(const std::vector<std::string>& chain, const std::string& host, const std::string& hash,
                    wall_time now = start) {
  const auto found = trusted_authority(chain, host, hash, now);
  return found ? (*found == authority().certificate_pem ? "trusted" : "another") : found.error().message;
}

bool says(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

} // namespace

BOOST_AUTO_TEST_SUITE(node_certificates)

BOOST_AUTO_TEST_CASE(a_certificate_says_which_node_and_member_it_is) {
  const node_identity server{.cluster = "c-1", .node = "node-1.example", .member = 7};
  const auto issued = issue_certificate(authority(), node_certificate_order(server, hours(24)), start);
  BOOST_REQUIRE(issued);
  const certificate_facts facts = facts_of(issued->certificate_pem);
  BOOST_TEST((facts.subject == certificate_subject{"system:node:node-1.example", {"system:nodes"}}));
  BOOST_TEST(
      (facts.uris == std::vector<std::string>{"actord://c-1/node/node-1.example", "actord://c-1/member/7"}));
  BOOST_TEST(facts.dns_names.empty());
  BOOST_TEST((node_identity_of(facts) == server));
  const node_identity worker{.cluster = "c-1", .node = "w"};
  const auto other = issue_certificate(authority(), node_certificate_order(worker, hours(24)), start);
  BOOST_TEST((node_identity_of(facts_of(other->certificate_pem)) == worker));
}

BOOST_AUTO_TEST_CASE(certificates_that_are_no_nodes_or_contradict_themselves_are_none) {
  certificate_facts facts;
  facts.subject = {"system:node:a", {"system:nodes"}};
  facts.uris = {"actord://c/node/a", "actord://c/member/2"};
  BOOST_TEST(node_identity_of(facts).has_value());
  const auto with = [&](std::vector<std::string> uris) {
    certificate_facts changed = facts;
    changed.uris = std::move(uris);
    return node_identity_of(changed).has_value();
  };
  BOOST_TEST(!with({}));
  BOOST_TEST(!with({"actord://c/node/b"}));
  BOOST_TEST(!with({"actord://c/node/a", "actord://d/member/2"}));
  BOOST_TEST(!with({"actord://c/node/a", "actord://c/member/0"}));
  BOOST_TEST(!with({"actord://c/node/a", "actord://c/member/2x"}));
  BOOST_TEST(!with({"actord://c/node/a", "actord://c/member/99999999999999999999999"}));
  BOOST_TEST(!with({"actord://c/node/a", "actord://c/member/2", "actord://c/member/3"}));
  BOOST_TEST(!with({"actord://c/node/a", "actord://c/node/a"}));
  BOOST_TEST(!with({"actord://c/node/a/b"}));
  BOOST_TEST(!with({"actord:///node/a"}));
  BOOST_TEST(with({"https://elsewhere/x", "actord://c/node/a"}));
  facts.subject.organizations = {"system:nodes", "system:masters"};
  BOOST_TEST(!node_identity_of(facts).has_value());
  facts.subject = {"kubernetes-admin", {"system:masters"}};
  BOOST_TEST(!node_identity_of(facts).has_value());
}

BOOST_AUTO_TEST_CASE(a_key_that_stayed_elsewhere_gets_the_certificate_that_was_decided) {
  const auto key = create_signing_key();
  const auto request = create_signing_request(*key, {"system:masters-please", {"system:masters"}});
  BOOST_REQUIRE(request);
  const auto asked = read_signing_request(*request);
  BOOST_REQUIRE(asked);
  BOOST_TEST(asked->public_pem == key->public_pem);
  BOOST_TEST((asked->subject == certificate_subject{"system:masters-please", {"system:masters"}}));
  const node_identity worker{.cluster = "c", .node = "w"};
  const auto certificate =
      certify_key(authority(), asked->public_pem, node_certificate_order(worker, hours(48)), start);
  BOOST_REQUIRE(certificate);
  const certificate_facts facts = facts_of(*certificate);
  BOOST_TEST((node_identity_of(facts) == worker));
  BOOST_TEST(key_matches(certified_key{*certificate, key->private_pem}));
  BOOST_TEST(is_signed_by(*certificate, authority().certificate_pem));
  BOOST_TEST((facts.not_after == start + hours(48)));
  BOOST_TEST((half_life(facts) == start + hours(24)));
  BOOST_TEST(key_hash(key->public_pem) == key_hash_of_certificate(*certificate));
  BOOST_TEST(key_hash(key->public_pem).size() == 64U);
  BOOST_TEST(key_hash("rubbish").empty());
  BOOST_TEST(!certify_key(authority(), "rubbish", node_certificate_order(worker, hours(1)), start));
}

BOOST_AUTO_TEST_CASE(names_of_nodes) {
  BOOST_TEST(is_node_name("node-1"));
  BOOST_TEST(is_node_name("a.b-c.example"));
  for (const std::string& wrong : {std::string(), std::string("-a"), std::string("a-"), std::string("A"),
                                   std::string("a/b"), std::string("a b"), std::string(201, 'a')})
    BOOST_TEST(!is_node_name(wrong), wrong);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(server_chains)

BOOST_AUTO_TEST_CASE(the_authority_with_the_tokens_hash_is_believed) {
  const std::string hash = key_hash_of_certificate(authority().certificate_pem);
  const std::string server = server_certificate({"node-1"}, {"192.0.2.7", "2001:db8::1"});
  const std::vector<std::string> chain{server, authority().certificate_pem};
  for (const std::string host : {"node-1", "NODE-1", "192.0.2.7", "2001:db8:0::1"})
    BOOST_TEST(verdict(chain, host, hash) == "trusted", host);
  BOOST_TEST((split_certificates(chain[0] + "some words\n" + chain[1]) == chain));
}

BOOST_AUTO_TEST_CASE(everything_else_is_refused_and_says_why) {
  const std::string hash = key_hash_of_certificate(authority().certificate_pem);
  const std::string server = server_certificate({"node-1"}, {"192.0.2.7"});
  const std::vector<std::string> chain{server, authority().certificate_pem};
  BOOST_TEST(says(verdict(chain, "node-1", std::string(64, '0')), "belongs to another cluster"));
  BOOST_TEST(says(verdict(chain, "node-1", std::string(64, '0')), hash));
  BOOST_TEST(says(verdict({}, "node-1", hash), "presents no certificate"));
  BOOST_TEST(says(verdict({server}, "node-1", hash), "it is no actord server"));
  BOOST_TEST(says(verdict({"rubbish", authority().certificate_pem}, "node-1", hash), "cannot be read"));
  BOOST_TEST(says(verdict(chain, "192.0.2.8", hash), "join one of 192.0.2.7, node-1"));
  BOOST_TEST(says(verdict(chain, "node-1", hash, start - hours(1)), "clock"));
  BOOST_TEST(says(verdict(chain, "node-1", hash, start + hours(24 * 366)), "clock"));
  // Somebody who shows our authority, but has no certificate of it.
  const auto stranger = create_authority("actord-ca", start);
  const auto faked = issue_certificate(
      *stranger,
      {.subject = {"kube-apiserver", {}}, .purpose = certificate_purpose::server, .dns_names = {"node-1"}},
      start);
  BOOST_TEST(
      says(verdict({faked->certificate_pem, authority().certificate_pem}, "node-1", hash), "did not sign"));
  // A certificate of a node, which is no authority, even if the token named its hash.
  BOOST_TEST(
      says(verdict({server, server}, "node-1", key_hash_of_certificate(server)), "no certificate authority"));
}

BOOST_AUTO_TEST_SUITE_END()
