#pragma once

#include "net/pki/signing_requests.hpp"

#include <string>
#include <string_view>
#include <vector>

/// What the signers of this cluster sign.

namespace actord::actors {

inline constexpr std::string_view client_signer = "kubernetes.io/kube-apiserver-client";
inline constexpr std::string_view kubelet_client_signer = "kubernetes.io/kube-apiserver-client-kubelet";
inline constexpr std::string_view kubelet_serving_signer = "kubernetes.io/kubelet-serving";

/// Whether one of this cluster's signers is asked for.
bool signs_here(std::string_view signer);

/// Why the signer does not sign that; empty when it does.
std::string signing_objection(std::string_view signer, const net::signing_request_facts& request,
                              const std::vector<std::string>& usages);

} // namespace actord::actors
