#include "actors/controllers/access/role_aggregation.hpp"
#include "actors/controllers/access/secret_tokens.hpp"
#include "schema/codec/base64.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::actors;

namespace {

const wall_time now{std::chrono::seconds(1'767'366'245)};
const object_key role_key{resource_id{1}, "", "all"};
const object_key secret_key{resource_id{2}, "lab", "robot-token"};

schema::role_view role(std::vector<schema::policy_rule> rules) {
  schema::role_view out;
  out.meta.uid = "u";
  out.rules = std::move(rules);
  return out;
}

const schema::policy_rule pods{{"get"}, {""}, {"pods"}, {}, {}};
const schema::policy_rule health{{"get"}, {}, {}, {}, {"/healthz"}};

seen<schema::secret_view> secret(std::map<std::string, std::string> annotations, schema::text_map data = {}) {
  seen<schema::secret_view> out;
  out.at = revision{5};
  out.view.meta.uid = "secret-uid";
  out.view.meta.annotations.insert(annotations.begin(), annotations.end());
  out.view.type = account_token_type;
  out.view.data = std::move(data);
  return out;
}

const token_minter mint = [](const std::string& space, const std::string& account, const std::string& uid,
                             const std::string& name) -> result<std::string> {
  return space + "/" + account + "/" + uid + "/" + name;
};

} // namespace

BOOST_AUTO_TEST_SUITE(access_controllers)

BOOST_AUTO_TEST_CASE(a_role_gathers_the_rules_of_those_it_selects_each_once) {
  const plan made =
      reconcile_aggregation({role_key, {role({}), revision{3}}, {role({pods, health}), role({pods})}});
  BOOST_REQUIRE_EQUAL(made.patch.size(), 1U);
  BOOST_TEST(made.patch[0].patch ==
             json({{"rules",
                    {{{"verbs", {"get"}}, {"apiGroups", {""}}, {"resources", {"pods"}}},
                     {{"verbs", {"get"}}, {"nonResourceURLs", {"/healthz"}}}}}}));
  BOOST_TEST(
      !reconcile_aggregation({role_key, {role({pods, health}), revision{3}}, {role({pods}), role({health})}})
           .acts());
  const plan emptied = reconcile_aggregation({role_key, {role({pods}), revision{3}}, {}});
  BOOST_REQUIRE_EQUAL(emptied.patch.size(), 1U);
  BOOST_TEST(emptied.patch[0].patch == json({{"rules", json::array()}}));
}

BOOST_AUTO_TEST_CASE(the_secret_of_an_account_is_filled_in_once) {
  const plan made = reconcile_account_token(
      {secret_key, secret({{account_name_annotation, "robot"}}), "account-uid", "CA"}, mint);
  BOOST_REQUIRE_EQUAL(made.patch.size(), 1U);
  BOOST_TEST(made.patch[0].patch["data"] ==
             json({{"ca.crt", schema::encode_base64("CA")},
                   {"namespace", schema::encode_base64("lab")},
                   {"token", schema::encode_base64("lab/robot/account-uid/robot-token")}}));
  BOOST_TEST(made.patch[0].patch["metadata"]["annotations"][account_uid_annotation] == "account-uid");
  const schema::text_map whole{{"ca.crt", "CA"}, {"namespace", "lab"}, {"token", "t"}};
  BOOST_TEST(
      !reconcile_account_token(
           {secret_key,
            secret({{account_name_annotation, "robot"}, {account_uid_annotation, "account-uid"}}, whole),
            "account-uid", "CA"},
           mint)
           .acts());
}

BOOST_AUTO_TEST_CASE(the_secret_of_an_account_goes_with_it) {
  for (const char* account_uid : {"", "another"}) {
    const plan made = reconcile_account_token(
        {secret_key, secret({{account_name_annotation, "robot"}, {account_uid_annotation, "account-uid"}}),
         account_uid, "CA"},
        mint);
    BOOST_REQUIRE_EQUAL(made.remove.size(), 1U);
    BOOST_TEST(made.remove[0].uid == "secret-uid");
    BOOST_TEST(made.patch.empty());
  }
}

BOOST_AUTO_TEST_CASE(a_bootstrap_token_is_removed_at_its_time) {
  const auto token = [](const char* expiration) {
    return secret({},
                  expiration == nullptr ? schema::text_map{} : schema::text_map{{"expiration", expiration}});
  };
  BOOST_TEST(reconcile_bootstrap_token(secret_key, token("2026-01-02T15:04:05Z"), now).remove.size() == 1U);
  const plan later = reconcile_bootstrap_token(secret_key, token("2026-01-02T15:04:06Z"), now);
  BOOST_TEST(!later.acts());
  BOOST_TEST((later.requeue_at == now + std::chrono::seconds(1)));
  BOOST_TEST(!reconcile_bootstrap_token(secret_key, token(nullptr), now).requeue_at.has_value());
}

BOOST_AUTO_TEST_SUITE_END()
