#include "schema/base/json.hpp"
#include "tests/conformance/golden_replay/compare.hpp"
#include "tests/conformance/golden_replay/fake_server.hpp"
#include "tests/conformance/golden_replay/recording.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>

/// Replays recorded conversations against the write path and scores the answers per kind. With --floors, a
/// kind that scores less than the file says fails the run; --raise writes the scores into it where they are
/// higher.

namespace actord::golden {

namespace {

struct score {
  int steps = 0;
  int same = 0;
  int word_for_word = 0;
};

struct shape {
  int count = 0;
  std::string example;
};

struct tally {
  std::map<std::string, score> kinds;
  std::map<std::string, shape> shapes;
};

bool same_words(const json& step, const answer& got) {
  std::vector<std::string> wanted = step.value("warnings", std::vector<std::string>{});
  std::vector<std::string> ours;
  for (const std::string& warning : got.warnings) ours.push_back("299 - \"" + warning + "\"");
  std::ranges::sort(wanted);
  std::ranges::sort(ours);
  if (wanted.size() != ours.size()) return false;
  if (got.code < 400) return true;
  return matches_text(step["answer"].value("message", ""), got.body.value("message", ""));
}

std::string message_of(const json& body) {
  return body.is_object() ? body.value("message", "") : body.dump();
}

void judge(const json& recorded, std::size_t index, const answer& got, tally& total, bool verbose) {
  const json& step = recorded["steps"][index];
  const json& wanted = step["answer"];
  const int code = step["status"];
  std::vector<difference> found;
  if (code != got.code)
    found = {{"status", fmt::format("{} {}", code, message_of(wanted)),
              fmt::format("{} {}", got.code, message_of(got.body))}};
  else if (code >= 400)
    found = error_differences(wanted, got.body);
  else
    found = differences(wanted, got.body);

  score& kind = total.kinds[recorded["kind"]];
  ++kind.steps;
  const bool same = found.empty();
  kind.same += same ? 1 : 0;
  kind.word_for_word += same && same_words(step, got) ? 1 : 0;
  if (verbose && same && !same_words(step, got))
    fmt::print("{} {} {}: words\n  want {}\n  got  {}\n", recorded["kind"].get<std::string>(),
               recorded["id"].get<std::string>(), index, message_of(wanted), message_of(got.body));
  for (std::size_t at = 0; at < std::min<std::size_t>(found.size(), 6); ++at) {
    shape& known = total.shapes[recorded["kind"].get<std::string>() + " " + found[at].place];
    const std::string example = fmt::format(
        "case '{}' step {} {}\n        want {}\n        got  {}", recorded["id"].get<std::string>(), index,
        step["method"].get<std::string>(), found[at].wanted, found[at].got);
    if (known.count++ == 0) known.example = example;
    if (verbose) fmt::print("{} {} {}\n", recorded["kind"].get<std::string>(), found[at].place, example);
  }
}

/// "kind same" per line.
std::map<std::string, int> read_floors(const std::string& path) {
  std::map<std::string, int> floors;
  std::ifstream file(path);
  std::string kind;
  int floor = 0;
  while (file >> kind >> floor) floors[kind] = floor;
  return floors;
}

void print(const tally& total, int show) {
  std::vector<std::pair<std::string, shape>> shapes(total.shapes.begin(), total.shapes.end());
  std::ranges::stable_sort(shapes, std::greater{}, [](const auto& one) { return one.second.count; });
  for (std::size_t at = 0; at < std::min(shapes.size(), static_cast<std::size_t>(show)); ++at)
    fmt::print("{:5d} {}   e.g. {}\n", shapes[at].second.count, shapes[at].first, shapes[at].second.example);
  score sum;
  for (const auto& [kind, one] : total.kinds) {
    fmt::print("{:4d}/{:4d} same {:4d} word for word  {}\n", one.same, one.steps, one.word_for_word, kind);
    sum.steps += one.steps;
    sum.same += one.same;
    sum.word_for_word += one.word_for_word;
  }
  fmt::print("{}/{} steps same ({:.1f} %), {} word for word\n", sum.same, sum.steps,
             100.0 * sum.same / std::max(sum.steps, 1), sum.word_for_word);
}

} // namespace

int replay(const std::vector<std::string>& files, const std::string& floors_path, bool raise, int show,
           const std::string& only_kind, const std::string& only_case) {
  tally total;
  for (const std::string& file : files) {
    const std::string failed = read_recordings(file, [&](const json& recorded) {
      const std::string kind = recorded["kind"];
      if (kind.find(only_kind) == std::string::npos) return;
      if (!only_case.empty() && recorded["id"] != only_case) return;
      fake_server server;
      for (std::size_t index = 0; index < recorded["steps"].size(); ++index) {
        bool answered = true;
        const answer got = server.handle(recorded["steps"][index], answered);
        if (answered) judge(recorded, index, got, total, !only_case.empty() || show < 0);
      }
    });
    if (!failed.empty()) {
      fmt::print("{}: {}\n", file, failed);
      return 2;
    }
  }
  print(total, std::max(show, 0));
  if (floors_path.empty()) return 0;
  std::map<std::string, int> floors = read_floors(floors_path);
  bool below = false;
  for (const auto& [kind, floor] : floors) {
    const int now = total.kinds.contains(kind) ? total.kinds.at(kind).same : 0;
    if (now >= floor) continue;
    fmt::print("{}: {} steps same, fewer than the {} of {}\n", kind, now, floor, floors_path);
    below = true;
  }
  if (!raise) return below ? 1 : 0;
  for (const auto& [kind, one] : total.kinds) floors[kind] = std::max(floors[kind], one.same);
  std::ofstream file(floors_path);
  for (const auto& [kind, floor] : floors) file << kind << ' ' << floor << '\n';
  return below ? 1 : 0;
}

} // namespace actord::golden

int main(int argc, char** argv) {
  CLI::App program("Replays recorded API conversations against the write path");
  std::vector<std::string> files;
  std::string floors;
  std::string kind;
  std::string only;
  bool raise = false;
  int show = 30;
  program.add_option("files", files, "Recordings (xz)")->required();
  program.add_option("--floors", floors, "Lowest score per kind");
  program.add_flag("--raise", raise, "Write higher scores into the floors");
  program.add_option("--show", show, "Commonest differences to print; -1 prints each");
  program.add_option("--kind", kind, "Only kinds that contain this");
  program.add_option("--case", only, "Only this case, every difference printed");
  CLI11_PARSE(program, argc, argv);
  return actord::golden::replay(files, floors, raise, show, kind, only);
}
