#include "schema/base/always.hpp"
#include "schema/base/clock.hpp"
#include "schema/base/rng.hpp"
#include "storage/encoding/checksum.hpp"
#include "storage/open_store.hpp"
#include "tests/unit/storage/test_values.hpp"

#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <mutex>
#include <poll.h>
#include <spawn.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

/// Kills a writing process with SIGKILL, again and again, and compares what it was told with what is there.
///
///   store_crash [KILLS [SEED]]     the test
///   store_crash writer DIR SEED    the process that is killed: tells on standard output what was
///   acknowledged to it
///                                  and what its watch saw, one record per write call
///
/// After each kill the store is opened again. Every acknowledged write must be there with its revision and
/// bytes; so must every event a watch was handed; every transaction must be there whole; and the stream of
/// events must go on without a gap or a repetition.

extern char** environ; // NOLINT: posix_spawn wants it

using namespace actord;
using namespace actord::storage;
using namespace actord::storage::test;
using namespace std::chrono_literals;

namespace {

constexpr resource_id things{9};

struct record {
  char kind = 0; ///< 'a': acknowledged, 'e': event
  std::uint64_t at = 0;
  std::uint32_t sum = 0;
};
constexpr std::size_t record_bytes = 16;

std::string encode_record(const record& from) {
  std::string out(1, from.kind);
  append_little(out, from.at);
  append_little(out, from.sum);
  out.resize(record_bytes);
  return out;
}

/// Checksum of a value without its revision, which the proposer stamps.
std::uint32_t sum_of(std::string_view value) { return crc32c(value.substr(sizeof(std::uint64_t))); }

store_options options(const std::string& directory) {
  store_options out{directory, system_clock_source(), system_random_source(), {}, 4ULL << 30U, &codec()};
  out.limits.history_bytes = 24U << 20U;
  out.limits.watch_buffer_bytes = 256U << 10U;
  return out;
}

std::unique_ptr<store> must_open(const std::string& directory) {
  auto opened = open_store(options(directory));
  ALWAYS_WITH(opened.has_value(), opened ? "" : opened.error().message);
  return std::move(opened).value();
}

[[noreturn]] void fail(const std::string& why) {
  std::fprintf(stderr, "store_crash: %s\n", why.c_str());
  std::exit(1); // NOLINT(concurrency-mt-unsafe)
}

// ---- the writer

class writer {
public:
  writer(const std::string& directory, std::uint64_t seed)
      : random_(seed), run_(seed), store_(must_open(directory)) {}

  [[noreturn]] void go() {
    revision from = store_->read()->at();
    auto cursor = store_->watch({}, from, [this] { wake(); }).value();
    for (;;) {
      while (under_way() < 24) propose();
      auto events = cursor->next(100).value();
      for (const store_event& event : events) tell({'e', event.at.value, sum_of(*event.value)});
      if (!events.empty()) continue;
      std::unique_lock hold(mutex_);
      changed_.wait_for(hold, 5ms, [this] { return std::exchange(woken_, false) || under_way_ < 16; });
    }
  }

private:
  std::size_t under_way() {
    const std::scoped_lock hold(mutex_);
    return under_way_;
  }
  void wake() {
    const std::scoped_lock hold(mutex_);
    woken_ = true;
    changed_.notify_one();
  }
  static void tell(const record& one) {
    const std::string bytes = encode_record(one);
    ALWAYS(::write(STDOUT_FILENO, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  }

  /// One to four changes; each value says which transaction it belongs to and how many belong to it.
  void propose() {
    const std::uint64_t changes = 1 + random_.next() % 4;
    const std::string tag = std::to_string(run_) + ":" + std::to_string(++transactions_);
    transaction what;
    std::vector<std::uint32_t> sums;
    for (std::uint64_t i = 0; i < changes; ++i) {
      test_value value{{things, "default", "n" + std::to_string(random_.next() % 300)},
                       "uid",
                       tag + " " + std::to_string(i) + " " + std::to_string(changes) + " " +
                           std::string(random_.next() % 5000, 'x'),
                       {{"app", "v" + std::to_string(random_.next() % 5)}},
                       {},
                       {},
                       0};
      sums.push_back(sum_of(encode(value)));
      const bool removes = i == 0 && random_.next() % 4 == 0;
      what.changes.push_back(removes ? remove(value, {false, true, std::nullopt, {}}) : put(value));
    }
    {
      const std::scoped_lock hold(mutex_);
      ++under_way_;
    }
    store_->propose(std::move(what), [this, sums = std::move(sums)](const outcome& got) {
      if (const auto* yes = std::get_if<committed>(&got)) {
        for (std::size_t i = 0; i < sums.size(); ++i) tell({'a', yes->revisions[i].value, sums[i]});
      } else {
        ALWAYS(std::holds_alternative<refused>(got));
      }
      const std::scoped_lock hold(mutex_);
      --under_way_;
      changed_.notify_one();
    });
  }

  seeded_random_source random_;
  std::uint64_t run_;
  std::uint64_t transactions_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool woken_ = false;
  std::size_t under_way_ = 0;
  std::unique_ptr<store> store_;
};

// ---- the one who kills and compares

class killer {
public:
  killer(std::string self, std::uint64_t seed) : self_(std::move(self)), random_(seed) {
    std::string pattern = (std::filesystem::temp_directory_path() / "actord-crash-XXXXXX").string();
    ALWAYS(::mkdtemp(pattern.data()) != nullptr);
    directory_ = pattern;
  }
  ~killer() {
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }
  killer(const killer&) = delete;
  killer& operator=(const killer&) = delete;

  void go(int kills) {
    for (int kill = 1; kill <= kills; ++kill) {
      compare(run_and_kill(kill), kill);
    }
    std::printf(
        "store_crash: %d kills, %llu changes, %llu acknowledged, %llu seen by watches, history from %llu\n",
        kills, static_cast<unsigned long long>(checked_), static_cast<unsigned long long>(acknowledged_),
        static_cast<unsigned long long>(watched_), static_cast<unsigned long long>(compacted_));
    if (acknowledged_ < static_cast<std::uint64_t>(kills) || watched_ < static_cast<std::uint64_t>(kills)) {
      fail("the writers were killed before they did anything");
    }
  }

private:
  std::vector<record> run_and_kill(int kill) {
    int pipe[2] = {-1, -1};
    ALWAYS(::pipe(pipe) == 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, pipe[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&actions, pipe[0]);
    posix_spawn_file_actions_addclose(&actions, pipe[1]);
    const std::string seed = std::to_string(kill * 1000 + static_cast<int>(random_.next() % 1000));
    std::string arguments[] = {self_, "writer", directory_, seed};
    char* argv[] = {arguments[0].data(), arguments[1].data(), arguments[2].data(), arguments[3].data(),
                    nullptr};
    pid_t child = 0;
    ALWAYS(::posix_spawn(&child, self_.c_str(), &actions, nullptr, argv, environ) == 0);
    posix_spawn_file_actions_destroy(&actions);
    ::close(pipe[1]);
    const std::string told = listen(pipe[0], child);
    ::close(pipe[0]);
    int status = 0;
    ALWAYS(::waitpid(child, &status, 0) == child);
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL) fail("the writer ended by itself");
    std::vector<record> records;
    for (std::size_t at = 0; at + record_bytes <= told.size(); at += record_bytes) {
      records.push_back({told[at], load_little<std::uint64_t>(std::string_view(told).substr(at + 1)),
                         load_little<std::uint32_t>(std::string_view(told).substr(at + 9))});
    }
    return records;
  }

  /// Reads what the writer tells until its time is over; now and then that is while it still opens the store.
  std::string listen(int from, pid_t child) {
    using clock = std::chrono::steady_clock;
    const bool early = random_.next() % 8 == 0;
    const auto lives = early ? std::chrono::microseconds(random_.next() % 20'000)
                             : std::chrono::microseconds(10'000 + random_.next() % 80'000);
    auto until = clock::now() + (early ? std::chrono::microseconds(lives) : std::chrono::microseconds(20s));
    bool killed = false;
    std::string told;
    for (;;) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - clock::now()).count();
      if (!killed && left <= 0) {
        ::kill(child, SIGKILL);
        killed = true;
      }
      pollfd watch{from, POLLIN, 0};
      const int ready = ::poll(&watch, 1, killed ? -1 : static_cast<int>(left));
      ALWAYS(ready >= 0);
      if (ready == 0) continue;
      char buffer[65536];
      const ssize_t got = ::read(from, buffer, sizeof buffer);
      ALWAYS(got >= 0);
      if (got == 0) return told;
      if (told.empty() && !early) until = clock::now() + lives;
      told.append(buffer, static_cast<std::size_t>(got));
    }
  }

  void compare(const std::vector<record>& told, int kill) {
    const auto open = must_open(directory_);
    auto cursor = open->watch({}, revision{checked_}, [] {});
    if (!cursor) fail("history was lost: " + cursor.error().message);
    std::map<std::uint64_t, std::uint32_t> there;
    for (;;) {
      auto events = (*cursor)->next(500);
      if (!events) fail(events.error().message);
      if (events->empty()) break;
      for (const store_event& event : *events) check_event(*open, event, there);
    }
    if (checked_ != open->read()->at().value) fail("the events end before the newest revision");
    if (left_in_transaction_ != 0) fail("half a transaction is there");
    std::uint64_t watched = 0;
    for (const record& one : told) {
      const auto found = there.find(one.at);
      if (found == there.end()) {
        fail("kill " + std::to_string(kill) + ": revision " + std::to_string(one.at) +
             (one.kind == 'a' ? " was acknowledged and is gone" : " was handed to a watch and is gone"));
      }
      if (found->second != one.sum) fail("revision " + std::to_string(one.at) + " has other bytes");
      if (one.kind == 'a') {
        ++acknowledged_;
        continue;
      }
      ++watched_;
      if (watched != 0 && one.at != watched + 1) fail("a watch lost or repeated an event");
      watched = one.at;
    }
    compacted_ = open->status().compacted.value;
  }

  void check_event(const store& open, const store_event& event,
                   std::map<std::uint64_t, std::uint32_t>& there) {
    if (event.at.value != ++checked_) fail("event " + std::to_string(event.at.value) + " is out of order");
    there[event.at.value] = sum_of(*event.value);
    const std::string text = test_codec::text_of(*event.value);
    char tag[64];
    unsigned long position = 0;
    unsigned long changes = 0;
    ALWAYS(std::sscanf(text.c_str(), "%63s %lu %lu", tag, &position, &changes) == 3);
    if (left_in_transaction_ == 0) {
      transaction_ = tag;
      left_in_transaction_ = changes;
    }
    if (transaction_ != tag || position != changes - left_in_transaction_)
      fail("a transaction is torn apart");
    --left_in_transaction_;
    const auto snapshot = open.read();
    const std::string_view now = snapshot->get(event.key);
    if (now.empty() || codec().revision_of(now) != event.at) return;
    if (now != *event.value) fail("the object is not what its last event says");
  }

  std::string self_;
  seeded_random_source random_;
  std::string directory_;
  std::uint64_t checked_ = 0;
  std::uint64_t acknowledged_ = 0;
  std::uint64_t watched_ = 0;
  std::uint64_t compacted_ = 0;
  std::string transaction_;
  std::size_t left_in_transaction_ = 0;
};

} // namespace

int main(int argc, char** argv) {
  if (argc == 4 && std::strcmp(argv[1], "writer") == 0) {
    writer(argv[2], std::strtoull(argv[3], nullptr, 10)).go();
  }
  const int kills = argc > 1 ? std::atoi(argv[1]) : 200;
  const std::uint64_t seed = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
  std::printf("store_crash: seed %llu\n", static_cast<unsigned long long>(seed));
  killer(std::filesystem::read_symlink("/proc/self/exe").string(), seed).go(kills);
  return 0;
}
