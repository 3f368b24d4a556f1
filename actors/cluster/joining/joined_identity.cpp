#include "actors/cluster/joining/joined_identity.hpp"

#include "net/pki/secret_files.hpp"
#include "schema/base/json.hpp"

#include <fmt/format.h>

namespace actord::actors {
namespace {

constexpr const char* identity_file = "identity.json";

error broken(const std::filesystem::path& file, const std::string& why) {
  return {.kind = error_kind::internal,
          .message =
              fmt::format("{} {}: this machine's place in its cluster is not clear; put the file back from a "
                          "backup, or remove the data directory and join again",
                          file.string(), why)};
}

std::string text_of(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::uint64_t number_of(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

result<std::string> read_part(const std::filesystem::path& file) {
  auto content = net::read_secret_file(file);
  if (!content) return content.error();
  if (!*content) return broken(file, "is missing");
  return **std::move(content);
}

/// Most of it is as it was, and each file costs two syncs.
result<void> write_what_differs(const std::filesystem::path& file, const std::string& content) {
  const auto present = net::read_secret_file(file);
  if (present && *present == content) return {};
  return net::write_secret_file(file, content);
}

} // namespace

result<std::optional<joined_identity>> read_identity(const std::filesystem::path& pki_directory) {
  auto text = net::read_secret_file(pki_directory / identity_file);
  if (!text) return text.error();
  if (!*text) return std::optional<joined_identity>();
  const json document = json::parse(**text, nullptr, false);
  if (!document.is_object()) return broken(pki_directory / identity_file, "is damaged");
  joined_identity identity;
  identity.cluster = text_of(document, "cluster");
  identity.member = number_of(document, "member");
  identity.node = text_of(document, "node");
  identity.service_cidr = text_of(document, "serviceCIDR");
  identity.cluster_cidr = text_of(document, "clusterCIDR");
  identity.slot = number_of(document, "slot");
  const json members = document.value("members", json::array());
  for (const json& each : members.is_array() ? members : json::array())
    if (each.is_object())
      identity.members.push_back({number_of(each, "member"), text_of(each, "node"),
                                  text_of(each, "rpcAddress"), text_of(each, "apiAddress")});
  if (identity.cluster.empty() || identity.node.empty())
    return broken(pki_directory / identity_file, "is incomplete");
  auto key = read_part(pki_directory / "node.key");
  auto certificate = read_part(pki_directory / "node.crt");
  auto trusted = read_part(pki_directory / "trusted.crt");
  for (const auto* each : {&key, &certificate, &trusted})
    if (!*each) return each->error();
  identity.key = {.certificate_pem = *std::move(certificate), .key_pem = *std::move(key)};
  identity.authorities_pem = *std::move(trusted);
  if (!net::key_matches(identity.key))
    return broken(pki_directory / "node.crt", "does not belong to node.key");
  return std::optional<joined_identity>(std::move(identity));
}

result<void> save_identity(const std::filesystem::path& pki_directory, const joined_identity& identity) {
  json members = json::array();
  for (const known_server& each : identity.members)
    members.push_back({{"member", each.member},
                       {"node", each.node},
                       {"rpcAddress", each.rpc_address},
                       {"apiAddress", each.api_address}});
  const json document = {{"cluster", identity.cluster},
                         {"member", identity.member},
                         {"node", identity.node},
                         {"members", std::move(members)},
                         {"serviceCIDR", identity.service_cidr},
                         {"clusterCIDR", identity.cluster_cidr},
                         {"slot", identity.slot}};
  for (const auto& [name, content] :
       {std::pair<const char*, const std::string&>{"node.key", identity.key.key_pem},
        {"node.crt", identity.key.certificate_pem},
        {"trusted.crt", identity.authorities_pem}})
    if (auto written = write_what_differs(pki_directory / name, content); !written) return written;
  return write_what_differs(pki_directory / identity_file, document.dump(2) + "\n");
}

result<net::signing_key> open_node_key(const std::filesystem::path& pki_directory) {
  if (auto made = net::make_secret_directory(pki_directory); !made) return made.error();
  const auto file = pki_directory / "node.key";
  auto stored = net::read_secret_file(file);
  if (!stored) return stored.error();
  if (*stored) {
    auto key = net::signing_key_of(**stored);
    if (!key) return broken(file, "is damaged");
    return key;
  }
  auto created = net::create_signing_key();
  if (!created) return created.error();
  if (auto written = net::write_secret_file(file, created->private_pem); !written) return written.error();
  return created;
}

result<joined_identity> open_own_identity(const std::filesystem::path& pki_directory, joined_identity wanted,
                                          const net::certified_key& authority, std::chrono::seconds lifetime,
                                          wall_time now) {
  const auto key = open_node_key(pki_directory);
  if (!key) return key.error();
  wanted.key.key_pem = key->private_pem;
  const auto present = net::read_secret_file(pki_directory / "node.crt");
  if (!present) return present.error();
  wanted.key.certificate_pem = present->value_or(std::string());
  const auto facts = net::read_certificate(wanted.key.certificate_pem);
  const bool good = facts && net::key_matches(wanted.key) &&
                    net::is_signed_by(wanted.key.certificate_pem, authority.certificate_pem) &&
                    net::node_identity_of(*facts) == wanted.name() && net::is_fresh(*facts, lifetime, now);
  if (!good) {
    auto made = net::certify_key(authority, key->public_pem,
                                 net::node_certificate_order(wanted.name(), lifetime), now);
    if (!made) return made.error();
    wanted.key.certificate_pem = *std::move(made);
  }
  if (auto saved = save_identity(pki_directory, wanted); !saved) return saved.error();
  return wanted;
}

} // namespace actord::actors
