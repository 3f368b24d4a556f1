#include "actors/objects/expiry_actor.hpp"

#include "schema/base/json.hpp"
#include "schema/base/timestamp.hpp"
#include "schema/codec/base64.hpp"
#include "schema/object/stored_object.hpp"
#include "schema/tables/resource_table.hpp"
#include "storage/open_store.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using std::chrono::minutes;

namespace {

const wall_time now{std::chrono::seconds(1'767'366'245)};

struct fixture {
  manual_clock_source clock{now};
  seeded_random_source random{1};
  std::unique_ptr<storage::store> store = storage::open_memory_store(clock, random);

  void put(const char* plural, const json& object) {
    const schema::resource_type& type = schema::builtin("", plural);
    const std::string name = object.at("metadata").at("name");
    storage::transaction transaction;
    transaction.changes.push_back(
        {{type.stored_as, "default", name}, {}, storage::put_value{schema::encode_object(type, object, {})}});
    bool stored = false;
    store->propose(std::move(transaction), [&](const storage::outcome& outcome) {
      stored = std::holds_alternative<storage::committed>(outcome);
    });
    BOOST_REQUIRE(stored);
  }

  static json metadata(const std::string& name, minutes age) {
    return {{"name", name},
            {"namespace", "default"},
            {"uid", name},
            {"creationTimestamp", schema::format_time(now - age)}};
  }

  void put_event(const std::string& name, minutes created, minutes written,
                 const std::string& claimed = "2999-01-01T00:00:00Z") {
    json event = {{"apiVersion", "v1"},
                  {"kind", "Event"},
                  {"metadata", metadata(name, created)},
                  {"involvedObject", {{"kind", "Pod"}, {"name", "p"}}},
                  {"lastTimestamp", claimed}};
    event["metadata"]["managedFields"] =
        json::array({{{"manager", "m"}, {"time", schema::format_time(now - written)}}});
    put("events", event);
  }

  void put_token(const std::string& name, const std::string& type, const std::string& expiration) {
    put("secrets", {{"apiVersion", "v1"},
                    {"kind", "Secret"},
                    {"metadata", metadata(name, minutes(1))},
                    {"type", type},
                    {"data", {{"expiration", schema::encode_base64(expiration)}}}});
  }

  std::vector<std::string> expired(std::size_t limit = 10) {
    std::vector<std::string> names;
    const auto reads = store->read();
    for (const actors::expired_object& each : actors::expired_objects(*reads, now, limit))
      names.push_back(each.key.name);
    return names;
  }
};

using names = std::vector<std::string>;

} // namespace

BOOST_FIXTURE_TEST_SUITE(expiry, fixture)

BOOST_AUTO_TEST_CASE(events_go_an_hour_after_their_last_write_whatever_they_claim) {
  put_event("new", minutes(59), minutes(59));
  put_event("old", minutes(61), minutes(61));
  put_event("older", minutes(600), minutes(60));
  put_event("recurring", minutes(600), minutes(1), "2001-01-01T00:00:00Z");
  BOOST_TEST(expired() == (names{"old", "older"}), boost::test_tools::per_element());
  BOOST_TEST(expired(1) == names{"old"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(an_event_written_again_lives_on) {
  put_event("again", minutes(90), minutes(61));
  BOOST_TEST(expired() == names{"again"}, boost::test_tools::per_element());
  put_event("again", minutes(90), minutes(2));
  BOOST_TEST(expired().empty());
}

BOOST_AUTO_TEST_CASE(bootstrap_tokens_go_when_they_say_so) {
  put_token("past", "bootstrap.kubernetes.io/token", schema::format_time(now - minutes(1)));
  put_token("future", "bootstrap.kubernetes.io/token", schema::format_time(now + minutes(1)));
  put_token("forever", "bootstrap.kubernetes.io/token", "");
  put_token("nonsense", "bootstrap.kubernetes.io/token", "yesterday");
  put_token("other", "Opaque", schema::format_time(now - minutes(1)));
  BOOST_TEST(expired() == names{"past"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_is_being_deleted_does_not_stand_in_the_way) {
  json event = {{"metadata", metadata("leaving", minutes(600))}};
  event["metadata"]["deletionTimestamp"] = schema::format_time(now - minutes(300));
  put("events", event);
  put_event("old", minutes(61), minutes(61));
  BOOST_TEST(expired(1) == names{"old"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
