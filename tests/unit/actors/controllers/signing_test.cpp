#include "actors/controllers/certificates/signing_policy.hpp"
#include "actors/controllers/certificates/signing_reconciler.hpp"
#include "schema/base/json.hpp"
#include "schema/codec/base64.hpp"
#include "schema/tables/resource_table.hpp"
#include "tests/support/signing_requests.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::actors;

namespace {

const wall_time now{std::chrono::seconds(1'800'000'000)};

struct fixture {
  signing_state state;

  fixture() {
    state.key = {schema::builtin("certificates.k8s.io", "certificatesigningrequests").id, "", "r"};
    state.request.at = revision(7);
    schema::signing_request_view& request = state.request.view;
    request.meta.name = "r";
    request.meta.uid = "u-1";
    request.meta.created = now;
    request.request_pem = actord::testing::node_request;
    request.signer = kubelet_client_signer;
    request.usages = {"digital signature", "client auth"};
    request.user = "system:node:n1";
    request.groups = {"system:nodes"};
  }

  void add(const char* type, std::chrono::seconds ago = std::chrono::seconds(0)) {
    schema::condition_view made;
    made.type = type;
    made.status = "True";
    made.updated = now - ago;
    state.request.view.conditions.push_back(made);
  }

  [[nodiscard]] std::string approval(const std::string& right) const {
    const plan decided =
        approve_for_nodes(state, [&](const caller_identity& caller, const access_question& about) {
          BOOST_TEST(caller.user == state.request.view.user);
          BOOST_TEST(about.verb == "create");
          BOOST_TEST(about.group == "certificates.k8s.io");
          BOOST_TEST(about.resource == "certificatesigningrequests");
          return about.subresource == right;
        });
    if (decided.patch.empty()) return "none";
    BOOST_TEST(decided.patch[0].subresource == "approval");
    const json& condition = decided.patch[0].patch["status"]["conditions"].back();
    return condition["type"].get<std::string>() + ": " + condition["message"].get<std::string>();
  }

  [[nodiscard]] plan signing() const {
    return sign_approved(state, now, [](const schema::signing_request_view&, std::chrono::seconds life) {
      return result<std::string>("for " + std::to_string(life.count()));
    });
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(signing, fixture)

BOOST_AUTO_TEST_CASE(nodes_are_approved_when_they_have_the_right) {
  BOOST_TEST(approval("selfnodeclient") ==
             "Approved: Auto approving self kubelet client certificate after SubjectAccessReview.");
  BOOST_TEST(approval("nodeclient") ==
             "Approved: Auto approving kubelet client certificate after SubjectAccessReview.");
  BOOST_TEST(approval("nothing") == "none");
  state.request.view.user = "system:bootstrap:abcdef";
  BOOST_TEST(approval("selfnodeclient") == "none");
  BOOST_TEST(approval("nodeclient").starts_with("Approved"));
  state.request.view.usages = {"digital signature", "server auth"};
  BOOST_TEST(approval("nodeclient") == "none");
}

BOOST_AUTO_TEST_CASE(people_are_never_approved_by_themselves) {
  state.request.view.signer = client_signer;
  state.request.view.request_pem = actord::testing::client_request;
  BOOST_TEST(approval("nodeclient") == "none");
  state.request.view.signer = kubelet_serving_signer;
  state.request.view.request_pem = actord::testing::serving_request;
  BOOST_TEST(approval("nodeclient") == "none");
}

BOOST_AUTO_TEST_CASE(what_is_approved_is_signed_for_as_long_as_asked) {
  BOOST_TEST(signing().patch.empty());
  add("Approved");
  const auto life = [&] {
    std::size_t wrong_at = 0;
    return *schema::decode_base64(signing().patch.at(0).patch["status"]["certificate"].get<std::string>(),
                                  wrong_at);
  };
  BOOST_TEST(life() == "for 31536000");
  state.request.view.expiration_s = 3600;
  BOOST_TEST(life() == "for 3600");
  state.request.view.expiration_s = 5;
  BOOST_TEST(life() == "for 600");
  state.request.view.certificate_pem = "x";
  BOOST_TEST(signing().patch.empty());
}

BOOST_AUTO_TEST_CASE(others_sign_for_other_signers_and_nobody_what_was_denied) {
  add("Approved");
  state.request.view.signer = "example.com/mine";
  BOOST_TEST(signing().patch.empty());
  state.request.view.signer = kubelet_client_signer;
  add("Denied");
  BOOST_TEST(signing().patch.empty());
}

BOOST_AUTO_TEST_CASE(what_a_signer_does_not_sign_fails_with_the_reason) {
  add("Approved");
  const auto failure = [&] {
    const json condition = signing().patch.at(0).patch["status"]["conditions"].back();
    BOOST_TEST(condition["type"] == "Failed");
    BOOST_TEST(condition["reason"] == "SignerValidationFailure");
    return condition["message"].get<std::string>();
  };
  state.request.view.request_pem = actord::testing::client_request;
  BOOST_TEST(failure() == "subject organization is not system:nodes");
  state.request.view.request_pem = actord::testing::serving_request;
  BOOST_TEST(failure() == "DNS subjectAltNames are not allowed");
  state.request.view.signer = kubelet_serving_signer;
  BOOST_TEST(failure() == "usages did not match [digital signature key encipherment server auth]");
  state.request.view.request_pem = actord::testing::node_request;
  BOOST_TEST(failure() == "DNS or IP subjectAltName is required");
  state.request.view.signer = client_signer;
  state.request.view.usages = {"server auth"};
  BOOST_TEST(failure() == "invalid usage for client certificate: server auth");
}

BOOST_AUTO_TEST_CASE(old_requests_are_cleaned_up) {
  using std::chrono::hours;
  BOOST_TEST((clean_up(state, now, {}).requeue_at == now + hours(24)));
  BOOST_TEST(clean_up(state, now + hours(24), {}).remove.size() == 1U);
  add("Approved");
  BOOST_TEST((clean_up(state, now, {}).requeue_at == now + hours(24)));
  state.request.view.certificate_pem = "x";
  BOOST_TEST((clean_up(state, now, {}).requeue_at == now + hours(1)));
  BOOST_TEST(clean_up(state, now, now).remove.size() == 1U);
  state.request.view.certificate_pem.clear();
  add("Failed");
  BOOST_TEST((clean_up(state, now, {}).requeue_at == now + hours(1)));
}

BOOST_AUTO_TEST_SUITE_END()
