#include "actors/objects/expiry_actor.hpp"

#include "schema/base/json.hpp"
#include "schema/base/timestamp.hpp"
#include "schema/object/stored_object.hpp"
#include "schema/tables/resource_table.hpp"
#include "storage/open_store.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;

namespace {

const wall_time now{std::chrono::seconds(1'767'366'245)};

void put_event(storage::store& store, const std::string& name, std::chrono::minutes created,
               std::chrono::minutes last_seen) {
  const schema::resource_type& type = schema::builtin("", "events");
  const json event = {{"apiVersion", "v1"},
                      {"kind", "Event"},
                      {"metadata",
                       {{"name", name},
                        {"namespace", "default"},
                        {"uid", name},
                        {"creationTimestamp", schema::format_time(now - created)}}},
                      {"involvedObject", {{"kind", "Pod"}, {"name", "p"}}},
                      {"lastTimestamp", schema::format_time(now - last_seen)}};
  storage::transaction transaction;
  transaction.changes.push_back(
      {{type.stored_as, "default", name}, {}, storage::put_value{schema::encode_object(type, event, {})}});
  bool stored = false;
  store.propose(std::move(transaction), [&](const storage::outcome& outcome) {
    stored = std::holds_alternative<storage::committed>(outcome);
  });
  BOOST_REQUIRE(stored);
}

} // namespace

BOOST_AUTO_TEST_SUITE(expiry)

BOOST_AUTO_TEST_CASE(events_go_an_hour_after_they_last_happened) {
  using std::chrono::minutes;
  manual_clock_source clock(now);
  seeded_random_source random(1);
  const auto store = storage::open_memory_store(clock, random);
  put_event(*store, "new", minutes(59), minutes(59));
  put_event(*store, "old", minutes(61), minutes(61));
  put_event(*store, "old-too", minutes(600), minutes(60));
  put_event(*store, "recurring", minutes(600), minutes(1));
  const auto reads = store->read();
  std::vector<std::string> names;
  for (const actors::expired_object& each : actors::expired_events(*reads, now, 10))
    names.push_back(each.key.name);
  BOOST_TEST(names == (std::vector<std::string>{"old", "old-too"}), boost::test_tools::per_element());
  BOOST_TEST(actors::expired_events(*reads, now, 1).size() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
