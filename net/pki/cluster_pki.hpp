#pragma once

#include "net/pki/certificates.hpp"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

/// The keys and certificates a server needs before its API can answer, kept in files that survive restarts.

namespace actord::net {

struct cluster_pki_options {
  std::filesystem::path directory; ///< created with mode 0700; all files in it have mode 0600
  std::string node_name;
  /// Names and addresses under which clients reach this server besides the ones every server has (localhost,
  /// 127.0.0.1,
  /// ::1, the node name, kubernetes, kubernetes.default, kubernetes.default.svc,
  /// kubernetes.default.svc.<domain>).
  std::vector<std::string> server_names;
  std::vector<std::string> server_addresses; ///< node addresses, the first address of the service range
  std::string cluster_domain = "cluster.local";
  /// How long certificates are good; they are made anew when half of it is over.
  std::chrono::seconds server_life = std::chrono::hours(90 * 24);
  std::chrono::seconds admin_life = std::chrono::hours(365 * 24);
};

struct cluster_pki {
  certified_key authority; ///< signs servers, clients and nodes of this cluster
  /// All authorities that are believed, the signing one first: while it changes, also the next one
  /// (ca-next.crt) and the one before (ca-previous.crt).
  std::string trusted_pem;
  certified_key server;
  certified_key admin;         ///< kubernetes-admin of system:masters
  signing_key service_account; ///< signs service-account tokens
  std::string admin_token;     ///< bearer token with the rights of `admin`
  /// Who signs for API servers that pass requests on to extension servers. Whoever has such a certificate is
  /// believed there whom it speaks for: so it signs nothing else, and nobody else signs this.
  std::string front_proxy_authority_pem;
  certified_key front_proxy; ///< this server's own, signed by it
};

/// Reads what the directory holds, creates what is missing, and issues anew what no longer fits: a
/// certificate of another authority, for other names, or past the half of its life. The
/// authority is never replaced: when its files are there but broken this fails.
result<cluster_pki> open_cluster_pki(const cluster_pki_options& options, const clock_source& clock);
/// When the first of the certificates is past the half of its life.
wall_time next_renewal(const cluster_pki& pki);

inline constexpr std::string_view admin_user = "kubernetes-admin";
inline constexpr std::string_view admin_group = "system:masters";
inline constexpr std::string_view front_proxy_user = "front-proxy-client";

struct kubeconfig_contents {
  std::string server_url; ///< "https://127.0.0.1:6443"
  std::string authority_pem;
  certified_key client;
  std::string token; ///< empty for none
  std::string cluster_name = "actord";
  std::string user_name = std::string(admin_user);
};

/// A kubeconfig in JSON, which is YAML too.
std::string kubeconfig_text(const kubeconfig_contents& contents);
/// Mode 0600; an unchanged file is left alone.
result<void> write_kubeconfig(const std::filesystem::path& file, const kubeconfig_contents& contents);

/// 256 random bits in URL-safe text.
std::string create_token();
/// Compares without telling by its duration where the texts differ.
bool token_matches(std::string_view presented, std::string_view expected);

} // namespace actord::net
