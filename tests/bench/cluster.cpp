#include "schema/base/json.hpp"
#include "schema/object/stored_object.hpp"
#include "schema/tables/resource_table.hpp"
#include "tests/support/wire_stores.hpp"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sys/resource.h>
#include <unistd.h>

/// Synced creates of 1 KiB in a cluster of three whole stores in one process, over real TLS on loopback.
///   bench_cluster [DIRECTORY [SECONDS [CLIENTS...]]]

using namespace actord;
using namespace actord::storage;
using namespace actord::testing;

namespace {

double cpu_s() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto s = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return s(used.ru_utime) + s(used.ru_stime);
}

/// On a processor, of all threads of that name.
double thread_s(const std::string& name) {
  double total = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) {
    std::string is;
    std::getline(std::ifstream(entry.path() / "comm"), is);
    double ns = 0;
    if (is == name && std::ifstream(entry.path() / "schedstat") >> ns) total += ns / 1e9;
  }
  return total;
}

const schema::resource_type& config_map() {
  const auto type = schema::find_resource("", "v1", "configmaps");
  ALWAYS(type != nullptr);
  return *type;
}

std::string encoded(const std::string& name, const std::string& uid) {
  const json object = {{"apiVersion", "v1"},
                       {"kind", "ConfigMap"},
                       {"metadata",
                        {{"name", name},
                         {"namespace", "default"},
                         {"uid", uid},
                         {"creationTimestamp", "2026-01-01T00:00:00Z"}}},
                       {"data", {{"payload", std::string(1024, 'x')}}}};
  return schema::encode_object(config_map(), object, {"bench", "create", {}, {}, {}});
}

struct latencies {
  std::mutex mutex;
  std::condition_variable changed;
  std::size_t under_way = 0;
  std::vector<double> ms;
};

void run(wire_stores& members, std::size_t clients, double seconds) {
  static std::atomic<std::uint64_t> next{0};
  seeded_random_source random(next + 1);
  store& leader = members[members.leader()];
  latencies seen;
  const auto sent = [&] {
    std::uint64_t messages = 0;
    for (const member_id id : {1, 2, 3}) {
      for (const auto& status : members.network(id).peers()) messages += status.raft_sent;
    }
    return messages;
  };
  const double cpu = cpu_s();
  const double wire = thread_s("peers");
  const std::uint64_t messages = sent();
  const auto began = std::chrono::steady_clock::now();
  const auto until = began + std::chrono::duration<double>(seconds);
  while (std::chrono::steady_clock::now() < until) {
    std::string name = "bench-" + std::to_string(++next);
    std::string value = encoded(name, new_uuid(random));
    {
      std::unique_lock hold(seen.mutex);
      seen.changed.wait(hold, [&] { return seen.under_way < clients; });
      ++seen.under_way;
    }
    transaction what;
    what.changes.push_back({{config_map().id, "default", std::move(name)},
                            {true, false, std::nullopt, {}},
                            put_value{std::move(value)}});
    const auto at = std::chrono::steady_clock::now();
    leader.propose(std::move(what), [&seen, at](const outcome& got) {
      ALWAYS(std::holds_alternative<committed>(got));
      const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - at;
      const std::scoped_lock hold(seen.mutex);
      seen.ms.push_back(took.count());
      --seen.under_way;
      seen.changed.notify_one();
    });
  }
  {
    std::unique_lock hold(seen.mutex);
    seen.changed.wait(hold, [&] { return seen.under_way == 0; });
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  const auto count = static_cast<double>(seen.ms.size());
  std::ranges::sort(seen.ms);
  const auto at = [&](double part) { return seen.ms[static_cast<std::size_t>(part * (count - 1))]; };
  const auto passed = static_cast<double>(sent() - messages);
  std::printf("3 members, creates of 1 KiB, %4zu clients %8.0f/s  p50 %6.2f ms  p99 %6.2f ms  %6.1f us CPU "
              "each (all members); "
              "%.2f messages each, %.1f us of the wire's threads a message\n",
              clients, count / took.count(), at(0.5), at(0.99), (cpu_s() - cpu) / count * 1e6, passed / count,
              (thread_s("peers") - wire) / passed * 1e6);
}

} // namespace

int main(int argc, char** argv) {
  const std::string directory =
      argc > 1 ? argv[1] : "/tmp/actord-cluster-bench." + std::to_string(::getpid());
  const double seconds = argc > 2 ? std::strtod(argv[2], nullptr) : 10;
  spdlog::set_level(spdlog::level::warn);
  {
    wire_stores members(directory, nullptr);
    members.form(3);
    if (argc <= 3) {
      for (const std::size_t clients : {1U, 64U, 256U}) run(members, clients, seconds);
    }
    for (int i = 3; i < argc; ++i) run(members, std::strtoull(argv[i], nullptr, 10), seconds);
  }
  std::filesystem::remove_all(directory);
  return 0;
}
