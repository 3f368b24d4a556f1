#include "actors/controllers/certificates/signing_policy.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <set>

namespace actord::actors {
namespace {

using usage_set = std::set<std::string, std::less<>>;

/// Key encipherment is of use with RSA keys only, so it may be left out.
bool usages_are(const std::vector<std::string>& usages, std::string_view purpose) {
  usage_set asked(usages.begin(), usages.end());
  asked.erase("key encipherment");
  return asked == usage_set{"digital signature", std::string(purpose)};
}

std::string node_objection(const net::signing_request_facts& request) {
  if (request.subject.organizations != std::vector<std::string>{"system:nodes"})
    return "subject organization is not system:nodes";
  if (!request.subject.common_name.starts_with("system:node:"))
    return "subject common name does not begin with system:node:";
  if (!request.emails.empty()) return "Email subjectAltNames are not allowed";
  if (!request.uris.empty()) return "URI subjectAltNames are not allowed";
  return {};
}

std::string kubelet_client_objection(const net::signing_request_facts& request,
                                     const std::vector<std::string>& usages) {
  if (std::string why = node_objection(request); !why.empty()) return why;
  if (!request.dns_names.empty()) return "DNS subjectAltNames are not allowed";
  if (!request.addresses.empty()) return "IP subjectAltNames are not allowed";
  if (!usages_are(usages, "client auth"))
    return "usages did not match [client auth digital signature key encipherment]";
  return {};
}

std::string kubelet_serving_objection(const net::signing_request_facts& request,
                                      const std::vector<std::string>& usages) {
  if (std::string why = node_objection(request); !why.empty()) return why;
  if (request.dns_names.empty() && request.addresses.empty()) return "DNS or IP subjectAltName is required";
  if (!usages_are(usages, "server auth"))
    return "usages did not match [digital signature key encipherment server auth]";
  return {};
}

std::string client_objection(const std::vector<std::string>& usages) {
  for (const std::string& usage : usages)
    if (usage != "digital signature" && usage != "key encipherment" && usage != "client auth")
      return fmt::format("invalid usage for client certificate: {}", usage);
  if (std::ranges::find(usages, "client auth") == usages.end())
    return "missing required usage for client certificate: client auth";
  return {};
}

} // namespace

bool signs_here(std::string_view signer) {
  return signer == client_signer || signer == kubelet_client_signer || signer == kubelet_serving_signer;
}

std::string signing_objection(std::string_view signer, const net::signing_request_facts& request,
                              const std::vector<std::string>& usages) {
  if (signer == kubelet_client_signer) return kubelet_client_objection(request, usages);
  if (signer == kubelet_serving_signer) return kubelet_serving_objection(request, usages);
  if (signer == client_signer) return client_objection(usages);
  return "there is no such signer here";
}

} // namespace actord::actors
