#include "actors/objects/service_allocation.hpp"

#include "schema/rules/kind_rules.hpp"
#include "schema/tables/resource_table.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <fmt/format.h>
#include <set>

namespace actord::actors {
namespace {

constexpr const char* already_allocated = "provided port is already allocated";

std::string text_of(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

const json& spec_of(const json& service) {
  static const json none = json::object();
  const auto found = service.find("spec");
  return found == service.end() ? none : *found;
}

std::string owner_of(const json& service) {
  const json& metadata = service.at("metadata");
  return text_of(metadata, "namespace") + "/" + text_of(metadata, "name");
}

bool wants_address(const json& spec) {
  return text_of(spec, "type") != "ExternalName" && text_of(spec, "clusterIP") != "None";
}

bool wants_ports(const json& spec) {
  const std::string type = text_of(spec, "type");
  return type == "NodePort" || (type == "LoadBalancer" && spec.value("allocateLoadBalancerNodePorts", true));
}

bool wants_health_port(const json& spec) {
  return text_of(spec, "type") == "LoadBalancer" && text_of(spec, "externalTrafficPolicy") == "Local";
}

/// The allocated addresses of a stored service.
std::vector<std::string> held_addresses(const json& service) {
  std::vector<std::string> held;
  const json& spec = spec_of(service);
  if (!wants_address(spec)) return held;
  if (const auto list = spec.find("clusterIPs"); list != spec.end() && list->is_array())
    for (const json& address : *list) held.push_back(address.get<std::string>());
  if (const std::string single = text_of(spec, "clusterIP"); held.empty() && !single.empty())
    held.push_back(single);
  return held;
}

std::set<int> held_ports(const json& service) {
  std::set<int> held;
  const json& spec = spec_of(service);
  if (const auto ports = spec.find("ports"); ports != spec.end() && ports->is_array())
    for (const json& port : *ports)
      if (const int number = port.value("nodePort", 0); number != 0) held.insert(number);
  if (const int number = spec.value("healthCheckNodePort", 0); number != 0) held.insert(number);
  return held;
}

error refuse(const json& service, std::string field, const json& value, std::string_view why) {
  schema::field_errors errors;
  errors.invalid(std::move(field), value, why);
  return schema::invalid_object(schema::builtin("", "services"), text_of(service.at("metadata"), "name"),
                                errors);
}

/// Addresses nobody asked for come from the upper part of the range, so that the lower part stays free for
/// those who ask for one: as Kubernetes, a sixteenth of the range, at least 16 and at most 256 addresses.
std::uint32_t reserved_for_wishes(const service_network& network) {
  const std::uint32_t size = network.size();
  return size <= 32 ? 2 : std::clamp<std::uint32_t>(size / 16, 16, 256);
}

std::optional<std::string> pick_address(const service_network& network,
                                        const std::function<bool(const std::string&)>& is_taken,
                                        random_source& random) {
  const std::uint32_t low = reserved_for_wishes(network);
  const std::uint32_t end = network.size() - 1; // the broadcast address is nobody's
  const auto search = [&](std::uint32_t from, std::uint32_t to) -> std::optional<std::string> {
    if (from >= to) return {};
    const std::uint32_t start = static_cast<std::uint32_t>(random.next() % (to - from));
    for (std::uint32_t step = 0; step < to - from; ++step) {
      std::string address = network.address(from + (start + step) % (to - from));
      if (!is_taken(address)) return address;
    }
    return {};
  };
  if (auto found = search(low, end)) return found;
  return search(2, low); // 1 belongs to the service kubernetes
}

result<void> allocate_address(json& service, const std::vector<std::string>& held,
                              const service_network& network,
                              const std::function<bool(const std::string&)>& is_taken, random_source& random,
                              service_allocation& plan) {
  json& spec = service["spec"];
  std::string wish = text_of(spec, "clusterIP");
  if (wish.empty() && !held.empty()) wish = held.front();
  if (!wish.empty() && std::ranges::find(held, wish) == held.end()) {
    const json wishes = json::array({wish});
    const auto number = parse_ipv4(wish);
    const auto failed = [&](std::string_view why) {
      return refuse(service, "spec.clusterIPs", wishes,
                    fmt::format("failed to allocate IP {}: {}", wish, why));
    };
    if (!number || !network.contains(*number))
      return failed(
          fmt::format("the provided IP ({}) is not in the valid range. The range of valid IPs is {}", wish,
                      network.text()));
    if (is_taken(wish)) return failed("provided IP is already allocated");
    plan.claim.push_back(wish);
  }
  if (wish.empty()) {
    const auto found = pick_address(network, is_taken, random);
    if (!found)
      return error{.kind = error_kind::internal,
                   .message = fmt::format("failed to allocate a serviceIP for Service \"{}\": range is full",
                                          text_of(service.at("metadata"), "name")),
                   .causes = {},
                   .subject = {}};
    wish = *found;
    plan.claim.push_back(wish);
  }
  spec["clusterIP"] = wish;
  spec["clusterIPs"] = json::array({wish});
  return {};
}

/// A headless service without a selector says nothing of its endpoints: they may be of either family.
void fill_families(json& spec) {
  const bool has_selector = spec.contains("selector") && !spec["selector"].empty();
  if (text_of(spec, "clusterIP") == "None" && !has_selector) {
    const std::string policy = text_of(spec, "ipFamilyPolicy");
    if (policy.empty()) spec["ipFamilyPolicy"] = "RequireDualStack";
    json families = spec.value("ipFamilies", json::array());
    if (families.empty()) families.push_back("IPv4");
    if (policy != "SingleStack" && families.size() == 1)
      families.push_back(families[0] == "IPv4" ? "IPv6" : "IPv4");
    spec["ipFamilies"] = std::move(families);
  }
  if (!spec.contains("ipFamilyPolicy")) spec["ipFamilyPolicy"] = "SingleStack";
  if (!spec.contains("ipFamilies") || spec["ipFamilies"].empty()) spec["ipFamilies"] = json::array({"IPv4"});
  if (text_of(spec, "clusterIP") == "None") spec["clusterIPs"] = json::array({"None"});
}

/// The node port the same port had before, so that a client that leaves it out keeps it.
int port_before(const json& port, const json* old) {
  if (old == nullptr) return 0;
  const json& spec = spec_of(*old);
  const auto ports = spec.find("ports");
  if (ports == spec.end() || !ports->is_array()) return 0;
  for (const json& before : *ports)
    if (before.value("port", 0) == port.value("port", 0) &&
        before.value("protocol", "TCP") == port.value("protocol", "TCP"))
      return before.value("nodePort", 0);
  return 0;
}

class port_allocator {
public:
  port_allocator(const json& service, const json* old, const service_network& network, port_book& book,
                 random_source& random)
      : service_(service), old_(old), network_(network), book_(book), random_(random),
        owner_(owner_of(service)) {}

  result<int> grant(int wish, const std::string& field, const json& port) {
    if (wish == 0) wish = port_before(port, old_);
    if (wish == 0) return pick();
    if (wish < network_.port_first || wish > network_.port_last)
      return refuse(service_, field, wish,
                    fmt::format("provided port is not in the valid range. The range of valid ports is {}-{}",
                                network_.port_first, network_.port_last));
    const auto row = book_.find(wish);
    if (row != book_.end() && row->second != owner_) return refuse(service_, field, wish, already_allocated);
    return take(wish);
  }

  [[nodiscard]] const std::set<int>& taken() const { return taken_; }

private:
  int take(int number) {
    book_[number] = owner_;
    taken_.insert(number);
    return number;
  }

  result<int> pick() {
    const int count = network_.port_last - network_.port_first + 1;
    const int start = static_cast<int>(random_.next() % static_cast<std::uint64_t>(count));
    for (int step = 0; step < count; ++step) {
      const int number = network_.port_first + (start + step) % count;
      if (!book_.contains(number)) return take(number);
    }
    return error{.kind = error_kind::internal,
                 .message = "failed to allocate a nodePort: range is full",
                 .causes = {},
                 .subject = {}};
  }

  const json& service_;
  const json* old_;
  const service_network& network_;
  port_book& book_;
  random_source& random_;
  const std::string owner_;
  std::set<int> taken_;
};

result<void> allocate_ports(json& service, const json* old, const service_network& network,
                            random_source& random, service_allocation& plan) {
  const port_book before = plan.ports;
  const json original = service;
  port_allocator allocator(original, old, network, plan.ports, random);
  json& spec = service["spec"];
  if (wants_ports(spec) && spec.contains("ports")) {
    std::size_t index = 0;
    for (json& port : spec["ports"]) {
      const std::string field = fmt::format("spec.ports[{}].nodePort", index++);
      auto granted = allocator.grant(port.value("nodePort", 0), field, port);
      if (!granted) return granted.error();
      port["nodePort"] = *granted;
    }
  } else if (text_of(spec, "type") != "LoadBalancer" && spec.contains("ports")) {
    for (json& port : spec["ports"]) port.erase("nodePort");
  }
  if (wants_health_port(spec)) {
    int wish = spec.value("healthCheckNodePort", 0);
    if (wish == 0 && old != nullptr) wish = spec_of(*old).value("healthCheckNodePort", 0);
    auto granted = allocator.grant(wish, "spec.healthCheckNodePort", json::object());
    if (!granted) return granted.error();
    spec["healthCheckNodePort"] = *granted;
  } else {
    spec.erase("healthCheckNodePort");
  }
  if (old != nullptr)
    for (const int number : held_ports(*old))
      if (const auto row = plan.ports.find(number);
          !allocator.taken().contains(number) && row != plan.ports.end() && row->second == owner_of(original))
        plan.ports.erase(row);
  plan.ports_changed = plan.ports != before;
  return {};
}

} // namespace

std::optional<std::uint32_t> parse_ipv4(std::string_view text) {
  in_addr address{};
  if (inet_pton(AF_INET, std::string(text).c_str(), &address) != 1) return {};
  return ntohl(address.s_addr);
}

result<service_network> service_network::parse(std::string_view cidr) {
  const auto bad = [&]() -> error {
    return {.kind = error_kind::bad_request,
            .message = fmt::format("\"{}\" is not an IPv4 network such as 10.96.0.0/16", cidr),
            .causes = {},
            .subject = {}};
  };
  const std::size_t slash = cidr.find('/');
  if (slash == std::string_view::npos) return bad();
  const auto address = parse_ipv4(cidr.substr(0, slash));
  int prefix = 0;
  const std::string_view digits = cidr.substr(slash + 1);
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), prefix);
  if (!address || failure != std::errc() || end != digits.data() + digits.size() || prefix < 8 || prefix > 30)
    return bad();
  service_network network;
  network.prefix = prefix;
  network.base = *address & ~(network.size() - 1);
  return network;
}

std::string service_network::text() const { return fmt::format("{}/{}", address(0), prefix); }

std::string service_network::address(std::uint32_t offset) const {
  const std::uint32_t number = base + offset;
  return fmt::format("{}.{}.{}.{}", number >> 24U, (number >> 16U) & 255U, (number >> 8U) & 255U,
                     number & 255U);
}

result<service_allocation> allocate_service(json& service, const json* old, const service_network& network,
                                            port_book ports,
                                            const std::function<bool(const std::string&)>& is_taken,
                                            random_source& random) {
  service_allocation plan;
  plan.ports = std::move(ports);
  json& spec = service["spec"];
  if (!spec.is_object()) spec = json::object();
  const std::vector<std::string> held = old == nullptr ? std::vector<std::string>{} : held_addresses(*old);

  if (wants_address(spec)) {
    if (auto granted = allocate_address(service, held, network, is_taken, random, plan); !granted)
      return granted.error();
  } else if (text_of(spec, "type") == "ExternalName") {
    for (const char* field : {"clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"}) spec.erase(field);
  }
  if (text_of(spec, "type") != "ExternalName") fill_families(spec);
  const std::vector<std::string> now = held_addresses(service);
  for (const std::string& address : held)
    if (std::ranges::find(now, address) == now.end()) plan.release.push_back(address);
  if (auto granted = allocate_ports(service, old, network, random, plan); !granted) return granted.error();
  return plan;
}

service_allocation release_service(const json& service, port_book ports) {
  service_allocation plan;
  plan.release = held_addresses(service);
  plan.ports = std::move(ports);
  const std::string owner = owner_of(service);
  plan.ports_changed = std::erase_if(plan.ports, [&](const auto& row) { return row.second == owner; }) > 0;
  return plan;
}

bool allocation_is_settled(const json& service, const json& old) {
  const json& now = spec_of(service);
  const json& before = spec_of(old);
  for (const char* field :
       {"type", "clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "ports", "externalTrafficPolicy",
        "allocateLoadBalancerNodePorts", "healthCheckNodePort"}) {
    const auto left = now.find(field);
    const auto right = before.find(field);
    if ((left == now.end()) != (right == before.end())) return false;
    if (left != now.end() && *left != *right) return false;
  }
  return true;
}

} // namespace actord::actors
