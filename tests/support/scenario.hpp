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

/// Plays every scenarios/PREFIX* of the test's folder and compares what comes of it line by line.
inline void each_file(const std::string& prefix,
                      const std::function<std::string(const std::string& text)>& play) {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(TEST_DATA_DIR) + "/scenarios")) {
    if (!entry.path().filename().string().starts_with(prefix)) continue;
    ++count;
    std::stringstream text;
    text << std::ifstream(entry.path()).rdbuf();
    const std::string actual = play(text.str());
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

} // namespace detail

/// Runs every scenarios/PREFIX*.txt through a fresh interpreter.
inline void
run_scenarios(const std::string& prefix,
              const std::function<std::function<std::string(const command&)>()>& fresh_interpreter) {
  detail::each_file(prefix,
                    [&](const std::string& text) { return detail::replay(text, fresh_interpreter()); });
}

/// One step of a story: its verb, and what follows that on the line. Appends what comes of it to `told`, in
/// lines of two spaces and a text.
using story_step = std::function<void(const std::string& verb, const std::string& rest, std::string& told)>;

/// The other form of a story: each line that is not indented, empty or a comment is a step, the indented
/// lines below it what came of it.
inline void run_stories(const std::string& prefix, const std::function<story_step()>& begin) {
  detail::each_file(prefix, [&](const std::string& text) {
    const story_step step = begin();
    std::istringstream lines(text);
    std::string told;
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("  ")) continue;
      told += line + '\n';
      if (line.empty() || line[0] == '#') continue;
      std::istringstream words(line);
      std::string verb;
      std::string rest;
      words >> verb;
      std::getline(words >> std::ws, rest);
      step(verb, rest, told);
    }
    return told;
  });
}

} // namespace actord::testing
