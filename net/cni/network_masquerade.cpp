#include "net/cni/network_masquerade.hpp"

#include <iterator>
#include <sstream>
#include <utility>

namespace actord::net {
namespace {

using namespace std::chrono_literals;
constexpr auto patience = 10s;
const std::vector<std::string> search_path{
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"};

std::vector<std::string> iptables(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"/usr/sbin/iptables", "-w", "5"});
  return arguments;
}

/// The rules of the system's chains that lead to ours, for -C, -A or -D.
std::vector<std::vector<std::string>> jumps(const cni_options& options, const std::string& action) {
  const std::string chain = masquerade_chain(options);
  return {iptables({"-t", "nat", action, "POSTROUTING", "-s", options.pod_cidr, "-j", chain}),
          iptables({"-t", "mangle", action, "PREROUTING", "-i", options.bridge, "-j", chain})};
}

result<void> must_succeed(const result<program_reply>& reply) {
  if (!reply) return reply.error();
  if (!reply->succeeded) return error{.message = "iptables failed: " + reply->error_output.substr(0, 1000)};
  return {};
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
  auto restored = must_succeed(runner.run({"/usr/sbin/iptables-restore", "-w", "5", "--noflush"}, search_path,
                                          masquerade_program(options), patience));
  if (!restored) return restored;
  const auto checks = jumps(options, "-C");
  const auto additions = jumps(options, "-A");
  for (std::size_t at = 0; at < checks.size(); ++at) {
    const auto present = runner.run(checks[at], search_path, {}, patience);
    if (!present) return present.error();
    if (present->succeeded) continue;
    if (auto added = must_succeed(runner.run(additions[at], search_path, {}, patience)); !added) return added;
  }
  return {};
}

namespace {

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

result<void> remove_masquerade(const cni_options& options, program_runner& runner) {
  const std::string chain = masquerade_chain(options);
  for (const auto& [table, system_chain] :
       {std::pair("nat", "POSTROUTING"), std::pair("mangle", "PREROUTING")}) {
    const auto listed = runner.run(iptables({"-t", table, "-S", system_chain}), search_path, {}, patience);
    if (!listed) return listed.error();
    for (std::vector<std::string> rule : jumps_in(listed->output, chain)) {
      rule.insert(rule.begin(), {"-t", table, "-D"});
      if (auto deleted = must_succeed(runner.run(iptables(rule), search_path, {}, patience)); !deleted)
        return deleted;
    }
    // Both fail where the chain is gone already.
    for (const char* action : {"-F", "-X"})
      if (const auto done = runner.run(iptables({"-t", table, action, chain}), search_path, {}, patience);
          !done)
        return done.error();
  }
  return {};
}

} // namespace actord::net
