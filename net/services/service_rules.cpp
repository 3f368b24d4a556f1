#include "net/services/service_rules.hpp"

#include "net/services/service_endpoints.hpp"

#include <openssl/sha.h>

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <set>

namespace actord::net {

namespace {

constexpr std::string_view mark_chain = "ACTORD-MARK-MASQ";
constexpr std::string_view mark = "0x2000/0x2000";
constexpr unsigned node_port_range = 128; ///< ports per bucket chain
constexpr std::string_view refuse = "-j REJECT --reject-with icmp-port-unreachable";

/// A short name for a chain: 28 characters are the kernel's limit, collisions are out of the question at 80
/// bits.
std::string hashed(std::string_view prefix, std::string_view text) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> sum{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), sum.data());
  static constexpr std::string_view alphabet = "abcdefghijklmnopqrstuvwxyz234567";
  std::string name(prefix);
  for (std::size_t bit = 0; bit < 80; bit += 5) {
    const unsigned pair = sum[bit / 8] * 256U + sum[bit / 8 + 1];
    name.push_back(alphabet[(pair >> (11 - bit % 8)) & 31U]);
  }
  return name;
}

std::string service_name(const service_port_entry& service) {
  return service.space + "/" + service.service + ":" + service.port_name + ":" +
         std::string(protocol_name(service.protocol));
}

/// Names are checked by the API, but nothing that could end a quotation may depend on that.
std::string comment_of(const service_port_entry& service) {
  std::string text = service.space + "/" + service.service + ":" + service.port_name;
  text.erase(std::remove_if(text.begin(), text.end(),
                            [](char character) {
                              const bool is_plain = (character >= 'a' && character <= 'z') ||
                                                    (character >= 'A' && character <= 'Z') ||
                                                    (character >= '0' && character <= '9');
                              return !is_plain &&
                                     std::string_view("-./:").find(character) == std::string_view::npos;
                            }),
             text.end());
  return "-m comment --comment \"" + text.substr(0, 200) + "\" ";
}

std::string jump(std::string_view chain) { return "-j " + std::string(chain); }

std::string protocol_match(transport_protocol protocol) {
  const std::string name(protocol_name(protocol));
  return "-p " + name + " -m " + name + " ";
}

/// Writes the buckets of one table: which rule goes to which address or node port.
class dispatch_table {
public:
  dispatch_table(iptables_program& program, std::string table) : program_(program), table_(std::move(table)) {
    root("ACTORD-SERVICES");
    root("ACTORD-NODEPORTS");
  }

  void to_address(const std::string& address, const service_port_entry& service, const std::string& action) {
    if (!is_ipv4(address)) return;
    const unsigned last = last_byte(address);
    static constexpr std::string_view digits = "0123456789abcdef";
    const std::string outer = std::string("ACTORD-D-") + digits[last / 16];
    const std::string inner = outer + digits[last % 16];
    outers_[outer] = last & 0xF0U;
    inners_[outer][inner] = last & 0x0FU;
    const std::string name(protocol_name(service.protocol));
    rules(inner).push_back("-d " + address + "/32 -p " + name + " " + comment_of(service) + "-m " + name +
                           " --dport " + std::to_string(service.port) + " " + action);
  }

  void to_node_port(const service_port_entry& service, const std::string& action) {
    const unsigned bucket = service.node_port / node_port_range;
    const std::string chain = "ACTORD-N-" + std::to_string(bucket);
    node_ports_[{service.protocol, bucket}] = chain;
    const std::string name(protocol_name(service.protocol));
    rules(chain).push_back("-p " + name + " " + comment_of(service) + "-m " + name + " --dport " +
                           std::to_string(service.node_port) + " " + action);
  }

  /// The chains above the buckets; call once, at the end.
  void finish() {
    for (const auto& [outer, bits] : outers_) {
      rules("ACTORD-SERVICES").push_back("-d 0.0.0." + std::to_string(bits) + "/0.0.0.240 " + jump(outer));
      for (const auto& [inner, low] : inners_[outer]) {
        rules(outer).push_back("-d 0.0.0." + std::to_string(low) + "/0.0.0.15 " + jump(inner));
      }
    }
    rules("ACTORD-SERVICES").push_back("! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j ACTORD-NODEPORTS");
    for (const auto& [key, chain] : node_ports_) {
      const unsigned first = key.second * node_port_range;
      rules("ACTORD-NODEPORTS")
          .push_back(protocol_match(key.first) + "--dport " + std::to_string(first) + ":" +
                     std::to_string(first + node_port_range - 1) + " " + jump(chain));
    }
  }

private:
  void root(const std::string& chain) { program_.chains[{table_, chain}]; }
  std::vector<std::string>& rules(const std::string& chain) { return program_.chains[{table_, chain}]; }

  static unsigned last_byte(const std::string& address) {
    in_addr parsed{};
    inet_pton(AF_INET, address.c_str(), &parsed);
    return ntohl(parsed.s_addr) & 0xFFU;
  }

  iptables_program& program_;
  const std::string table_;
  std::map<std::string, unsigned> outers_;
  std::map<std::string, std::map<std::string, unsigned>> inners_;
  std::map<std::pair<transport_protocol, unsigned>, std::string> node_ports_;
};

/// Everything for one service port.
class service_writer {
public:
  service_writer(iptables_program& program, dispatch_table& forward, dispatch_table& refused,
                 const service_port_entry& service, endpoint_choice endpoints,
                 const std::string& cluster_cidr)
      : program_(program), forward_(forward), refused_(refused), service_(service),
        endpoints_(std::move(endpoints)), cluster_cidr_(cluster_cidr), name_(service_name(service)) {}

  void write() {
    write_internal();
    const bool from_outside =
        !service_.external_ips.empty() || !service_.load_balancer_ips.empty() || service_.node_port != 0;
    if (from_outside) write_external();
  }

private:
  std::vector<std::string>& chain(const std::string& name) { return program_.chains[{"nat", name}]; }

  void write_internal() {
    const auto& usable = service_.internal_policy_local ? endpoints_.local : endpoints_.cluster;
    for (const auto& address : service_.cluster_ips) {
      if (usable.empty()) {
        refused_.to_address(address, service_, refusal());
      } else {
        forward_.to_address(address, service_,
                            jump(service_.internal_policy_local ? local_chain() : cluster_chain()));
      }
    }
  }

  void write_external() {
    const auto& usable = service_.external_policy_local ? endpoints_.local : endpoints_.cluster;
    if (usable.empty()) {
      for (const auto& address : service_.external_ips) refused_.to_address(address, service_, refusal());
      for (const auto& address : service_.load_balancer_ips)
        refused_.to_address(address, service_, refusal());
      if (service_.node_port != 0) refused_.to_node_port(service_, refusal());
      // Pods of this node still reach all endpoints of a service that others may not reach here.
      if (endpoints_.cluster.empty()) return;
    }
    const std::string external = external_chain();
    for (const auto& address : service_.external_ips) forward_.to_address(address, service_, jump(external));
    for (const auto& address : service_.load_balancer_ips) {
      forward_.to_address(address, service_, jump(firewall_chain(external)));
      // What the firewall chain did not forward comes by here.
      if (!service_.load_balancer_source_ranges.empty() && !usable.empty()) {
        refused_.to_address(address, service_, "-j DROP");
      }
    }
    if (service_.node_port != 0) forward_.to_node_port(service_, jump(external));
  }

  [[nodiscard]] std::string refusal() const { return endpoints_.empty() ? std::string(refuse) : "-j DROP"; }

  std::string cluster_chain() {
    const std::string name = hashed("ACTORD-S-", name_);
    if (!program_.chains.contains({"nat", name})) write_choice(name, endpoints_.cluster);
    return name;
  }

  std::string local_chain() {
    const std::string name = hashed("ACTORD-L-", name_);
    if (!program_.chains.contains({"nat", name})) write_choice(name, endpoints_.local);
    return name;
  }

  void write_choice(const std::string& name, const std::vector<endpoint_target>& targets) {
    auto& rules = chain(name);
    for (const auto& address : service_.cluster_ips) {
      if (cluster_cidr_.empty() || !is_ipv4(address)) continue;
      std::string rule = "! -s " + cluster_cidr_;
      rule += " -d " + address + "/32 ";
      rule += protocol_match(service_.protocol) + "--dport " + std::to_string(service_.port) + " ";
      rules.push_back(rule + jump(mark_chain));
    }
    for (const auto& target : targets) {
      const std::string endpoint = endpoint_chain(target);
      if (service_.affinity_timeout_s) {
        rules.push_back("-m recent --rcheck --seconds " + std::to_string(*service_.affinity_timeout_s) +
                        " --reap --name " + endpoint + " --mask 255.255.255.255 --rsource " + jump(endpoint));
      }
    }
    for (std::size_t index = 0; index < targets.size(); ++index) {
      rules.push_back(share_of(targets.size() - index) + jump(endpoint_chain(targets[index])));
    }
  }

  /// Of those that come by, one in `left`.
  static std::string share_of(std::size_t left) {
    if (left == 1) return {};
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "-m statistic --mode random --probability %.10f ",
                  1.0 / static_cast<double>(left));
    return text.data();
  }

  std::string endpoint_chain(const endpoint_target& target) {
    const std::string destination = target.address + ":" + std::to_string(target.port);
    const std::string name = hashed("ACTORD-E-", name_ + ">" + destination);
    auto& rules = chain(name);
    if (!rules.empty()) return name;
    const std::string protocol(protocol_name(service_.protocol));
    const std::string remember = service_.affinity_timeout_s
                                     ? "-m recent --set --name " + name + " --mask 255.255.255.255 --rsource "
                                     : "";
    rules.push_back("-s " + target.address + "/32 " + jump(mark_chain)); // a pod that reaches itself
    rules.push_back("-p " + protocol + " " + remember + "-m " + protocol + " -j DNAT --to-destination " +
                    destination);
    return name;
  }

  std::string external_chain() {
    const std::string name = hashed("ACTORD-X-", name_);
    if (program_.chains.contains({"nat", name})) return name;
    if (!service_.external_policy_local) {
      const std::string target = cluster_chain();
      auto& rules = chain(name);
      rules.push_back(jump(mark_chain));
      rules.push_back(jump(target));
      return name;
    }
    // Callers inside the cluster may go anywhere; those outside keep their address and stay on this node.
    if (!endpoints_.cluster.empty()) {
      const std::string target = cluster_chain();
      if (!cluster_cidr_.empty()) chain(name).push_back("-s " + cluster_cidr_ + " " + jump(target));
      chain(name).push_back("-m addrtype --src-type LOCAL " + jump(mark_chain));
      chain(name).push_back("-m addrtype --src-type LOCAL " + jump(target));
    }
    if (!endpoints_.local.empty()) {
      const std::string target = local_chain();
      chain(name).push_back(jump(target));
    }
    return name;
  }

  std::string firewall_chain(const std::string& external) {
    if (service_.load_balancer_source_ranges.empty()) return external;
    const std::string name = hashed("ACTORD-F-", name_);
    if (program_.chains.contains({"nat", name})) return name;
    auto& rules = chain(name);
    for (const auto& range : service_.load_balancer_source_ranges) {
      const std::string source = canonical_cidr(range);
      if (source == "0.0.0.0/0") {
        rules.push_back(jump(external));
      } else if (!source.empty()) {
        rules.push_back("-s " + source + " " + jump(external));
      }
    }
    return name;
  }

  iptables_program& program_;
  dispatch_table& forward_;
  dispatch_table& refused_;
  const service_port_entry& service_;
  const endpoint_choice endpoints_;
  const std::string& cluster_cidr_;
  const std::string name_;
};

void write_fixed_chains(iptables_program& program) {
  const std::string marked(mark);
  program.chains[{"nat", std::string(mark_chain)}] = {"-j MARK --set-xmark " + marked};
  program.chains[{"nat", "ACTORD-POSTROUTING"}] = {"-m mark ! --mark " + marked + " -j RETURN",
                                                   "-j MARK --set-xmark 0x2000/0x0",
                                                   "-j MASQUERADE --random-fully"};
  program.chains[{"filter", "ACTORD-FORWARD"}] = {"-m mark --mark " + marked + " -j ACCEPT",
                                                  "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"};
  program.hooks = {{"nat", "PREROUTING", "-j ACTORD-SERVICES"},
                   {"nat", "OUTPUT", "-j ACTORD-SERVICES"},
                   {"nat", "POSTROUTING", "-j ACTORD-POSTROUTING"},
                   {"filter", "INPUT", "-m conntrack --ctstate NEW -j ACTORD-SERVICES"},
                   {"filter", "FORWARD", "-j ACTORD-FORWARD"},
                   {"filter", "FORWARD", "-m conntrack --ctstate NEW -j ACTORD-SERVICES"},
                   {"filter", "OUTPUT", "-m conntrack --ctstate NEW -j ACTORD-SERVICES"}};
}

} // namespace

iptables_program service_rules(const service_view& view) {
  iptables_program program;
  write_fixed_chains(program);
  dispatch_table forward(program, "nat");
  dispatch_table refused(program, "filter");
  const endpoint_index endpoints(view);
  const std::string cluster_cidr = canonical_cidr(view.cluster_cidr);
  std::vector<const service_port_entry*> services;
  for (const auto& service : view.services) {
    if (service.port != 0) services.push_back(&service);
  }
  std::sort(services.begin(), services.end(),
            [](const auto* left, const auto* right) { return *left < *right; });
  for (const auto* service : services) {
    service_writer(program, forward, refused, *service, endpoints.choose(*service), cluster_cidr).write();
  }
  forward.finish();
  refused.finish();
  return program;
}

std::vector<stale_flow> stale_flows(const service_view& before, const service_view& after) {
  const endpoint_index old_endpoints(before);
  const endpoint_index new_endpoints(after);
  std::map<std::string, const service_port_entry*> wanted;
  for (const auto& service : after.services) wanted.emplace(service_name(service), &service);
  std::set<stale_flow> flows;
  for (const auto& service : before.services) {
    if (service.protocol != transport_protocol::udp) continue;
    const auto now = wanted.find(service_name(service));
    const auto old_targets = old_endpoints.choose(service).cluster;
    const auto new_targets =
        now == wanted.end() ? std::vector<endpoint_target>() : new_endpoints.choose(*now->second).cluster;
    const auto forget = [&](const std::string& endpoint) {
      for (const auto* addresses :
           {&service.cluster_ips, &service.external_ips, &service.load_balancer_ips}) {
        for (const auto& address : *addresses) {
          if (is_ipv4(address)) flows.insert({address, service.port, endpoint});
        }
      }
      if (service.node_port != 0) flows.insert({"", service.node_port, endpoint});
    };
    for (const auto& target : old_targets) {
      const bool kept =
          std::any_of(new_targets.begin(), new_targets.end(), [&target](const endpoint_target& each) {
            return each.address == target.address && each.port == target.port;
          });
      if (!kept) forget(target.address);
    }
    if (old_targets.empty() && !new_targets.empty()) forget("");
  }
  return {flows.begin(), flows.end()};
}

} // namespace actord::net
