#include "net/pki/cluster_pki.hpp"

#include "net/pki/secret_files.hpp"

#include <algorithm>
#include <optional>

namespace actord::net {

namespace {

struct stored_pair {
  std::optional<std::string> first;
  std::optional<std::string> second;

  [[nodiscard]] bool complete() const { return first && second; }
  [[nodiscard]] bool absent() const { return !first && !second; }
};

result<stored_pair> read_pair(const std::filesystem::path& first, const std::filesystem::path& second) {
  auto first_text = read_secret_file(first);
  if (!first_text) return first_text.error();
  auto second_text = read_secret_file(second);
  if (!second_text) return second_text.error();
  return stored_pair{.first = *std::move(first_text), .second = *std::move(second_text)};
}

error broken_files(const std::filesystem::path& file) {
  return error{.kind = error_kind::internal,
               .message =
                   file.string() + " and its key are incomplete, broken or do not belong together; " +
                   "replacing them would lock out every client, so mend them from a backup or remove both"};
}

result<certified_key> open_authority(const std::filesystem::path& directory, const std::string& name,
                                     std::string_view common_name, wall_time now) {
  const auto certificate_file = directory / (name + ".crt");
  const auto key_file = directory / (name + ".key");
  auto stored = read_pair(certificate_file, key_file);
  if (!stored) return stored.error();
  if (!stored->absent()) {
    certified_key pair{.certificate_pem = stored->first.value_or(""), .key_pem = stored->second.value_or("")};
    // A key alone is what a crash between the two writes below leaves: nothing was signed with it yet.
    const bool unused_key = !stored->first;
    if (!unused_key && !key_matches(pair)) return broken_files(certificate_file);
    if (!unused_key) return pair;
  }
  auto created = create_authority(common_name, now);
  if (!created) return created.error();
  if (auto written = write_secret_file(key_file, created->key_pem); !written) return written.error();
  if (auto written = write_secret_file(certificate_file, created->certificate_pem); !written)
    return written.error();
  return created;
}

std::vector<std::string> sorted(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

bool still_serves(const certified_key& pair, const certified_key& authority, const certificate_order& order,
                  wall_time now) {
  const auto facts = read_certificate(pair.certificate_pem);
  if (!facts || !key_matches(pair) || !is_signed_by(pair.certificate_pem, authority.certificate_pem))
    return false;
  return is_fresh(*facts, order.lifetime, now) && facts->subject == order.subject &&
         sorted(facts->dns_names) == sorted(order.dns_names) &&
         sorted(facts->addresses) == sorted(order.addresses);
}

result<certified_key> open_certificate(const std::filesystem::path& directory, const std::string& name,
                                       const certified_key& authority, const certificate_order& order,
                                       wall_time now) {
  const auto certificate_file = directory / (name + ".crt");
  const auto key_file = directory / (name + ".key");
  auto stored = read_pair(certificate_file, key_file);
  if (!stored) return stored.error();
  if (stored->complete()) {
    certified_key pair{.certificate_pem = *stored->first, .key_pem = *stored->second};
    if (still_serves(pair, authority, order, now)) return pair;
  }
  auto issued = issue_certificate(authority, order, now);
  if (!issued) return issued.error();
  if (auto written = write_secret_file(key_file, issued->key_pem); !written) return written.error();
  if (auto written = write_secret_file(certificate_file, issued->certificate_pem); !written)
    return written.error();
  return issued;
}

/// Tokens signed by a lost key are void, so a half-written pair is replaced only when nothing can have been
/// signed yet.
result<signing_key> open_signing_key(const std::filesystem::path& directory) {
  const auto private_file = directory / "sa.key";
  const auto public_file = directory / "sa.pub";
  auto stored = read_pair(private_file, public_file);
  if (!stored) return stored.error();
  if (stored->second) {
    signing_key key{.private_pem = stored->first.value_or(""), .public_pem = *stored->second};
    if (!key_matches(key)) return broken_files(public_file);
    return key;
  }
  auto created = create_signing_key();
  if (!created) return created.error();
  if (auto written = write_secret_file(private_file, created->private_pem); !written) return written.error();
  if (auto written = write_secret_file(public_file, created->public_pem); !written) return written.error();
  return created;
}

result<std::string> open_token(const std::filesystem::path& file) {
  auto stored = read_secret_file(file);
  if (!stored) return stored.error();
  if (*stored && !(*stored)->empty()) return **std::move(stored);
  std::string token = create_token();
  if (auto written = write_secret_file(file, token); !written) return written.error();
  return token;
}

certificate_order server_order(const cluster_pki_options& options) {
  std::vector<std::string> names = {
      "localhost",          options.node_name,        "kubernetes",
      "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc." + options.cluster_domain};
  names.insert(names.end(), options.server_names.begin(), options.server_names.end());
  std::vector<std::string> addresses = {"127.0.0.1", "::1"};
  addresses.insert(addresses.end(), options.server_addresses.begin(), options.server_addresses.end());
  return {.subject = {.common_name = "kube-apiserver", .organizations = {}},
          .purpose = certificate_purpose::server,
          .dns_names = sorted(std::move(names)),
          .addresses = sorted(std::move(addresses)),
          .lifetime = options.server_life};
}

certificate_order admin_order(const cluster_pki_options& options) {
  return {.subject = {.common_name = std::string(admin_user), .organizations = {std::string(admin_group)}},
          .purpose = certificate_purpose::client,
          .dns_names = {},
          .addresses = {},
          .lifetime = options.admin_life};
}

certificate_order front_proxy_order(const cluster_pki_options& options) {
  return {.subject = {.common_name = std::string(front_proxy_user), .organizations = {}},
          .purpose = certificate_purpose::client,
          .dns_names = {},
          .addresses = {},
          .lifetime = options.server_life};
}

/// The authorities that are believed besides the one that signs.
result<std::string> other_authorities(const std::filesystem::path& directory) {
  std::string all;
  for (const char* name : {"ca-next.crt", "ca-previous.crt"}) {
    auto stored = read_secret_file(directory / name);
    if (!stored) return stored.error();
    if (!*stored) continue;
    const auto facts = read_certificate(**stored);
    if (!facts || !facts->is_authority) return broken_files(directory / name);
    all += **stored;
  }
  return all;
}

} // namespace

result<cluster_pki> open_cluster_pki(const cluster_pki_options& options, const clock_source& clock) {
  const wall_time now = clock.wall_now();
  if (auto made = make_secret_directory(options.directory); !made) return made.error();
  auto authority = open_authority(options.directory, "ca", "actord-ca", now);
  if (!authority) return authority.error();
  auto server = open_certificate(options.directory, "server", *authority, server_order(options), now);
  if (!server) return server.error();
  auto admin = open_certificate(options.directory, "admin", *authority, admin_order(options), now);
  if (!admin) return admin.error();
  auto proxy_authority = open_authority(options.directory, "front-proxy-ca", "actord-front-proxy-ca", now);
  if (!proxy_authority) return proxy_authority.error();
  auto proxy = open_certificate(options.directory, "front-proxy-client", *proxy_authority,
                                front_proxy_order(options), now);
  if (!proxy) return proxy.error();
  auto service_account = open_signing_key(options.directory);
  if (!service_account) return service_account.error();
  auto token = open_token(options.directory / "admin.token");
  if (!token) return token.error();
  auto others = other_authorities(options.directory);
  if (!others) return others.error();
  std::string trusted = authority->certificate_pem + *others;
  return cluster_pki{.authority = *std::move(authority),
                     .trusted_pem = std::move(trusted),
                     .server = *std::move(server),
                     .admin = *std::move(admin),
                     .service_account = *std::move(service_account),
                     .admin_token = *std::move(token),
                     .front_proxy_authority_pem = proxy_authority->certificate_pem,
                     .front_proxy = *std::move(proxy)};
}

wall_time next_renewal(const cluster_pki& pki) {
  wall_time next = wall_time::max();
  for (const certified_key* each : {&pki.server, &pki.admin, &pki.front_proxy})
    if (const auto facts = read_certificate(each->certificate_pem)) next = std::min(next, half_life(*facts));
  return next;
}

} // namespace actord::net
