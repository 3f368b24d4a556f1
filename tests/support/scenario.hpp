#pragma once

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
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

inline bool command::has(const std::string& name) const {
  return std::any_of(words.begin(), words.end(),
                     [&](const auto& word) { return word == name || word.starts_with(name + '='); });
}

inline std::string command::value(const std::string& name, const std::string& fallback) const {
  for (const auto& word : words)
    if (word.starts_with(name + '=')) return word.substr(name.size() + 1);
  return fallback;
}

namespace detail {

inline command parse(const std::string& line) {
  std::istringstream in(line);
  command out;
  for (std::string word; in >> word;) out.words.push_back(word);
  return out;
}

inline std::string replay(const std::string& text, const std::function<std::string(const command&)>& run) {
  std::istringstream in(text);
  std::string out;
  bool in_output = false;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("> ")) {
      out += line + '\n' + run(parse(line.substr(2)));
      in_output = true;
    } else if (line.empty() || line.starts_with("#")) {
      out += line + '\n';
      in_output = false;
    } else {
      BOOST_TEST(in_output, "output without a command: " << line);
    }
  }
  return out;
}

} // namespace detail

/// Runs every scenarios/PREFIX*.txt through a fresh interpreter and compares the output line by line.
inline void
run_scenarios(const std::string& prefix,
              const std::function<std::function<std::string(const command&)>()>& fresh_interpreter) {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(TEST_DATA_DIR) + "/scenarios")) {
    if (!entry.path().filename().string().starts_with(prefix)) continue;
    ++count;
    std::stringstream text;
    text << std::ifstream(entry.path()).rdbuf();
    const std::string actual = detail::replay(text.str(), fresh_interpreter());
    if (std::getenv("ACTORD_REWRITE") != nullptr) {
      std::ofstream(entry.path()) << actual;
      continue;
    }
    std::istringstream wanted_lines(text.str()), actual_lines(actual);
    std::string wanted, got;
    for (int line = 1;; ++line) {
      const bool more_wanted = static_cast<bool>(std::getline(wanted_lines, wanted));
      const bool more_got = static_cast<bool>(std::getline(actual_lines, got));
      if (!more_wanted && !more_got) break;
      if (!more_wanted) wanted.clear();
      if (!more_got) got.clear();
      BOOST_TEST(got == wanted, entry.path().filename().string()
                                    << ':' << line << "\n  wanted " << wanted << "\n  got    " << got);
      if (got != wanted) break;
    }
  }
  BOOST_TEST(count > 0U, "no scenario begins with " << prefix);
}

} // namespace actord::testing
