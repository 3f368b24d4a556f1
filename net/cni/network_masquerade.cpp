#include "net/cni/network_masquerade.hpp"

namespace actord::net {
namespace {

using namespace std::chrono_literals;
constexpr auto patience = 10s;
const std::vector<std::string> search_path{
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"};

std::vector<std::string> jump(const cni_options& options, const char* action) {
  return {
      "/usr/sbin/iptables",     "-w", "5", "-t", "nat", action, "POSTROUTING", "-s", options.pod_cidr, "-j",
      masquerade_chain(options)};
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
  return program + "COMMIT\n";
}

result<void> install_masquerade(const cni_options& options, program_runner& runner) {
  auto restored = must_succeed(runner.run({"/usr/sbin/iptables-restore", "-w", "5", "--noflush"}, search_path,
                                          masquerade_program(options), patience));
  if (!restored) return restored;
  const auto present = runner.run(jump(options, "-C"), search_path, {}, patience);
  if (!present) return present.error();
  if (present->succeeded) return {};
  return must_succeed(runner.run(jump(options, "-A"), search_path, {}, patience));
}

result<void> remove_masquerade(const cni_options& options, program_runner& runner) {
  for (auto jumped = runner.run(jump(options, "-D"), search_path, {}, patience); jumped && jumped->succeeded;)
    jumped = runner.run(jump(options, "-D"), search_path, {}, patience);
  for (const char* action : {"-F", "-X"}) {
    const auto done =
        runner.run({"/usr/sbin/iptables", "-w", "5", "-t", "nat", action, masquerade_chain(options)},
                   search_path, {}, patience);
    if (!done) return done.error();
  }
  return {};
}

} // namespace actord::net
