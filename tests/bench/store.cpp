#include "schema/base/always.hpp"
#include "schema/base/clock.hpp"
#include "schema/base/json.hpp"
#include "schema/base/rng.hpp"
#include "schema/object/stored_object.hpp"
#include "schema/tables/resource_table.hpp"
#include "storage/encoding/bytes.hpp"
#include "storage/kv/lmdb_kv.hpp"
#include "storage/layout.hpp"
#include "storage/open_store.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <mutex>
#include <string>
#include <sys/resource.h>
#include <thread>
#include <vector>

/// What the store alone costs, next to a raw LMDB loop that writes the same rows in the same run.
///   bench_store [DIRECTORY [COUNT]]

using namespace actord;
using namespace actord::storage;
using namespace std::chrono_literals;

namespace {

struct measure {
  double wall_s = 0;
  double cpu_us = 0;
  double written_bytes = 0;
};

/// What was passed to write calls: the kernel's write_bytes counts whole folios of the page cache.
std::uint64_t bytes_written() {
  std::ifstream io("/proc/self/io");
  for (std::string word; io >> word;) {
    std::uint64_t value = 0;
    io >> value;
    if (word == "wchar:") return value;
  }
  return 0;
}

double cpu_us() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto us = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_usec);
  };
  return us(used.ru_utime) + us(used.ru_stime);
}

template <class Work>
measure timed(Work work) {
  const double cpu = cpu_us();
  const std::uint64_t written = bytes_written();
  const auto began = std::chrono::steady_clock::now();
  work();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  return {took.count(), cpu_us() - cpu, static_cast<double>(bytes_written() - written)};
}

void print(const char* what, std::size_t count, const measure& m) {
  const auto n = static_cast<double>(count);
  std::printf("%-44s %9.0f/s  %6.2f us CPU  %7.2f KB written  each\n", what, n / m.wall_s, m.cpu_us / n,
              m.written_bytes / n / 1024);
}

const schema::resource_type& config_map() {
  const auto type = schema::find_resource("", "v1", "configmaps");
  ALWAYS(type != nullptr);
  return *type;
}

/// A ConfigMap of 1 KiB; encoded once, renamed by encoding again (outside what is measured).
std::string encoded(const std::string& name, const std::string& uid) {
  json object = {{"apiVersion", "v1"},
                 {"kind", "ConfigMap"},
                 {"metadata",
                  {{"name", name},
                   {"namespace", "default"},
                   {"uid", uid},
                   {"creationTimestamp", "2026-01-01T00:00:00Z"}}},
                 {"data", {{"payload", std::string(1024, 'x')}}}};
  return schema::encode_object(config_map(), object, {"bench", "create", {}, {}, {}});
}

struct object {
  object_key key;
  std::string value;
};

std::vector<object> make_objects(std::size_t count, bool sequential, std::uint64_t seed) {
  seeded_random_source random(seed);
  std::vector<object> objects;
  objects.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    char number[24];
    std::snprintf(number, sizeof number, "%012zu", i);
    std::string name = sequential ? "bench-" + std::string(number) : "bench-" + random_suffix(random, 16);
    std::string value = encoded(name, new_uuid(random));
    objects.push_back({{config_map().id, "default", std::move(name)}, std::move(value)});
  }
  return objects;
}

/// Keeps `window` proposals under way until all are answered.
void run_creates(store& open, std::vector<object>& objects, std::size_t window, bool create) {
  std::mutex mutex;
  std::condition_variable changed;
  std::size_t under_way = 0;
  for (object& one : objects) {
    {
      std::unique_lock hold(mutex);
      changed.wait(hold, [&] { return under_way < window; });
      ++under_way;
    }
    transaction what;
    what.changes.push_back({one.key, {create, false, std::nullopt, {}}, put_value{one.value}});
    open.propose(std::move(what), [&](const outcome& got) {
      ALWAYS(std::holds_alternative<committed>(got));
      const std::scoped_lock hold(mutex);
      if (--under_way == window / 2 || window == 1) changed.notify_one();
    });
  }
  std::unique_lock hold(mutex);
  while (under_way > 0) changed.wait_for(hold, 1ms);
}

/// The same rows through the bare key-value store: a log row and an object row each, `batch` to a
/// transaction.
void run_raw(kv::environment& disk, const std::vector<object>& objects, std::size_t batch) {
  std::uint64_t index = 1;
  for (std::size_t i = 0; i < objects.size();) {
    const auto out = disk.write();
    std::string log;
    for (std::size_t j = 0; j < batch && i < objects.size(); ++j, ++i) {
      log.append(objects[i].key.name).append(objects[i].value);
      out->put(kv::table::objects, layout::address(objects[i].key), objects[i].value);
    }
    for (std::uint32_t chunk = 0; chunk * layout::log_chunk_bytes < log.size(); ++chunk) {
      out->append(kv::table::log, layout::log_row(raft_index{index}, chunk),
                  std::string_view(log).substr(chunk * layout::log_chunk_bytes, layout::log_chunk_bytes));
    }
    out->put(kv::table::meta, "state", std::string(64, 's'));
    ALWAYS(out->commit().has_value());
    ++index;
  }
}

std::unique_ptr<store> open_bench(const std::string& directory) {
  std::filesystem::remove_all(directory);
  auto opened =
      open_store({directory, system_clock_source(), system_random_source(), {}, 64ULL << 30U, nullptr});
  if (!opened) {
    std::fprintf(stderr, "bench_store: %s\n", opened.error().message.c_str());
    std::exit(1); // NOLINT(concurrency-mt-unsafe)
  }
  return std::move(opened).value();
}

void creates(const std::string& directory, std::size_t count, bool sequential) {
  auto objects = make_objects(count, sequential, 1);
  const char* const kind = sequential ? "sequential" : "random";
  for (const std::size_t window : {32, 256, 2048}) {
    auto open = open_bench(directory);
    const measure m = timed([&] { run_creates(*open, objects, window, true); });
    char title[80];
    std::snprintf(title, sizeof title, "create, %s names, %zu under way", kind, window);
    print(title, count, m);
    if (window == 256) {
      const measure again = timed([&] { run_creates(*open, objects, window, false); });
      std::snprintf(title, sizeof title, "update, %s names, %zu under way", kind, window);
      print(title, count, again);
    }
  }
  for (const std::size_t batch : {32, 256, 2048}) {
    std::filesystem::remove_all(directory);
    const auto disk = kv::open_lmdb({directory, 64ULL << 30U, false}).value();
    const measure m = timed([&] { run_raw(*disk, objects, batch); });
    char title[80];
    std::snprintf(title, sizeof title, "raw LMDB, %s names, %zu a transaction", kind, batch);
    print(title, count, m);
  }
}

void latency(const std::string& directory) {
  auto open = open_bench(directory);
  auto objects = make_objects(2000, false, 2);
  std::vector<double> us;
  for (object& one : objects) {
    std::vector<object> single;
    single.push_back(std::move(one));
    us.push_back(timed([&] { run_creates(*open, single, 1, true); }).wall_s * 1e6);
  }
  std::ranges::sort(us);
  std::printf("%-44s p50 %.0f us, p99 %.0f us\n", "create, a lone client", us[us.size() / 2],
              us[us.size() * 99 / 100]);
}

void reads(const std::string& directory, std::size_t count) {
  auto open = open_bench(directory);
  auto objects = make_objects(count, false, 3);
  run_creates(*open, objects, 2048, true);
  seeded_random_source random(4);
  const std::size_t gets = 500'000;
  std::size_t bytes = 0;
  print("get, a snapshot each, random", gets, timed([&] {
          for (std::size_t i = 0; i < gets; ++i) {
            bytes += open->read()->get(objects[random.next() % objects.size()].key).size();
          }
        }));
  const measure listed = timed([&] {
    for (int i = 0; i < 20; ++i) {
      for (const std::string_view value : open->read()->list(config_map().id, "default", {}, 0).values)
        bytes += value.size();
    }
  });
  print("list, objects", count * 20, listed);
  print("count, objects", count * 20, timed([&] {
          for (int i = 0; i < 20; ++i) bytes += open->read()->count(config_map().id, "default");
        }));
  ALWAYS(bytes > 0);
}

void fan_out(const std::string& directory, std::size_t watchers, std::size_t count) {
  auto open = open_bench(directory);
  auto objects = make_objects(count, true, 5);
  struct watching {
    std::unique_ptr<watch_cursor> cursor;
    std::size_t seen = 0;
  };
  std::vector<watching> all(watchers);
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::size_t> due;
  for (std::size_t i = 0; i < watchers; ++i) {
    all[i].cursor = open->watch({config_map().id, {}, {}}, open->read()->at(),
                                [&, i] {
                                  const std::scoped_lock hold(mutex);
                                  due.push_back(i);
                                  changed.notify_one();
                                })
                        .value();
  }
  const measure m = timed([&] {
    std::thread reader([&] {
      std::size_t done = 0;
      while (done < watchers) {
        std::vector<std::size_t> now;
        {
          std::unique_lock hold(mutex);
          changed.wait(hold, [&] { return !due.empty(); });
          now.swap(due);
        }
        for (const std::size_t i : now) {
          for (;;) {
            const auto events = all[i].cursor->next(256).value();
            all[i].seen += events.size();
            if (events.empty()) break;
          }
          if (all[i].seen == count) ++done;
        }
      }
    });
    run_creates(*open, objects, 256, true);
    reader.join();
  });
  char title[80];
  std::snprintf(title, sizeof title, "watch, %zu watchers, events handed out", watchers);
  print(title, watchers * count, m);
}

void idle_watchers(const std::string& directory) {
  auto open = open_bench(directory);
  auto objects = make_objects(5000, true, 6);
  std::vector<std::unique_ptr<watch_cursor>> cursors;
  for (int i = 0; i < 10'000; ++i) {
    cursors.push_back(
        open->watch({config_map().id, "default", "idle-" + std::to_string(i)}, open->read()->at(), [] {})
            .value());
  }
  print("create beside 10,000 idle watchers", objects.size(),
        timed([&] { run_creates(*open, objects, 256, true); }));
}

} // namespace

int main(int argc, char** argv) {
  const std::string directory = argc > 1 ? argv[1] : "/tmp/actord-store-bench." + std::to_string(::getpid());
  const std::size_t count = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 30'000;
  creates(directory, count, true);
  creates(directory, count, false);
  latency(directory);
  reads(directory, count);
  fan_out(directory, 200, 3000);
  idle_watchers(directory);
  std::filesystem::remove_all(directory);
  return 0;
}
