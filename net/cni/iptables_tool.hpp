#pragma once

#include "net/cni/program_runner.hpp"
#include "schema/base/result.hpp"

#include <string>
#include <vector>

namespace actord::net {

/// The few rules that pods' networks have besides the Services' (net/services), by running iptables. Blocks.
class iptables_tool {
public:
  /// `runner` outlives it.
  explicit iptables_tool(program_runner& runner) : runner_(runner) {}

  /// Replaces the chains that a program for iptables-restore names, and leaves all others.
  [[nodiscard]] result<void> load(const std::string& program) const;
  /// Runs iptables with these words, and says how that went.
  [[nodiscard]] result<program_reply> run(std::vector<std::string> words) const;
  /// The same, where anything but success is an error.
  [[nodiscard]] result<void> must(std::vector<std::string> words) const;
  /// Adds a rule with the action of `words` ("-A", "-I") unless it is there. `at`: where in `words` that
  /// action stands.
  [[nodiscard]] result<void> ensure(std::vector<std::string> words, std::size_t at) const;

private:
  program_runner& runner_;
};

} // namespace actord::net
