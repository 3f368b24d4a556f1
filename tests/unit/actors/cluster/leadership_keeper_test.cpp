#include "actors/cluster/leadership_keeper.hpp"

#include <boost/test/unit_test.hpp>
#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

using namespace actord;

namespace {

/// A server's role as the test sets it, and what the keeper made of it.
class role_and_story {
public:
  void set(std::optional<raft_term> term) {
    const std::scoped_lock hold(mutex_);
    term_ = term;
  }
  [[nodiscard]] std::optional<raft_term> term() {
    const std::scoped_lock hold(mutex_);
    return term_;
  }
  void tell(std::string what) {
    const std::scoped_lock hold(mutex_);
    story_.push_back(std::move(what));
    changed_.notify_all();
  }
  /// The story, once it has that many lines.
  std::vector<std::string> wait(std::size_t lines) {
    std::unique_lock lock(mutex_);
    BOOST_REQUIRE(changed_.wait_for(lock, std::chrono::seconds(30), [&] { return story_.size() >= lines; }));
    return story_;
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<raft_term> term_;
  std::vector<std::string> story_;
};

class told_leadership final : public actors::leadership {
public:
  told_leadership(role_and_story& server, raft_term term) : server_(server), term_(term) {
    server_.tell("begins " + std::to_string(term_.value));
  }
  ~told_leadership() override { server_.tell("ends " + std::to_string(term_.value)); }

private:
  role_and_story& server_;
  raft_term term_;
};

struct kept {
  role_and_story server;
  int failures = 0; ///< beginnings still to fail
  bool own_thread = true;
  std::unique_ptr<actors::leadership_keeper> keeper;

  void start() {
    keeper = std::make_unique<actors::leadership_keeper>(actors::leadership_keeper::collaborators{
        .leading_in = [this] { return server.term(); },
        .begin = [this](raft_term term) -> result<std::unique_ptr<actors::leadership>> {
          if (failures > 0) {
            --failures;
            server.tell("fails");
            return error{error_kind::unavailable, "the disk is full"};
          }
          return std::unique_ptr<actors::leadership>(std::make_unique<told_leadership>(server, term));
        },
        .changed = [] {},
        .retry = std::chrono::milliseconds(1),
        .own_thread = own_thread});
  }
  void becomes(std::optional<raft_term> term) {
    server.set(term);
    keeper->look();
  }
};

using story = std::vector<std::string>;

} // namespace

BOOST_AUTO_TEST_SUITE(leadership_keeper)

BOOST_FIXTURE_TEST_CASE(leads_while_the_store_does, kept) {
  start();
  becomes(raft_term{3});
  server.wait(1);
  becomes({});
  BOOST_TEST(server.wait(2) == (story{"begins 3", "ends 3"}));
}

BOOST_FIXTURE_TEST_CASE(another_term_is_another_leadership, kept) {
  server.set(raft_term{3});
  start();
  server.wait(1);
  becomes(raft_term{5});
  BOOST_TEST(server.wait(3) == (story{"begins 3", "ends 3", "begins 5"}));
  // Looking again changes nothing.
  becomes(raft_term{5});
  keeper.reset();
  BOOST_TEST(server.wait(4) == (story{"begins 3", "ends 3", "begins 5", "ends 5"}));
}

BOOST_FIXTURE_TEST_CASE(tries_again_while_it_leads, kept) {
  failures = 2;
  server.set(raft_term{1});
  start();
  BOOST_TEST(!keeper->wait_for_first_attempt().has_value());
  BOOST_TEST(server.wait(3) == (story{"fails", "fails", "begins 1"}));
}

BOOST_FIXTURE_TEST_CASE(says_that_the_first_attempt_succeeded, kept) {
  server.set(raft_term{1});
  start();
  BOOST_TEST(keeper->wait_for_first_attempt().has_value());
  BOOST_TEST(server.wait(1) == (story{"begins 1"}));
}

BOOST_FIXTURE_TEST_CASE(without_a_thread_it_does_its_work_when_told, kept) {
  own_thread = false;
  failures = 1;
  server.set(raft_term{2});
  start();
  BOOST_TEST(server.wait(0).empty());
  keeper->step();
  BOOST_TEST(server.wait(0) == (story{"fails"}));
  keeper->step();
  BOOST_TEST(server.wait(0) == (story{"fails", "begins 2"}));
  becomes({});
  BOOST_TEST(server.wait(0) == (story{"fails", "begins 2"}));
  keeper->step();
  keeper->step();
  BOOST_TEST(server.wait(0) == (story{"fails", "begins 2", "ends 2"}));
}

BOOST_AUTO_TEST_SUITE_END()
