#include "actors/authentication/openid_tokens.hpp"
#include "net/pki/certificates.hpp"
#include "net/pki/signed_token.hpp"
#include "schema/base/json.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::actors;

namespace {

using outcome = identity_verdict::outcome;

const wall_time now{std::chrono::seconds(1'767'366'245)};

json claims_with(json more = json::object()) {
  json claims = {{"iss", "https://issuer"}, {"aud", "cluster"}, {"sub", "1234"}, {"exp", 1'767'366'300}};
  claims.update(more);
  return claims;
}

openid_options options_with(std::function<void(openid_options&)> change = {}) {
  openid_options options{.issuer_url = "https://issuer", .client_ids = {"cluster"}};
  if (change) change(options);
  return options;
}

identity_verdict judge(const json& claims, const openid_options& options = options_with()) {
  return openid_identity(options, claims.dump(), now);
}

/// Keys that are there or not, as the test says.
class given_keys final : public net::issuer_keys {
public:
  [[nodiscard]] key_list current() const override { return keys; }
  bool renew(std::function<void()> done) override {
    if (!willing) return false;
    waiting.push_back(std::move(done));
    return true;
  }
  void stop() override { waiting.clear(); }

  key_list keys;
  bool willing = true;
  std::vector<std::function<void()>> waiting;
};

} // namespace

BOOST_AUTO_TEST_SUITE(openid)

BOOST_AUTO_TEST_CASE(claims_become_a_user) {
  BOOST_TEST(judge(claims_with()).caller.user == "https://issuer#1234");
  const openid_options mail = options_with([](openid_options& o) {
    o.username_claim = "email";
    o.groups_claim = "groups";
    o.groups_prefix = "idp:";
  });
  const identity_verdict ann =
      judge(claims_with({{"email", "ann@example.com"}, {"groups", {"dev", "ops"}}, {"jti", "t-1"}}), mail);
  BOOST_TEST(ann.caller.user == "ann@example.com");
  BOOST_TEST(ann.caller.groups == std::vector<std::string>({"idp:dev", "idp:ops"}),
             boost::test_tools::per_element());
  BOOST_TEST(ann.caller.extra.at(credential_id).front() == "JTI=t-1");
  BOOST_TEST(
      judge(claims_with({{"email", "ann@example.com"}, {"groups", "dev"}}), mail).caller.groups.size() == 1U);
  const openid_options plain = options_with([](openid_options& o) { o.username_prefix = "-"; });
  BOOST_TEST(judge(claims_with(), plain).caller.user == "1234");
}

BOOST_AUTO_TEST_CASE(what_claims_must_say) {
  const auto refused = [](const json& claims, const openid_options& options = options_with()) {
    return judge(claims, options).what == outcome::refused;
  };
  BOOST_TEST(!refused(claims_with()));
  BOOST_TEST(refused(claims_with({{"exp", 1'767'366'245}})));
  BOOST_TEST(refused(claims_with({{"exp", "soon"}})));
  BOOST_TEST(refused(claims_with({{"exp", 1e300}})));
  BOOST_TEST(refused(claims_with({{"nbf", 1'767'367'000}})));
  BOOST_TEST(refused(claims_with({{"aud", "other"}})));
  BOOST_TEST(!refused(claims_with({{"aud", {"other", "cluster"}}})));
  BOOST_TEST(refused(claims_with({{"sub", 5}})));
  BOOST_TEST(refused(claims_with({{"sub", ""}})));
  const openid_options mail = options_with([](openid_options& o) { o.username_claim = "email"; });
  BOOST_TEST(refused(claims_with(), mail));
  BOOST_TEST(refused(claims_with({{"email", "a@b"}, {"email_verified", false}}), mail));
  BOOST_TEST(!refused(claims_with({{"email", "a@b"}, {"email_verified", true}}), mail));
  const openid_options tenant =
      options_with([](openid_options& o) { o.required_claims = {{"tenant", "x"}}; });
  BOOST_TEST(refused(claims_with(), tenant));
  BOOST_TEST(refused(claims_with({{"tenant", "y"}}), tenant));
  BOOST_TEST(!refused(claims_with({{"tenant", "x"}}), tenant));
}

BOOST_AUTO_TEST_CASE(a_provider_cannot_give_the_clusters_own_names) {
  const openid_options plain = options_with([](openid_options& o) {
    o.username_prefix = "-";
    o.groups_claim = "groups";
  });
  BOOST_TEST((judge(claims_with({{"sub", "system:admin"}}), plain).what == outcome::refused));
  const identity_verdict verdict = judge(claims_with({{"groups", {"system:masters", "dev"}}}), plain);
  BOOST_TEST(verdict.caller.groups == std::vector<std::string>({"dev"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(tokens_wait_for_keys_and_no_longer) {
  const auto pair = net::create_signing_key();
  const auto key = net::web_key::from_pem(pair->public_pem);
  auto owned = std::make_unique<given_keys>();
  given_keys& keys = *owned;
  const manual_clock_source clock{now};
  const openid_tokens tokens(options_with([](openid_options& o) { o.signing_algorithms = {"ES256"}; }),
                             std::move(owned), clock);
  const std::string token = *net::sign_token(*pair, claims_with().dump());
  const std::vector<std::string> here{std::string(token_issuer)};
  const auto check = [&](const std::string& text) { return tokens.check(text, here).what; };

  BOOST_TEST((check(token) == outcome::waiting));
  BOOST_TEST((check(*net::sign_token(*pair, R"({"iss":"https://other"})")) == outcome::nobody));
  BOOST_TEST((check("nonsense") == outcome::nobody));
  int called = 0;
  BOOST_TEST(tokens.when_decidable([&] { ++called; }));
  keys.keys = std::make_shared<const std::vector<net::web_key>>(std::vector{*key});
  for (const auto& each : keys.waiting) each();
  BOOST_TEST(called == 1);
  BOOST_TEST((check(token) == outcome::known));
  BOOST_TEST((check(token) == outcome::known)); // remembered
  BOOST_TEST((tokens.check(token, std::vector<std::string>{"elsewhere"}).what == outcome::refused));

  // Another key took its place: the token names one that is not there, and newer keys may be.
  const auto next = net::create_signing_key();
  keys.keys = std::make_shared<const std::vector<net::web_key>>(
      std::vector{*net::web_key::from_pem(next->public_pem)});
  BOOST_TEST((check(token) == outcome::waiting));
  keys.willing = false;
  BOOST_TEST(!tokens.when_decidable([&] { ++called; }));
}

BOOST_AUTO_TEST_CASE(several_providers_are_told_apart_and_waited_for_one_by_one) {
  const auto pair = net::create_signing_key();
  const manual_clock_source clock{now};
  std::vector<given_keys*> keys;
  std::vector<std::shared_ptr<const token_checker>> checkers;
  for (const char* issuer : {"https://one", "https://issuer"}) {
    auto owned = std::make_unique<given_keys>();
    keys.push_back(owned.get());
    checkers.push_back(std::make_shared<const openid_tokens>(options_with([&](openid_options& o) {
                                                               o.issuer_url = issuer;
                                                               o.uid_claim = "oid";
                                                               o.literal_prefix = true;
                                                               o.signing_algorithms = openid_algorithms();
                                                             }),
                                                             std::move(owned), clock));
  }
  const authenticator both({}, checkers, clock);
  const std::string token = *net::sign_token(*pair, claims_with({{"oid", "7"}}).dump());
  BOOST_TEST((both.identify_token(token).what == outcome::waiting));
  int called = 0;
  BOOST_TEST(both.when_token_decidable(token, [&] { ++called; }));
  BOOST_TEST(keys[0]->waiting.empty());
  BOOST_TEST(keys[1]->waiting.size() == 1U);
  BOOST_TEST(!both.when_token_decidable("nonsense", [&] { ++called; }));
  keys[1]->keys = std::make_shared<const std::vector<net::web_key>>(
      std::vector{*net::web_key::from_pem(pair->public_pem)});
  const identity_verdict verdict = both.identify_token(token);
  BOOST_TEST((verdict.what == outcome::known));
  BOOST_TEST(verdict.caller.uid == "7");
  BOOST_TEST(verdict.caller.user == claims_with()["sub"].get<std::string>()); // no prefix but the one given
}

BOOST_AUTO_TEST_CASE(what_the_operator_said_must_make_sense) {
  const auto fine = [](std::function<void(openid_options&)> change) {
    return check_openid_options(options_with(std::move(change))).has_value();
  };
  BOOST_TEST(fine([](openid_options&) {}));
  BOOST_TEST(!fine([](openid_options& o) { o.issuer_url = "http://issuer"; }));
  BOOST_TEST(!fine([](openid_options& o) { o.issuer_url = token_issuer; }));
  BOOST_TEST(!fine([](openid_options& o) { o.client_ids.clear(); }));
  BOOST_TEST(!fine([](openid_options& o) { o.signing_algorithms = {"HS256"}; }));
  BOOST_TEST(!fine([](openid_options& o) { o.signing_algorithms = {"none"}; }));
}

BOOST_AUTO_TEST_SUITE_END()
