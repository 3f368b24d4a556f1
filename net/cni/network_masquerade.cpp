#include "net/cni/network_masquerade.hpp"

#include "net/cni/iptables_tool.hpp"

#include <iterator>
#include <sstream>
#include <utility>

namespace actord::net {
namespace {

/// Where the action stands in a rule's words, behind "-t TABLE".
constexpr std::size_t action_at = 2;

/// The rules of the system's chains that lead to ours.
std::vector<std::vector<std::string>> jumps(const cni_options& options) {
  const std::string chain = masquerade_chain(options);
  return {{"-t", "nat", "-A", "POSTROUTING", "-s", options.pod_cidr, "-j", chain},
          {"-t", "mangle", "-A", "PREROUTING", "-i", options.bridge, "-j", chain}};
}

/// The rules of a system chain that lead to ours, in the words of -S without "-A": what to delete, whoever
/// wrote them with which addresses.
std::vector<std::vector<std::string>> jumps_in(const std::string& listing, const std::string& chain) {
  std::vector<std::vector<std::string>> rules;
  std::istringstream lines(listing);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("-A ") || !line.ends_with(" -j " + chain)) continue;
    std::istringstream words(line.substr(3));
    rules.emplace_back(std::istream_iterator<std::string>(words), std::istream_iterator<std::string>());
  }
  return rules;
}

} // namespace

std::string masquerade_chain(const cni_options& options) { return "ACTORD-" + options.bridge; }

std::string masquerade_program(const cni_options& options) {
  const std::string chain = masquerade_chain(options);
  const std::string inside = options.cluster_cidr.empty() ? options.pod_cidr : options.cluster_cidr;
  std::string program = "*nat\n:" + chain + " - [0:0]\n";
  program += "-A " + chain + " -d " + inside + " -j RETURN\n";
  program += "-A " + chain + " -d 224.0.0.0/4 -j RETURN\n";
  program += "-A " + chain + " -j MASQUERADE\n";
  program += "COMMIT\n";
  // Host ports on 127.0.0.1 make the kernel route loopback addresses; pods must not reach the node's own
  // (CVE-2020-8558).
  program += "*mangle\n:" + chain + " - [0:0]\n-A " + chain + " -d 127.0.0.0/8 -j DROP\nCOMMIT\n";
  return program;
}

result<void> install_masquerade(const cni_options& options, program_runner& runner) {
  const iptables_tool tool(runner);
  if (auto loaded = tool.load(masquerade_program(options)); !loaded) return loaded;
  for (auto& rule : jumps(options))
    if (auto added = tool.ensure(std::move(rule), action_at); !added) return added;
  return {};
}

result<void> remove_masquerade(const cni_options& options, program_runner& runner) {
  const iptables_tool tool(runner);
  const std::string chain = masquerade_chain(options);
  for (const auto& [table, system_chain] :
       {std::pair("nat", "POSTROUTING"), std::pair("mangle", "PREROUTING")}) {
    const auto listed = tool.run({"-t", table, "-S", system_chain});
    if (!listed) return listed.error();
    for (std::vector<std::string> rule : jumps_in(listed->output, chain)) {
      rule.insert(rule.begin(), {"-t", table, "-D"});
      if (auto deleted = tool.must(std::move(rule)); !deleted) return deleted;
    }
    // Both fail where the chain is gone already.
    for (const char* action : {"-F", "-X"})
      if (const auto done = tool.run({"-t", table, action, chain}); !done) return done.error();
  }
  return {};
}

} // namespace actord::net
