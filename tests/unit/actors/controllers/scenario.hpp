#pragma once

#include <functional>
#include <string>
#include <vector>

/// Stories as text files: a line beginning with "> " is a command, the lines below it what it printed. Run
/// with ACTORD_REWRITE=1 to write down what is printed now; read the difference before you commit it.

namespace actord::testing {

/// Arguments of a command: words, and word=value pairs by name.
struct command {
  std::vector<std::string> words;
  [[nodiscard]] bool has(const std::string& name) const;
  [[nodiscard]] std::string value(const std::string& name, const std::string& fallback = {}) const;
};

/// Runs every scenarios/PREFIX*.txt through a fresh interpreter and compares the output line by line.
void run_scenarios(const std::string& prefix,
                   const std::function<std::function<std::string(const command&)>()>& fresh_interpreter);

} // namespace actord::testing
