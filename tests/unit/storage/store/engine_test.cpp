#include "schema/base/always.hpp"
#include "schema/base/clock.hpp"
#include "schema/base/rng.hpp"
#include "storage/kv/lmdb_kv.hpp"
#include "storage/kv/memory_kv.hpp"
#include "storage/member/store_engine.hpp"
#include "storage/open_store.hpp"
#include "tests/unit/storage/temporary_directory.hpp"
#include "tests/unit/storage/test_values.hpp"

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <future>
#include <thread>

/// The store around its replica: queues, limits, time and restarts.

using namespace actord;
using namespace actord::storage;
using namespace actord::storage::test;
using namespace std::chrono_literals;

namespace {

constexpr resource_id things{9};

test_value thing(const std::string& name, std::string text = "x") {
  return {{things, "default", name}, "u", std::move(text), {}, {}, {}, 0};
}

/// A clock whose wall time someone sets back.
class shifted_clock final : public clock_source {
public:
  [[nodiscard]] wall_time wall_now() const override { return clock_.wall_now() + shift_; }
  [[nodiscard]] steady_time steady_now() const override { return clock_.steady_now(); }
  void advance(std::chrono::nanoseconds by) { clock_.advance(by); }
  void shift(std::chrono::nanoseconds by) { shift_ += by; }

private:
  manual_clock_source clock_{wall_time{1'700'000'000s}};
  std::chrono::nanoseconds shift_{0};
};

/// An engine on a memory disk, stepped by the calls themselves.
struct stepped {
  shifted_clock clock;
  seeded_random_source random{5};
  kv::memory_disk disk;
  store_limits limits;
  std::unique_ptr<store_engine> engine;

  stepped() {
    BOOST_REQUIRE(initialise_member(*kv::open_memory(disk), {1, "the-cluster"}, {{1, true}}).has_value());
  }
  result<void> open() {
    engine.reset();
    engine = std::make_unique<store_engine>(engine_parts{
        kv::open_memory(disk), std::make_unique<no_transport>(), codec(), clock, random, limits, {}});
    return engine->start();
  }
  std::optional<outcome> propose(object_change one) {
    std::optional<outcome> got;
    transaction what;
    what.changes.push_back(std::move(one));
    engine->propose(std::move(what), [&](outcome answer) { got = std::move(answer); });
    return got;
  }
};

error refusal_of(const std::optional<outcome>& got) {
  BOOST_REQUIRE(got && std::holds_alternative<refused>(*got));
  return std::get<refused>(*got).why;
}

} // namespace

BOOST_AUTO_TEST_SUITE(the_store_engine)

BOOST_FIXTURE_TEST_CASE(each_start_of_a_sole_voter_is_a_new_term, stepped) {
  std::uint64_t before = 0;
  for (int i = 0; i < 3; ++i) {
    BOOST_REQUIRE(open().has_value());
    BOOST_TEST(engine->status().leading);
    BOOST_TEST(engine->status().term.value > before);
    before = engine->status().term.value;
    BOOST_TEST(std::holds_alternative<committed>(*propose(put(thing("a")))));
  }
  BOOST_TEST(engine->cluster_id() == "the-cluster");
}

BOOST_FIXTURE_TEST_CASE(time_never_goes_back, stepped) {
  BOOST_REQUIRE(open().has_value());
  wall_time seen{};
  const auto decide = [&seen](const object_head&, wall_time now) -> result<resolved_change> {
    BOOST_TEST((now >= seen));
    seen = now;
    return resolved_change(put_value{encode(thing("a"))});
  };
  propose({thing("a").key, {}, decide_change(decide)});
  const wall_time first = seen;
  clock.shift(-1h);
  BOOST_TEST((engine->now() == first));
  propose({thing("a").key, {}, decide_change(decide)});
  BOOST_TEST((seen == first));
  clock.shift(2h);
  propose({thing("a").key, {}, decide_change(decide)});
  BOOST_TEST((seen == first + 1h));
}

BOOST_FIXTURE_TEST_CASE(a_full_queue_refuses_at_once, stepped) {
  limits.queued_proposals = 3;
  BOOST_REQUIRE(open().has_value());
  std::vector<std::string> answers;
  // Proposals made inside an answer wait: none is taken before the answer returns.
  const auto nested = [&](outcome) {
    for (int i = 0; i < 5; ++i) {
      transaction what;
      what.changes.push_back(put(thing("n" + std::to_string(i))));
      engine->propose(std::move(what), [&](outcome got) {
        const auto* no = std::get_if<refused>(&got);
        answers.emplace_back(no == nullptr ? "done" : std::string(status_reason(no->why.kind)));
      });
    }
  };
  transaction first;
  first.changes.push_back(put(thing("a")));
  engine->propose(std::move(first), nested);
  BOOST_TEST(answers ==
             (std::vector<std::string>{"TooManyRequests", "TooManyRequests", "done", "done", "done"}));
}

BOOST_FIXTURE_TEST_CASE(a_transaction_that_is_too_large_is_refused, stepped) {
  BOOST_REQUIRE(open().has_value());
  transaction what;
  for (int i = 0; i < 6; ++i)
    what.changes.push_back(put(thing("n" + std::to_string(i), std::string(3U << 20U, 'x'))));
  std::optional<outcome> got;
  engine->propose(std::move(what), [&](outcome answer) { got = std::move(answer); });
  BOOST_TEST((refusal_of(got).kind == error_kind::too_large));
  BOOST_TEST(std::holds_alternative<committed>(*propose(put(thing("big", std::string(3U << 20U, 'x'))))));
  BOOST_TEST(test_codec::text_of(engine->read()->get(thing("big").key)).size() == 3U << 20U);
}

BOOST_FIXTURE_TEST_CASE(a_full_disk_makes_the_store_read_only_until_there_is_space, stepped) {
  BOOST_REQUIRE(open().has_value());
  propose(put(thing("a", "kept")));
  disk.limit_bytes(1);
  BOOST_TEST((refusal_of(propose(put(thing("a", "lost")))).kind == error_kind::unavailable));
  BOOST_TEST(!engine->status().writable);
  BOOST_TEST(test_codec::text_of(engine->read()->get(thing("a").key)) == "kept");
  BOOST_TEST((refusal_of(propose(put(thing("a")))).kind == error_kind::unavailable));
  bool confirmed = false;
  engine->confirm_reads([&](const result<void>& ready) { confirmed = ready.has_value(); });
  BOOST_TEST(confirmed);
  disk.limit_bytes(0);
  clock.advance(10s);
  BOOST_TEST(std::holds_alternative<committed>(*propose(put(thing("a", "new")))));
  BOOST_TEST(engine->status().writable);
  BOOST_REQUIRE(open().has_value());
  BOOST_TEST(test_codec::text_of(engine->read()->get(thing("a").key)) == "new");
}

BOOST_FIXTURE_TEST_CASE(waits_for_a_revision_or_for_its_time, stepped) {
  BOOST_REQUIRE(open().has_value());
  std::vector<std::string> fired;
  const auto note = [&](const char* name) {
    return [&fired, name](const result<void>& ready) {
      fired.push_back(std::string(name) + (ready ? "+" : "-"));
    };
  };
  propose(put(thing("a")));
  engine->wait_for(revision{1}, 1s, note("past"));
  engine->wait_for(revision{2}, 10s, note("next"));
  engine->wait_for(revision{9}, 1s, note("far"));
  BOOST_TEST(fired == std::vector<std::string>{"past+"});
  propose(put(thing("a")));
  BOOST_TEST(fired == (std::vector<std::string>{"past+", "next+"}));
  clock.advance(2s);
  propose(put(thing("a")));
  BOOST_TEST(fired == (std::vector<std::string>{"past+", "next+", "far-"}));
}

BOOST_FIXTURE_TEST_CASE(a_request_is_remembered_across_a_restart, stepped) {
  BOOST_REQUIRE(open().has_value());
  const auto attempt = [&](const std::string& id) {
    transaction what;
    what.request_id = id;
    what.changes.push_back(put(thing("a")));
    std::optional<outcome> got;
    engine->propose(std::move(what), [&](outcome answer) { got = std::move(answer); });
    return std::get<committed>(*got).revisions.at(0).value;
  };
  const std::uint64_t first = attempt("one");
  BOOST_REQUIRE(open().has_value());
  BOOST_TEST(attempt("one") == first);
  for (std::uint64_t i = 0; i < kept_requests; ++i) attempt("other" + std::to_string(i));
  BOOST_TEST(attempt("one") > first); // the table is bounded
  BOOST_TEST(kv::open_memory(disk)->entries(kv::table::requests) == kept_requests);
}

BOOST_FIXTURE_TEST_CASE(a_log_that_was_trimmed_is_taken_up_again, stepped) {
  limits.history_age = 10s;
  limits.history_bytes = 1U << 20U;
  BOOST_REQUIRE(open().has_value());
  for (int i = 0; i < 40; ++i) {
    clock.advance(5s);
    propose(put(thing("n" + std::to_string(i % 7), std::to_string(i))));
  }
  const store_status before = engine->status();
  BOOST_TEST(before.log_first > 5U);
  BOOST_TEST((before.compacted > revision{20}));
  BOOST_TEST((engine->watch({}, revision{5}, [] {}).error().kind == error_kind::expired));
  BOOST_TEST(kv::open_memory(disk)->entries(kv::table::versions) < 30U);
  BOOST_REQUIRE(open().has_value());
  BOOST_TEST(engine->status().log_first == before.log_first);
  auto cursor = engine->watch({}, before.compacted, [] {}).value();
  std::uint64_t at = before.compacted.value;
  const auto events = cursor->next(1000).value();
  for (const store_event& event : events) {
    BOOST_TEST(event.at.value == ++at);
    BOOST_REQUIRE(event.previous);
    BOOST_TEST(test_codec::text_of(*event.previous) ==
               std::to_string(std::stoi(test_codec::text_of(*event.value)) - 7));
  }
  BOOST_TEST(at == before.last.value);
  BOOST_TEST(std::holds_alternative<committed>(*propose(put(thing("more")))));
}

BOOST_AUTO_TEST_CASE(many_threads_write_read_and_watch) {
  const temporary_directory directory;
  store_options options{directory.path(), system_clock_source(), system_random_source(), {}, 1ULL << 30U,
                        &codec()};
  options.limits.watch_buffer_bytes = 10'000;
  auto open = open_store(std::move(options)).value();
  constexpr int writers = 3;
  constexpr int writes = 300;
  std::atomic<int> refusals{0};
  std::atomic<bool> done{false};
  std::thread reader([&] {
    revision last;
    while (!done) {
      const auto seen = open->read();
      ALWAYS(seen->at() >= last); // Boost.Test is for one thread
      last = seen->at();
      std::size_t listed = 0;
      seen->scan(things, "", [&](std::string_view) { return ++listed > 0; });
      ALWAYS(listed == seen->count(things, ""));
    }
  });
  std::thread watcher([&] {
    auto cursor = open->watch({}, revision{0}, [] {}).value();
    std::uint64_t at = 0;
    while (!done || at < open->status().last.value) {
      const auto events = cursor->next(7).value();
      for (const store_event& event : events) ALWAYS(event.at.value == ++at);
    }
  });
  std::vector<std::thread> all;
  for (int writer = 0; writer < writers; ++writer) {
    all.emplace_back([&, writer] {
      for (int i = 0; i < writes; ++i) {
        std::promise<outcome> got;
        transaction what;
        // All write one counter too: decided in order, whoever comes first.
        what.changes.push_back(put(thing("w" + std::to_string(writer) + "-" + std::to_string(i % 20))));
        what.changes.push_back(
            {thing("counter").key, {}, decide_change([](const object_head& head, wall_time) {
               const int was = head.exists() ? std::stoi(test_codec::text_of(head.value)) : 0;
               return result<resolved_change>(put_value{encode(thing("counter", std::to_string(was + 1)))});
             })});
        open->propose(std::move(what), [&](outcome answer) { got.set_value(std::move(answer)); });
        if (!std::holds_alternative<committed>(got.get_future().get())) ++refusals;
      }
    });
  }
  for (std::thread& one : all) one.join();
  done = true;
  reader.join();
  watcher.join();
  BOOST_TEST(refusals == 0);
  BOOST_TEST(test_codec::text_of(open->read()->get(thing("counter").key)) ==
             std::to_string(writers * writes));
  BOOST_TEST(test_codec::text_of(open->head(thing("counter").key)) == std::to_string(writers * writes));
}

BOOST_AUTO_TEST_SUITE_END()
