#pragma once

#include "actors/objects/write_command.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

/// Who may ask for certificates, approve and sign them.

namespace actord::actors {

/// Writes into the request who made it; whatever the client said about that is overwritten.
void sign_with_caller(json& request, const caller_identity& caller);

/// A new request must be a signed PKCS#10 request. `node`: the caller is a node, which may ask for its own
/// certificates only. Nobody becomes an administrator by way of kube-apiserver-client.
result<void> check_signing_request(const json& request, const std::optional<std::string>& node);

using signer_question = std::function<bool(std::string_view verb, std::string_view signer)>;

/// Approving and signing are rights of their own, for each signer.
result<void> check_signing_verdict(const json& request, const json& old, std::string_view subresource,
                                   const signer_question& allowed);

/// Rights are given for a signer ("example.com/one") or all of a domain ("example.com/*").
bool may_for_signer(std::string_view signer, const std::function<bool(std::string_view name)>& may);

} // namespace actord::actors
