#include "schema/base/clock.hpp"
#include "schema/base/rng.hpp"
#include "storage/open_store.hpp"
#include "tests/unit/storage/test_values.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::storage;
using namespace actord::storage::test;
using namespace std::chrono_literals;

namespace {

constexpr resource_id pods{7};
constexpr resource_id nodes{8};

struct fixture {
  manual_clock_source clock{wall_time{1'700'000'000s}};
  seeded_random_source random{42};
  std::unique_ptr<store> open = open_memory_store(clock, random, &codec());

  outcome propose(transaction what) {
    std::optional<outcome> got;
    open->propose(std::move(what), [&](outcome answer) { got = std::move(answer); });
    BOOST_REQUIRE(got);
    return *std::move(got);
  }
  outcome propose(object_change one) {
    transaction what;
    what.changes.push_back(std::move(one));
    return propose(std::move(what));
  }
  revision must(object_change one) {
    const outcome got = propose(std::move(one));
    if (const auto* no = std::get_if<refused>(&got)) BOOST_FAIL(no->why.message);
    return std::get<committed>(got).revisions.at(0);
  }
  error must_refuse(object_change one) {
    const outcome got = propose(std::move(one));
    BOOST_REQUIRE(std::holds_alternative<refused>(got));
    return std::get<refused>(got).why;
  }
};

test_value pod(std::string name, std::string text = "x") {
  return {{pods, "default", name}, "uid-" + name, std::move(text), {}, {}, {}, 0};
}

std::vector<std::string> names(const list_page& page) {
  std::vector<std::string> out;
  for (const std::string_view value : page.values) out.push_back(codec().key_of(value).name);
  return out;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(a_store, fixture)

BOOST_AUTO_TEST_CASE(reads_what_was_committed) {
  const revision at = must(create(pod("a", "first")));
  const auto seen = open->read();
  BOOST_TEST(seen->at().value == at.value);
  const std::string_view value = seen->get({pods, "default", "a"});
  BOOST_TEST(test_codec::text_of(value) == "first");
  BOOST_TEST(codec().revision_of(value).value == at.value);
  BOOST_TEST(seen->get({pods, "default", "b"}).empty());
}

BOOST_AUTO_TEST_CASE(snapshots_do_not_move) {
  must(create(pod("a", "first")));
  const auto before = open->read();
  must(put(pod("a", "second")));
  BOOST_TEST(test_codec::text_of(before->get({pods, "default", "a"})) == "first");
  BOOST_TEST(test_codec::text_of(open->read()->get({pods, "default", "a"})) == "second");
}

BOOST_AUTO_TEST_CASE(checks_preconditions) {
  const revision at = must(create(pod("a")));
  BOOST_TEST((must_refuse(create(pod("a"))).kind == error_kind::already_exists));
  BOOST_TEST(
      (must_refuse(put(pod("a"), {false, false, revision{at.value + 1}, {}})).kind == error_kind::conflict));
  BOOST_TEST((must_refuse(put(pod("a"), {false, false, at, "another"})).kind == error_kind::conflict));
  BOOST_TEST((must_refuse(put(pod("b"), {false, true, std::nullopt, {}})).kind == error_kind::not_found));
  BOOST_TEST((must_refuse(put(pod("b"), {false, false, at, {}})).kind == error_kind::not_found));
  BOOST_TEST(must(put(pod("a"), {false, true, at, "uid-a"})).value == at.value + 1);
}

BOOST_AUTO_TEST_CASE(a_transaction_is_all_or_nothing) {
  must(create(pod("a")));
  transaction what;
  what.changes.push_back(create(pod("b")));
  what.changes.push_back(create(pod("a")));
  const outcome got = propose(std::move(what));
  BOOST_TEST(std::get<refused>(got).change == 1U);
  BOOST_TEST(open->read()->get({pods, "default", "b"}).empty());

  transaction good;
  good.changes.push_back(create(pod("c")));
  good.changes.push_back({{pods, "default", "a"}, {false, true, std::nullopt, {}}, keep_value{}});
  good.changes.push_back(put(pod("c", "again")));
  const auto revisions = std::get<committed>(propose(std::move(good))).revisions;
  BOOST_TEST(revisions.at(1).value == 0U);
  BOOST_TEST(revisions.at(2).value == revisions.at(0).value + 1);
  BOOST_TEST(test_codec::text_of(open->read()->get({pods, "default", "c"})) == "again");
}

BOOST_AUTO_TEST_CASE(decisions_see_the_head) {
  must(create(pod("counter", "1")));
  const auto add = [](const object_head& head, wall_time) -> result<resolved_change> {
    test_value next = pod("counter", std::to_string(std::stoi(test_codec::text_of(head.value)) + 1));
    if (next.text == "4") return error{error_kind::forbidden, "enough", {}, {}, 0};
    return resolved_change(put_value{encode(next)});
  };
  transaction twice;
  twice.changes.push_back({{pods, "default", "counter"}, {}, decide_change(add)});
  twice.changes.push_back({{pods, "default", "counter"}, {}, decide_change(add)});
  BOOST_TEST(std::holds_alternative<committed>(propose(std::move(twice))));
  BOOST_TEST(test_codec::text_of(open->read()->get({pods, "default", "counter"})) == "3");
  BOOST_TEST(must_refuse({{pods, "default", "counter"}, {}, decide_change(add)}).message == "enough");
}

BOOST_AUTO_TEST_CASE(lists_in_order_by_page) {
  for (const char* name : {"b", "a", "a-b", "c"}) must(create(pod(name)));
  test_value elsewhere = pod("a");
  elsewhere.key.space = "other";
  must(create(elsewhere));
  must(create({{nodes, "", "n1"}, "u", "x", {}, {}, {}, 0}));

  const auto seen = open->read();
  BOOST_TEST(names(seen->list(pods, "default", {}, 0)) == (std::vector<std::string>{"a", "a-b", "b", "c"}));
  BOOST_TEST(names(seen->list(nodes, "", {}, 0)) == std::vector<std::string>{"n1"});
  BOOST_TEST(seen->count(pods, "") == 5U);
  list_page page = seen->list(pods, "", {}, 3);
  BOOST_TEST(page.more);
  page = seen->list(pods, "", page.next, 3);
  BOOST_TEST(names(page) == (std::vector<std::string>{"c", "a"}));
  BOOST_TEST(!page.more);
}

BOOST_AUTO_TEST_CASE(indexes_follow_their_source) {
  test_value one = pod("a");
  one.labels = {{"app", "web"}, {"tier", "front"}};
  one.owners = {"owner-uid"};
  one.node = "n1";
  one.deadline_ns = 50;
  must(create(one));
  const std::vector<object_key> only{one.key};
  auto seen = open->read();
  BOOST_TEST((seen->labelled(pods, "default", "app", "web") == only));
  BOOST_TEST((seen->labelled(pods, "", "tier", "front") == only));
  BOOST_TEST((seen->labelled(pods, "", "tier", "back").empty()));
  BOOST_TEST((seen->owned_by("owner-uid") == only));
  BOOST_TEST((seen->on_node("n1") == only));
  BOOST_TEST(seen->due(wall_time{50ns}, 10).size() == 1U);
  BOOST_TEST(seen->due(wall_time{49ns}, 10).empty());

  one.labels = {{"app", "web"}};
  one.owners = {};
  one.node = "n2";
  one.deadline_ns = 0;
  must(put(one));
  seen = open->read();
  BOOST_TEST((seen->labelled(pods, "default", "app", "web") == only));
  BOOST_TEST(seen->labelled(pods, "", "tier", "front").empty());
  BOOST_TEST(seen->owned_by("owner-uid").empty());
  BOOST_TEST(seen->on_node("n1").empty());
  BOOST_TEST((seen->on_node("n2") == only));
  must(remove(one));
  BOOST_TEST(open->read()->on_node("n2").empty());
  BOOST_TEST(open->read()->labelled(pods, "default", "app", "web").empty());
}

BOOST_AUTO_TEST_CASE(long_names_are_kept_whole) {
  test_value one = pod(std::string(600, 'n') + "1");
  test_value two = pod(std::string(600, 'n') + "2");
  one.labels = two.labels = {{"app", "web"}};
  must(create(one));
  must(create(two));
  const auto seen = open->read();
  BOOST_TEST((codec().key_of(seen->get(one.key)) == one.key));
  BOOST_TEST(seen->list(pods, "default", {}, 0).values.size() == 2U);
  auto found = seen->labelled(pods, "", "app", "web");
  std::ranges::sort(found);
  BOOST_TEST((found == std::vector<object_key>{one.key, two.key}));
}

BOOST_AUTO_TEST_CASE(a_watch_sees_every_change_once) {
  const revision first = must(create(pod("a", "1")));
  int woken = 0;
  auto cursor = open->watch({pods, "default", ""}, revision{0}, [&] { ++woken; }).value();
  BOOST_TEST(woken == 1);
  auto events = cursor->next(100).value();
  BOOST_TEST(events.size() == 1U);
  BOOST_TEST((events[0].kind == event_kind::added));
  BOOST_TEST(cursor->next(100).value().empty());

  must(put(pod("a", "2")));
  must(create({{nodes, "", "n1"}, "u", "x", {}, {}, {}, 0}));
  must(remove(pod("a", "gone")));
  BOOST_TEST(woken == 2);
  events = cursor->next(1).value();
  BOOST_TEST(events.size() == 1U);
  BOOST_TEST((events[0].kind == event_kind::modified));
  BOOST_TEST(test_codec::text_of(*events[0].previous) == "1");
  events = cursor->next(10).value();
  BOOST_TEST(events.size() == 1U);
  BOOST_TEST((events[0].kind == event_kind::removed));
  BOOST_TEST(test_codec::text_of(*events[0].value) == "gone");
  BOOST_TEST(codec().revision_of(*events[0].value).value == first.value + 3);
  BOOST_TEST(cursor->position().value == first.value + 3);
  must(create({{nodes, "", "n2"}, "u", "x", {}, {}, {}, 0}));
  BOOST_TEST(woken == 2);
  BOOST_TEST(cursor->position().value == first.value + 4);
}

BOOST_AUTO_TEST_CASE(history_answers_for_the_past) {
  const revision created = must(create(pod("a", "1")));
  const revision updated = must(put(pod("a", "2")));
  const revision removed = must(remove(pod("a", "last")));
  const revision again = must(create(pod("a", "3")));
  const auto seen = open->read();
  const auto text = [&](revision at) {
    const std::string value = seen->get_at({pods, "default", "a"}, at).value();
    return value.empty() ? std::string() : test_codec::text_of(value);
  };
  BOOST_TEST(text(revision{created.value - 1}).empty());
  BOOST_TEST(text(created) == "1");
  BOOST_TEST(text(updated) == "2");
  BOOST_TEST(text(removed).empty());
  BOOST_TEST(text(again) == "3");
  BOOST_TEST(seen->list_at(pods, "", {}, 0, updated).value().values.size() == 1U);
  BOOST_TEST(seen->list_at(pods, "", {}, 0, removed).value().values.empty());
}

BOOST_AUTO_TEST_CASE(a_retry_gets_the_first_outcome) {
  const auto attempt = [&] {
    transaction what;
    what.request_id = "r1";
    what.changes.push_back(create(pod("a")));
    return std::get<committed>(propose(std::move(what))).revisions.at(0);
  };
  const revision first = attempt();
  BOOST_TEST(attempt().value == first.value);
  BOOST_TEST(open->read()->at().value == first.value);
}

BOOST_AUTO_TEST_CASE(a_fenced_transaction_needs_its_term) {
  transaction what;
  what.changes.push_back(create(pod("a")));
  what.only_in_term = raft_term{open->status().term.value + 1};
  BOOST_TEST(std::holds_alternative<refused>(propose(std::move(what))));
  transaction good;
  good.changes.push_back(create(pod("a")));
  good.only_in_term = open->status().term;
  BOOST_TEST(std::holds_alternative<committed>(propose(std::move(good))));
}

BOOST_AUTO_TEST_CASE(refuses_what_cannot_be_stored) {
  test_value nameless = pod("");
  BOOST_TEST((must_refuse(create(nameless)).kind == error_kind::bad_request));
  object_change rubbish{{pods, "default", "a"}, {}, put_value{"rubbish"}};
  BOOST_TEST((must_refuse(std::move(rubbish)).kind == error_kind::internal));
}

BOOST_AUTO_TEST_SUITE_END()
