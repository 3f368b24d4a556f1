#include "actors/controllers/certificates/signing_reconciler.hpp"

#include "actors/controllers/certificates/signing_policy.hpp"
#include "actors/controllers/conditions.hpp"
#include "schema/base/timestamp.hpp"
#include "schema/codec/base64.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace actord::actors {
namespace {

constexpr std::chrono::seconds shortest_life = std::chrono::minutes(10);
constexpr std::chrono::seconds longest_life = std::chrono::hours(365 * 24);

json with_condition(const schema::signing_request_view& request, json added) {
  json conditions = to_json(request.conditions);
  if (!conditions.is_array()) conditions = json::array();
  conditions.push_back(std::move(added));
  return {{"status", {{"conditions", std::move(conditions)}}}};
}

bool is_settled(const schema::signing_request_view& request) {
  return request.has("Approved") || request.has("Denied") || !request.certificate_pem.empty();
}

std::chrono::seconds life_of(const schema::signing_request_view& request) {
  if (!request.expiration_s) return longest_life;
  return std::clamp(std::chrono::seconds(*request.expiration_s), shortest_life, longest_life);
}

} // namespace

plan approve_for_nodes(const signing_state& state, const access_check& may) {
  plan out;
  const schema::signing_request_view& request = state.request.view;
  if (is_settled(request) || request.signer != kubelet_client_signer) return out;
  const auto facts = net::read_signing_request(request.request_pem);
  if (!facts || !signing_objection(request.signer, *facts, request.usages).empty()) return out;
  const caller_identity asking{request.user, request.user_uid, request.groups, request.extra};
  const auto allowed = [&](const char* kind) {
    return may(asking, {.verb = "create",
                        .group = "certificates.k8s.io",
                        .resource = "certificatesigningrequests",
                        .subresource = kind});
  };
  std::string message;
  if (request.user == facts->subject.common_name && allowed("selfnodeclient"))
    message = "Auto approving self kubelet client certificate after SubjectAccessReview.";
  else if (allowed("nodeclient"))
    message = "Auto approving kubelet client certificate after SubjectAccessReview.";
  out.verdict = message.empty() ? "the client may not ask for this node's certificate" : "approved";
  if (message.empty()) return out;
  out.patch.push_back(
      {state.key, "approval", request.meta.uid, state.request.at,
       with_condition(
           request,
           {{"type", "Approved"}, {"status", "True"}, {"reason", "AutoApproved"}, {"message", message}}),
       out.verdict});
  return out;
}

plan sign_approved(const signing_state& state, wall_time now, const certificate_maker& make) {
  plan out;
  const schema::signing_request_view& request = state.request.view;
  if (!request.has("Approved") || request.has("Denied") || request.has("Failed")) return out;
  if (!request.certificate_pem.empty() || !signs_here(request.signer)) return out;
  const auto facts = net::read_signing_request(request.request_pem);
  std::string objection =
      facts ? signing_objection(request.signer, *facts, request.usages) : facts.error().message;
  json patch;
  if (objection.empty()) {
    auto certificate = make(request, life_of(request));
    if (certificate)
      patch = {{"status", {{"certificate", schema::encode_base64(*certificate)}}}};
    else
      objection = certificate.error().message;
  }
  out.verdict = objection.empty() ? "signed" : objection;
  if (!objection.empty())
    patch = with_condition(request, {{"type", "Failed"},
                                     {"status", "True"},
                                     {"reason", "SignerValidationFailure"},
                                     {"message", objection},
                                     {"lastUpdateTime", schema::format_time(now)}});
  out.patch.push_back(
      {state.key, "status", request.meta.uid, state.request.at, std::move(patch), out.verdict});
  return out;
}

plan clean_up(const signing_state& state, wall_time now, std::optional<wall_time> ends) {
  const schema::signing_request_view& request = state.request.view;
  const auto hour = std::chrono::hours(1);
  const auto day = std::chrono::hours(24);
  std::optional<wall_time> goes;
  const auto at_latest = [&](std::optional<wall_time> when) {
    if (when && (!goes || *when < *goes)) goes = when;
  };
  const auto after = [](std::optional<wall_time> from, std::chrono::hours wait) -> std::optional<wall_time> {
    return from ? std::optional<wall_time>(*from + wait) : std::nullopt;
  };
  if (request.conditions.empty()) at_latest(after(request.meta.created, day));
  for (const schema::condition_view& condition : request.conditions) {
    const auto since = condition.updated ? condition.updated : condition.transitioned;
    if (condition.type == "Denied" || condition.type == "Failed") at_latest(after(since, hour));
    if (condition.type == "Approved") at_latest(after(since, request.certificate_pem.empty() ? day : hour));
  }
  at_latest(ends);
  plan out;
  out.verdict = "kept";
  if (!goes) return out;
  if (*goes > now) {
    out.requeue_at = *goes;
    return out;
  }
  out.verdict = "no longer of interest";
  out.remove.push_back({state.key, request.meta.uid, {}, propagation::background, out.verdict});
  return out;
}

} // namespace actord::actors
