#include "tests/sim/failure.hpp"
#include "tests/sim/world.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fmt/format.h>
#include <map>
#include <spdlog/spdlog.h>
#include <thread>
#include <unistd.h>
#include <vector>

/// The simulator: whole clusters, one thread and one seed each.
///   sim --seeds 0-1999        runs them all, stops at the first that fails (--keep-going: tells of each)
///   sim --seed 17 --tell      replays one and tells what happens

namespace {

using namespace actord::sim;

thread_local std::uint64_t running_seed = 0;

/// A broken invariant of the product ends the process by itself; the seed must still be known.
void on_abort(int) {
  char text[64];
  const int size = std::snprintf(text, sizeof text, "sim: aborted in seed %llu\n",
                                 static_cast<unsigned long long>(running_seed));
  if (size > 0) static_cast<void>(!::write(STDERR_FILENO, text, static_cast<std::size_t>(size)));
}

struct totals {
  std::atomic<std::uint64_t> committed{0}, reads{0}, faults{0}, terms{0}, changes{0}, damages{0}, rumours{0},
      failed{0};
};

bool run_one(run_options options, totals& sum) {
  running_seed = options.seed;
  try {
    const run_report report = world(options).run();
    sum.committed += report.committed;
    sum.reads += report.confirmed_reads;
    sum.faults += report.faults;
    sum.terms += report.terms;
    sum.changes += report.changes;
    sum.damages += report.damages;
    sum.rumours += report.rumours;
    if (options.tell)
      fmt::print("seed {}: {} members, {} faults, {} terms, {} writes, trace {:016x}\n", options.seed,
                 report.members, report.faults, report.terms, report.committed, report.trace);
    return true;
  } catch (const failure& broken) {
    ++sum.failed;
    constexpr std::array names{"seed", "store", "api"};
    std::fflush(stdout); // what led to it comes first
    fmt::print(stderr, "seed {} FAILED: {}\n  replay: sim --seed {} --members {} --clients {} --tell\n",
               options.seed, broken.what(), options.seed, options.members,
               names.at(static_cast<std::size_t>(options.clients)));
    return false;
  }
}

} // namespace

int main(int argc, char** argv) {
  run_options options;
  std::string seeds = "0-199";
  std::size_t threads = 1;
  CLI::App app("Simulated clusters: consensus, store, watches and clients under faults, from a seed.");
  app.add_option("--seeds", seeds, "FROM-TO, both included")->capture_default_str();
  const auto* single = app.add_option("--seed", options.seed, "one seed");
  app.add_option("--members", options.members, "1, 3 or 5; 0: the seed decides")->capture_default_str();
  app.add_option("--clients", options.clients,
                 "ask the stores, or the API above them; seed: every fifth has one")
      ->transform(CLI::CheckedTransformer(std::map<std::string, floor_of>{{"seed", floor_of::seed},
                                                                          {"store", floor_of::store},
                                                                          {"api", floor_of::api}},
                                          CLI::ignore_case));
  app.add_option("--threads", threads, "runs side by side")->capture_default_str();
  bool keep_going = false;
  app.add_flag("--keep-going", keep_going, "run the other seeds too after one that fails");
  std::string wrong = "none";
  app.add_option("--mutant", wrong, "be wrong in this way, to see that it is noticed")->capture_default_str();
  app.add_flag("--tell", options.tell, "print what happens");
  app.add_flag("--messages", options.tell_messages, "and every message that arrives");
  CLI11_PARSE(app, argc, argv);
  const auto* named = std::ranges::find(mutants, wrong, &named_mutant::name);
  if (named == mutants.end()) {
    fmt::print(stderr, "sim: there is no mutant {}; there are", wrong);
    for (const named_mutant& each : mutants) fmt::print(stderr, " {}", each.name);
    fmt::print(stderr, "\n");
    return 2;
  }
  options.wrong = named->what;
  spdlog::set_level(spdlog::level::off);
  std::signal(SIGABRT, on_abort);
  totals sum;
  if (*single) return run_one(options, sum) ? EXIT_SUCCESS : EXIT_FAILURE;
  const auto dash = seeds.find('-');
  const std::uint64_t first = std::strtoull(seeds.c_str(), nullptr, 10);
  const std::uint64_t last =
      dash == std::string::npos ? first : std::strtoull(seeds.c_str() + dash + 1, nullptr, 10);
  std::atomic<std::uint64_t> next{first};
  std::vector<std::jthread> workers;
  for (std::size_t i = 0; i < threads; ++i)
    workers.emplace_back([&] {
      for (std::uint64_t seed = next++; seed <= last && (keep_going || sum.failed == 0); seed = next++) {
        run_options one = options;
        one.seed = seed;
        run_one(one, sum);
      }
    });
  workers.clear();
  if (sum.failed != 0) {
    fmt::print(stderr, "{} of {} seeds failed{}\n", sum.failed.load(), last - first + 1,
               keep_going ? "" : ", and not all ran");
    return EXIT_FAILURE;
  }
  fmt::print(
      "{} seeds: {} faults, {} damaged disks, {} changes of members, {} members told wrongly that another is "
      "gone, {} terms, {} writes acknowledged, {} reads confirmed, nothing wrong\n",
      last - first + 1, sum.faults.load(), sum.damages.load(), sum.changes.load(), sum.rumours.load(),
      sum.terms.load(), sum.committed.load(), sum.reads.load());
  return EXIT_SUCCESS;
}
