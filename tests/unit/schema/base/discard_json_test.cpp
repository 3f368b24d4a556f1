#include "schema/base/discard_json.hpp"
#include "schema/base/json.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;

BOOST_AUTO_TEST_SUITE(discard)

BOOST_AUTO_TEST_CASE(empties_what_holds_values_and_leaves_the_rest) {
  json object = json::parse(R"({"a":{"b":[1,{"c":"d"},[[]]]},"e":null,"f":"g"})");
  discard_json(object);
  BOOST_TEST(object == json::object());
  json list = json::parse(R"([{"a":[1]},2])");
  discard_json(list);
  BOOST_TEST(list == json::array());
  json text = "kept";
  discard_json(text);
  BOOST_TEST(text == "kept");
}

BOOST_AUTO_TEST_SUITE_END()
