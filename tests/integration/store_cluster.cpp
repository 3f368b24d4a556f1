#include "tests/support/wire_stores.hpp"
#include "tests/unit/storage/test_values.hpp"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <unistd.h>

/// Three stores over real TLS on loopback, under writes, while their leader is stopped and comes back, again
/// and again. Nothing acknowledged may be lost, at the end all three hold the same, and nothing is there that
/// nobody wrote.
///
///   store_cluster [STOPS]

using namespace actord;
using namespace actord::storage;
using namespace actord::storage::test;
using namespace actord::testing;
using namespace std::chrono_literals;

namespace {

constexpr resource_id things{9};
constexpr int writers = 8;

object_key key_of(int writer, int number) {
  return {things, "default", "w" + std::to_string(writer) + "-" + std::to_string(number)};
}
std::string text_of(int writer, int number) {
  return std::to_string(writer * 1'000'000 + number) + std::string(200, 'x');
}

/// What became of one write. `unknown` may have taken effect.
enum class fate : std::uint8_t { committed, refused, unknown };

struct written {
  fate end = fate::unknown;
  revision at;
};

written write(store& open, int writer, int number) {
  std::mutex mutex;
  std::condition_variable changed;
  std::optional<outcome> got;
  transaction what;
  const auto key = key_of(writer, number);
  what.changes.push_back({key,
                          {true, false, std::nullopt, {}},
                          put_value{encode({key, "u", text_of(writer, number), {}, {}, {}, 0})}});
  open.propose(std::move(what), [&](outcome answer) {
    const std::scoped_lock hold(mutex);
    got = std::move(answer);
    changed.notify_all();
  });
  std::unique_lock hold(mutex);
  changed.wait(hold, [&] { return got.has_value(); });
  if (const auto* yes = std::get_if<committed>(&*got)) return {fate::committed, yes->revisions.at(0)};
  return {std::holds_alternative<refused>(*got) ? fate::refused : fate::unknown, {}};
}

/// Held shared by whoever uses the stores, alone by who stops one or starts it again.
struct gate {
  std::mutex mutex;
  std::condition_variable changed;
  int inside = 0;
  bool closed = false;

  void enter() {
    std::unique_lock hold(mutex);
    changed.wait(hold, [&] { return !closed; });
    ++inside;
  }
  void leave() {
    const std::scoped_lock hold(mutex);
    --inside;
    changed.notify_all();
  }
  void close() {
    std::unique_lock hold(mutex);
    closed = true;
    changed.wait(hold, [&] { return inside == 0; });
  }
  void open() {
    const std::scoped_lock hold(mutex);
    closed = false;
    changed.notify_all();
  }
};

void require(bool holds, const std::string& what) {
  if (holds) return;
  std::fprintf(stderr, "store_cluster: %s\n", what.c_str());
  std::_Exit(1);
}

} // namespace

int main(int argc, char** argv) {
  const int stops = argc > 1 ? std::atoi(argv[1]) : 5;
  const std::string directory = "/tmp/actord-store-cluster." + std::to_string(::getpid());
  spdlog::set_level(spdlog::level::warn);
  std::vector<std::map<int, written>> fates(writers);
  {
    wire_stores members(directory, &codec());
    members.form(3);
    gate stores;
    std::atomic<bool> stop{false};
    std::atomic<int> acknowledged{0};
    std::vector<std::thread> threads;
    for (int writer = 0; writer < writers; ++writer) {
      threads.emplace_back([&, writer] {
        for (int number = 0; !stop; ++number) {
          // Another try of a write that was refused; one whose fate is unknown is never tried again.
          while (!stop) {
            stores.enter();
            const written got = write(members[members.leader()], writer, number);
            stores.leave();
            fates[static_cast<std::size_t>(writer)][number] = got;
            if (got.end == fate::committed) ++acknowledged;
            if (got.end != fate::refused) break;
          }
        }
      });
    }
    const auto progress = [&](int more) {
      const int from = acknowledged;
      while (acknowledged < from + more) std::this_thread::sleep_for(1ms);
    };
    for (int round = 0; round < stops; ++round) {
      progress(300);
      const member_id leader = members.leader();
      // Its calls are answered (as unknown) before it ends: its process could not do that, its clients can.
      stores.close();
      members.stop(leader);
      stores.open();
      progress(300);
      stores.close();
      members.restart(leader);
      stores.open();
    }
    progress(300);
    stop = true;
    for (auto& thread : threads) thread.join();

    const revision last = members[members.leader()].status().last;
    std::map<member_id, std::string> contents;
    for (const member_id id : {1, 2, 3}) {
      std::mutex mutex;
      std::condition_variable changed;
      std::optional<result<void>> reached;
      members[id].wait_for(last, 30s, [&](result<void> got) {
        const std::scoped_lock hold(mutex);
        reached = std::move(got);
        changed.notify_all();
      });
      std::unique_lock hold(mutex);
      changed.wait(hold, [&] { return reached.has_value(); });
      require(reached->has_value(), "member " + std::to_string(id) + " does not catch up");
      members[id].read()->scan(things, "default", [&](std::string_view value) {
        contents[id].append(value);
        return true;
      });
    }
    require(contents[1] == contents[2] && contents[2] == contents[3], "members differ");

    std::size_t kept = 0;
    std::size_t lost = 0;
    std::size_t possible = 0;
    const auto view = members[1].read();
    for (int writer = 0; writer < writers; ++writer) {
      for (const auto& [number, what] : fates[static_cast<std::size_t>(writer)]) {
        const std::string_view value = view->get(key_of(writer, number));
        if (what.end == fate::committed) {
          const auto facts = codec().facts(value);
          ++kept;
          lost += value.empty() || value.find(text_of(writer, number)) == std::string_view::npos ||
                          load_little<std::uint64_t>(value) != what.at.value
                      ? 1U
                      : 0U;
        } else if (what.end == fate::refused) {
          require(value.empty(), "a refused write took effect");
        } else if (!value.empty()) {
          ++possible;
        }
      }
    }
    require(lost == 0, std::to_string(lost) + " acknowledged writes are lost");
    require(view->count(things, "default") == kept + possible, "there are objects that nobody wrote");
    std::printf(
        "%d stops of the leader: %zu writes acknowledged, none lost; %zu of unknown fate took effect\n",
        stops, kept, possible);
  }
  std::filesystem::remove_all(directory);
  return 0;
}
