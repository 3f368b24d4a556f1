#include "schema/base/json.hpp"
#include "schema/base/rng.hpp"
#include "schema/codec/json_text.hpp"
#include "schema/codec/text_writer.hpp"

#include <boost/test/unit_test.hpp>
#include <string>

using namespace actord;
using namespace actord::schema;

namespace {

json random_tree(random_source& random, int depth) {
  const auto text = [&] {
    std::string made(random.next() % 40, 'x');
    for (char& c : made)
      if (random.next() % 12 == 0) c = static_cast<char>(random.next() % 0x7f);
    return made;
  };
  switch (random.next() % (depth == 0 ? 5 : 7)) {
  case 0:
    return nullptr;
  case 1:
    return random.next() % 2 == 0;
  case 2:
    return static_cast<std::int64_t>(random.next());
  case 3:
    return random.next();
  case 4:
    return text();
  case 5: {
    json list = json::array();
    for (auto left = random.next() % 6; left > 0; --left) list.push_back(random_tree(random, depth - 1));
    return list;
  }
  default: {
    json object = json::object();
    for (auto left = random.next() % 6; left > 0; --left) object[text()] = random_tree(random, depth - 1);
    return object;
  }
  }
}

} // namespace

BOOST_AUTO_TEST_SUITE(text_writers)

BOOST_AUTO_TEST_CASE(write_what_can_be_read_again) {
  seeded_random_source random(11);
  for (int i = 0; i < 500; ++i) {
    const json tree = random_tree(random, 4);
    const std::string text = json_text(tree);
    BOOST_TEST((json::parse(text) == tree), text);
    std::string behind = "before";
    append_json_text(behind, tree);
    BOOST_TEST(behind == "before" + text);
  }
}

BOOST_AUTO_TEST_CASE(escape_as_go_does_and_nothing_more) {
  std::string text;
  for (char c = 0; c < 0x20; ++c) text += c;
  text += "\"\\/\x7f\xc3\xa9";
  std::string out;
  append_json_string(out, text);
  BOOST_TEST(
      out ==
      R"("\u0000\u0001\u0002\u0003\u0004\u0005\u0006\u0007\b\t\n\u000b\f\r\u000e\u000f)"
      R"(\u0010\u0011\u0012\u0013\u0014\u0015\u0016\u0017\u0018\u0019\u001a\u001b\u001c\u001d\u001e\u001f)"
      "\\\"\\\\/\x7f\xc3\xa9\"");
}

BOOST_AUTO_TEST_CASE(find_what_needs_an_escape_wherever_it_stands) {
  for (std::size_t size = 1; size < 30; ++size)
    for (std::size_t place = 0; place < size; ++place) {
      std::string text(size, 'a');
      text[place] = '"';
      BOOST_TEST(json_text(json(text)) ==
                 '"' + text.substr(0, place) + "\\\"" + text.substr(place + 1) + '"');
    }
  BOOST_TEST(json_text(json("")) == "\"\"");
}

BOOST_AUTO_TEST_CASE(begin_anew_and_grow) {
  text_writer writer;
  BOOST_TEST(writer.text() == "");
  const std::string large(std::size_t{1} << 20U, 'l');
  writer.put_string({});
  writer.put(',');
  writer.put_string(large);
  BOOST_TEST((writer.text() == "\"\",\"" + large + '"'));
  writer.clear();
  BOOST_TEST(writer.text() == "");
  writer.put_name("n");
  writer.put_value(json(1.5));
  BOOST_TEST(writer.text() == "\"n\":1.5");
}

BOOST_AUTO_TEST_SUITE_END()
