#include "actors/admission/certificate_admission.hpp"

#include "actors/admission/plugin_refusal.hpp"
#include "net/pki/signing_requests.hpp"
#include "schema/codec/base64.hpp"
#include "schema/rules/checks/field.hpp"
#include "schema/rules/kind_rules.hpp"
#include "schema/tables/resource_table.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace actord::actors {
namespace {

using schema::rules::field;

constexpr std::string_view client_signer = "kubernetes.io/kube-apiserver-client";
constexpr std::string_view kubelet_client_signer = "kubernetes.io/kube-apiserver-client-kubelet";
constexpr std::string_view kubelet_serving_signer = "kubernetes.io/kubelet-serving";

result<net::signing_request_facts> read_request(const json& request) {
  std::size_t wrong_at = 0;
  const auto pem = schema::decode_base64(field(request).at("spec").at("request").text(), wrong_at);
  return net::read_signing_request(pem.value_or(std::string()));
}

result<void> check_node_request(const net::signing_request_facts& facts, std::string_view signer,
                                const std::string& node) {
  if (signer != kubelet_client_signer && signer != kubelet_serving_signer) return {};
  const std::string wanted = "system:node:" + node;
  if (facts.subject.common_name == wanted) return {};
  return forbidden(fmt::format("can only create a node CSR with CN={}", wanted));
}

} // namespace

void sign_with_caller(json& request, const caller_identity& caller) {
  json& spec = request["spec"];
  if (!spec.is_object()) spec = json::object();
  for (const char* name : {"username", "uid", "groups", "extra"}) spec.erase(name);
  spec["username"] = caller.user;
  if (!caller.uid.empty()) spec["uid"] = caller.uid;
  if (!caller.groups.empty()) spec["groups"] = caller.groups;
  if (!caller.extra.empty()) spec["extra"] = caller.extra;
}

result<void> check_signing_request(const json& request, const std::optional<std::string>& node) {
  const field spec = field(request).at("spec");
  const auto facts = read_request(request);
  if (!facts) {
    schema::field_errors errors;
    errors.invalid_without_value(spec.at("request"), facts.error().message);
    return schema::invalid_object(schema::builtin("certificates.k8s.io", "certificatesigningrequests"),
                                  field(request).at("metadata").at("name").text(), errors);
  }
  const std::string_view signer = spec.at("signerName").text();
  if (node)
    if (auto own = check_node_request(*facts, signer, *node); !own) return own;
  if (signer == client_signer &&
      std::ranges::find(facts->subject.organizations, "system:masters") != facts->subject.organizations.end())
    return forbidden(fmt::format("use of {} signer with system:masters group is not allowed", client_signer));
  return {};
}

result<void> check_signing_verdict(const json& request, const json& old, std::string_view subresource,
                                   const signer_question& allowed) {
  const std::string_view signer = field(old).at("spec").at("signerName").text();
  if (subresource == "approval" && !allowed("approve", signer))
    return forbidden(fmt::format("user not permitted to approve requests with signerName \"{}\"", signer));
  if (subresource != "status") return {};
  const field now = field(request).at("status");
  const field before = field(old).at("status");
  const bool same = now.at("certificate").value() == before.at("certificate").value() &&
                    now.at("conditions").value() == before.at("conditions").value();
  if (!same && !allowed("sign", signer))
    return forbidden(fmt::format("user not permitted to sign requests with signerName \"{}\"", signer));
  return {};
}

bool may_for_signer(std::string_view signer, const std::function<bool(std::string_view name)>& may) {
  if (may(signer)) return true;
  const std::size_t slash = signer.find('/');
  return slash != std::string_view::npos && may(std::string(signer.substr(0, slash)) + "/*");
}

} // namespace actord::actors
