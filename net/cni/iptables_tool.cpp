#include "net/cni/iptables_tool.hpp"

#include <chrono>
#include <utility>

namespace actord::net {
namespace {

using namespace std::chrono_literals;
constexpr auto patience = 10s;
const std::vector<std::string> search_path{
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"};

result<void> must_succeed(const result<program_reply>& reply) {
  if (!reply) return reply.error();
  if (!reply->succeeded) return error{.message = "iptables failed: " + reply->error_output.substr(0, 1000)};
  return {};
}

} // namespace

result<void> iptables_tool::load(const std::string& program) const {
  return must_succeed(
      runner_.run({"/usr/sbin/iptables-restore", "-w", "5", "--noflush"}, search_path, program, patience));
}

result<program_reply> iptables_tool::run(std::vector<std::string> words) const {
  words.insert(words.begin(), {"/usr/sbin/iptables", "-w", "5"});
  return runner_.run(words, search_path, {}, patience);
}

result<void> iptables_tool::must(std::vector<std::string> words) const {
  return must_succeed(run(std::move(words)));
}

result<void> iptables_tool::ensure(std::vector<std::string> words, std::size_t at) const {
  std::vector<std::string> question = words;
  question.at(at) = "-C";
  const auto present = run(std::move(question));
  if (!present) return present.error();
  return present->succeeded ? result<void>() : must(std::move(words));
}

} // namespace actord::net
