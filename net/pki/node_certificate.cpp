#include "net/pki/node_certificate.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

namespace actord::net {
namespace {

constexpr std::string_view scheme = "actord://";
constexpr std::size_t node_name_max = 200;

/// "CLUSTER/KIND/VALUE" in its parts; false when it has another number of them.
bool split(std::string_view rest, std::string_view& cluster, std::string_view& kind,
           std::string_view& value) {
  const std::size_t first = rest.find('/');
  if (first == std::string_view::npos) return false;
  const std::size_t second = rest.find('/', first + 1);
  if (second == std::string_view::npos) return false;
  cluster = rest.substr(0, first);
  kind = rest.substr(first + 1, second - first - 1);
  value = rest.substr(second + 1);
  return !cluster.empty() && !value.empty() && value.find('/') == std::string_view::npos;
}

/// Adds what one URI says; false when it contradicts what is there.
bool add(node_identity& identity, std::string_view uri) {
  if (!uri.starts_with(scheme)) return true;
  std::string_view cluster;
  std::string_view kind;
  std::string_view value;
  if (!split(uri.substr(scheme.size()), cluster, kind, value)) return false;
  if (!identity.cluster.empty() && identity.cluster != cluster) return false;
  identity.cluster = cluster;
  if (kind == "node") {
    if (!identity.node.empty()) return false;
    identity.node = value;
    return true;
  }
  if (kind != "member" || identity.member != 0) return false;
  const auto [end, failure] =
      std::from_chars(value.data(), value.data() + value.size(), identity.member); // NOLINT
  return failure == std::errc() && end == value.data() + value.size() && identity.member != 0;
}

} // namespace

certificate_order node_certificate_order(const node_identity& identity, std::chrono::seconds lifetime) {
  certificate_order order;
  order.subject = {.common_name = std::string(node_user_prefix) + identity.node,
                   .organizations = {std::string(nodes_group)}};
  order.purpose = certificate_purpose::server_and_client;
  order.uris.push_back(fmt::format("{}{}/node/{}", scheme, identity.cluster, identity.node));
  if (identity.member != 0)
    order.uris.push_back(fmt::format("{}{}/member/{}", scheme, identity.cluster, identity.member));
  order.lifetime = lifetime;
  return order;
}

std::optional<node_identity> node_identity_of(const certificate_facts& facts) {
  if (facts.subject.organizations != std::vector<std::string>{std::string(nodes_group)}) return {};
  node_identity identity;
  for (const std::string& uri : facts.uris)
    if (!add(identity, uri)) return {};
  if (identity.node.empty() || facts.subject.common_name != std::string(node_user_prefix) + identity.node)
    return {};
  return identity;
}

bool is_node_name(std::string_view name) {
  if (name.empty() || name.size() > node_name_max) return false;
  const auto edge = [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9');
  };
  return edge(name.front()) && edge(name.back()) && std::ranges::all_of(name, [&](char letter) {
           return edge(letter) || letter == '-' || letter == '.';
         });
}

} // namespace actord::net
