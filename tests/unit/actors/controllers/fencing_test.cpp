#include "actors/controllers/nodes/pod_fencing_reconciler.hpp"
#include "actors/nodes/fence/epoch_board.hpp"
#include "schema/base/json.hpp"
#include "schema/tables/resource_table.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::actors;
using namespace std::chrono_literals;
using runtime::boot_time;
using runtime::deadline_file;

namespace {

const wall_time wall{std::chrono::seconds(1'800'000'000)};
const steady_time start{100s};
const boot_time boot{1000s};
constexpr auto whole = fence_length + fence_ending + fence_margin;

stranded_pod pod_on_lost_node() {
  return {.key = {schema::builtin("", "pods").id, "shop", "db-0"},
          .uid = "u",
          .at = revision(9),
          .fenced = true,
          .node_name = "n1",
          .epoch = {.over = false, .look_again = start + 10s}};
}

schema::meta_view owned(const char* version, const char* kind, bool controller) {
  schema::meta_view meta;
  meta.owners = {{.api_version = version, .kind = kind, .name = "x", .uid = "u", .controller = controller}};
  return meta;
}

} // namespace

BOOST_AUTO_TEST_SUITE(fencing)

BOOST_AUTO_TEST_CASE(pods_of_stateful_sets_are_fenced_and_no_others) {
  BOOST_TEST(is_fenced(owned("apps/v1", "StatefulSet", true)));
  BOOST_TEST(!is_fenced(owned("apps/v1", "StatefulSet", false)));
  BOOST_TEST(!is_fenced(owned("apps/v1", "ReplicaSet", true)));
  BOOST_TEST(!is_fenced(owned("example.org/v1", "StatefulSet", true)));
  BOOST_TEST(!is_fenced(schema::meta_view{}));
}

BOOST_AUTO_TEST_CASE(a_node_counts_from_what_it_sent) {
  node_epoch_state state{.until = {}, .number = 5, .answered = false};
  BOOST_TEST(!epoch_at(state, boot).has_value());
  state = after_yes(state, boot, boot + 3s);
  BOOST_TEST((epoch_at(state, boot + fence_length - 1ns) == 6U));
  BOOST_TEST(!epoch_at(state, boot + fence_length).has_value());
  // In time: the same epoch goes on. Answers that overtook each other do not shorten it.
  state = after_yes(state, boot + 10s, boot + 11s);
  BOOST_TEST((after_yes(state, boot + 5s, boot + 12s) == state));
  BOOST_TEST((epoch_at(state, boot + 39s) == 6U));
  // Too late: another one.
  state = after_yes(state, boot + 41s, boot + 42s);
  BOOST_TEST((epoch_at(state, boot + 43s) == 7U));
  // An answer that took longer than it is worth.
  BOOST_TEST((after_yes(state, boot + 50s, boot + 80s) == state));
}

BOOST_AUTO_TEST_CASE(an_epoch_that_an_earlier_daemon_left_is_not_gone_on_with) {
  const node_epoch_state left{.until = boot + 20s, .number = 5, .answered = false};
  BOOST_TEST(!epoch_at(left, boot).has_value());
  BOOST_TEST((epoch_at(after_yes(left, boot, boot), boot) == 6U));
}

BOOST_AUTO_TEST_CASE(the_only_server_needs_no_deadline_until_there_are_others) {
  node_epoch_state state = after_alone({.until = {}, .number = 5, .answered = false});
  BOOST_TEST((state.until == deadline_file::never));
  BOOST_TEST((after_alone(state) == state));
  state = after_yes(state, boot, boot + 1s);
  BOOST_TEST((state.until == boot + fence_length));
  BOOST_TEST((epoch_at(state, boot + 2s) == 6U));
}

BOOST_AUTO_TEST_CASE(a_server_counts_from_what_it_confirmed_or_from_its_own_beginning) {
  epoch_board board;
  BOOST_TEST((judge_epoch(board.counted_from("n1"), start) == fence_verdict{}));
  board.confirmed("n1", start - 50s);
  BOOST_TEST((judge_epoch(board.counted_from("n1"), start) == fence_verdict{}));
  board.begin(start);
  BOOST_TEST((judge_epoch(board.counted_from("n1"), start) ==
              fence_verdict{.over = false, .look_again = start + whole}));
  board.confirmed("n1", start + 20s);
  BOOST_TEST(!judge_epoch(board.counted_from("n1"), start + 20s + whole - 1ns).over);
  BOOST_TEST(judge_epoch(board.counted_from("n1"), start + 20s + whole).over);
  BOOST_TEST(judge_epoch(board.counted_from("n2"), start + whole).over);
  // Another leader meanwhile: what was confirmed before says nothing.
  board.begin(start + 200s);
  BOOST_TEST(!judge_epoch(board.counted_from("n1"), start + 200s + whole - 1ns).over);
}

/// The node's clock goes slower by one part in eight than the server's, and its answer took as long as it
/// may.
BOOST_AUTO_TEST_CASE(the_margin_covers_one_part_in_eight) {
  const auto node_is_dead_by = (fence_length + fence_ending) * 8 / 7;
  BOOST_TEST((node_is_dead_by <= whole));
}

BOOST_AUTO_TEST_CASE(a_fenced_pod_of_a_lost_node_goes_after_the_whole_time_and_as_it_was_seen) {
  stranded_pod pod = pod_on_lost_node();
  plan decided = reconcile(pod, start, wall);
  BOOST_TEST(!decided.acts());
  BOOST_TEST((decided.requeue_at == wall + 10s));
  pod.epoch = {.over = true};
  decided = reconcile(pod, start, wall);
  BOOST_TEST(decided.patch.empty());
  BOOST_REQUIRE(decided.remove.size() == 1U);
  BOOST_TEST((decided.remove[0].at == revision(9)));
  BOOST_TEST(decided.remove[0].grace_s.value() == 0);
  pod.node_ready = true;
  BOOST_TEST(!reconcile(pod, start, wall).acts());
}

BOOST_AUTO_TEST_CASE(any_other_pod_stays_until_its_node_is_back_or_out_of_service) {
  stranded_pod pod = pod_on_lost_node();
  pod.fenced = false;
  pod.epoch = {.over = true};
  BOOST_TEST(!reconcile(pod, start, wall).acts());
  BOOST_TEST(!reconcile(pod, start, wall).requeue_at.has_value());
  pod.node_out_of_service = true;
  const plan decided = reconcile(pod, start, wall);
  BOOST_REQUIRE(decided.remove.size() == 1U);
  BOOST_TEST(decided.remove[0].grace_s.value() == 0);
  BOOST_TEST(decided.patch[0].patch["status"]["phase"] == "Failed");
  // The taint of a node that answers is not believed.
  pod.node_ready = true;
  BOOST_TEST(!reconcile(pod, start, wall).acts());
}

BOOST_AUTO_TEST_CASE(volumes_leave_a_node_that_is_out_of_service) {
  const object_key key{schema::builtin("storage.k8s.io", "volumeattachments").id, "", "a"};
  const plan decided = detach({{key, "u"}});
  BOOST_REQUIRE(decided.remove.size() == 1U);
  BOOST_TEST((decided.remove[0].key == key));
  BOOST_TEST(decided.remove[0].uid == "u");
  BOOST_TEST(!detach({}).acts());
}

BOOST_AUTO_TEST_SUITE_END()
