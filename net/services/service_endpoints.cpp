#include "net/services/service_endpoints.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace actord::net {

namespace {

std::string service_key(std::string_view space, std::string_view service) {
  return std::string(space) + "/" + std::string(service);
}

void sort_unique(std::vector<endpoint_target>& targets) {
  std::sort(targets.begin(), targets.end());
  targets.erase(std::unique(targets.begin(), targets.end()), targets.end());
}

/// Ready endpoints win over those that only still serve.
struct candidates {
  std::vector<endpoint_target> ready;
  std::vector<endpoint_target> serving;

  void add(const endpoint_entry& endpoint, endpoint_target target) {
    if (endpoint.ready) {
      ready.push_back(std::move(target));
    } else if (endpoint.serving && endpoint.terminating) {
      serving.push_back(std::move(target));
    }
  }

  std::vector<endpoint_target> best() {
    std::vector<endpoint_target> chosen = ready.empty() ? std::move(serving) : std::move(ready);
    sort_unique(chosen);
    return chosen;
  }
};

} // namespace

endpoint_index::endpoint_index(const service_view& view) : view_(view) {
  for (const auto& slice : view.slices) slices_[service_key(slice.space, slice.service)].push_back(&slice);
}

endpoint_choice endpoint_index::choose(const service_port_entry& service) const {
  const auto found = slices_.find(service_key(service.space, service.service));
  if (found == slices_.end()) return {};
  candidates anywhere;
  candidates here;
  for (const endpoint_slice_entry* slice : found->second) {
    const auto port = std::find_if(slice->ports.begin(), slice->ports.end(), [&service](const auto& each) {
      return each.name == service.port_name && each.protocol == service.protocol && each.port != 0;
    });
    if (port == slice->ports.end()) continue;
    for (const auto& endpoint : slice->endpoints) {
      if (!is_ipv4(endpoint.address)) continue;
      const bool is_local = !endpoint.node.empty() && endpoint.node == view_.node_name;
      const endpoint_target target{.address = endpoint.address, .port = port->port, .is_local = is_local};
      anywhere.add(endpoint, target);
      if (is_local) here.add(endpoint, target);
    }
  }
  return {.cluster = anywhere.best(), .local = here.best()};
}

bool is_ipv4(std::string_view text) {
  in_addr parsed{};
  return inet_pton(AF_INET, std::string(text).c_str(), &parsed) == 1;
}

std::string canonical_cidr(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return {};
  in_addr address{};
  if (inet_pton(AF_INET, std::string(text.substr(0, slash)).c_str(), &address) != 1) return {};
  const std::string_view length = text.substr(slash + 1);
  unsigned bits = 0;
  const auto parsed = std::from_chars(length.data(), length.data() + length.size(), bits);
  if (parsed.ec != std::errc() || parsed.ptr != length.data() + length.size() || bits > 32) return {};
  const std::uint32_t mask = bits == 0 ? 0 : 0xFFFFFFFFU << (32 - bits);
  address.s_addr &= htonl(mask);
  std::array<char, INET_ADDRSTRLEN> network{};
  inet_ntop(AF_INET, &address, network.data(), network.size());
  return std::string(network.data()) + "/" + std::to_string(bits);
}

std::string_view protocol_name(transport_protocol protocol) {
  switch (protocol) {
  case transport_protocol::tcp:
    return "tcp";
  case transport_protocol::udp:
    return "udp";
  case transport_protocol::sctp:
    return "sctp";
  }
  return "tcp";
}

} // namespace actord::net
