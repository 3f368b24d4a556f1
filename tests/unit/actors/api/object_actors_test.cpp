#include "api_plane.hpp"

#include <set>

using namespace actord;
using namespace actord::testing;

namespace {

std::vector<actors::actor_report> object_cards(const plane& p) {
  std::vector<actors::actor_report> cards = p.registry.report();
  std::erase_if(cards, [](const actors::actor_report& card) { return card.kind != "object"; });
  return cards;
}

} // namespace

BOOST_AUTO_TEST_SUITE(object_actors)

BOOST_AUTO_TEST_CASE(idle_actors_become_those_of_other_objects) {
  constexpr std::size_t objects = 700;
  constexpr std::size_t kept = 8 * 64; // of eight shards each
  plane p;
  for (std::size_t i = 0; i < objects; ++i)
    BOOST_REQUIRE(p.call("POST", maps, config_map("m" + std::to_string(i))).code == 201);
  const auto cards = object_cards(p);
  BOOST_TEST(cards.size() <= kept);
  BOOST_TEST(cards.size() > kept / 4);
  std::set<std::string> names;
  for (const auto& card : cards) {
    names.insert(card.key);
    BOOST_TEST(card.handled <= 2U); // its own command and outcome, none of an object before it
  }
  BOOST_TEST(names.size() == cards.size());
  BOOST_TEST(names.count("configmaps default/m" + std::to_string(objects - 1)) == 1U);
  // An object whose actor went to another gets one again.
  BOOST_TEST(names.count("configmaps default/m0") == 0U);
  BOOST_TEST(p.call("PUT", maps + "/m0", config_map("m0", {{"data", {{"k", "w"}}}})).code == 200);
  BOOST_TEST(p.call("GET", maps + "/m0").body["data"]["k"] == "w");
}

BOOST_AUTO_TEST_CASE(waves_of_writes_are_answered_each_by_the_actor_of_its_object) {
  plane p;
  for (int wave = 0; wave < 4; ++wave) {
    std::vector<std::shared_ptr<recorded_exchange>> under_way;
    for (int i = 0; i < 900; ++i) {
      json body = config_map("w" + std::to_string(i / 3));
      if (i % 3 == 0) body["metadata"] = {{"generateName", "g-"}};
      under_way.push_back(p.send("POST", maps, body.dump()));
    }
    int made = 0;
    int refused = 0;
    for (const auto& each : under_way) {
      const int code = each->wait().code;
      made += code == 201 ? 1 : 0;
      refused += code == 409 ? 1 : 0;
    }
    BOOST_TEST(made == (wave == 0 ? 600 : 300));
    BOOST_TEST(refused == 900 - made);
  }
}

BOOST_AUTO_TEST_SUITE_END()
