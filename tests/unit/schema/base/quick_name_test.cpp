#include "schema/base/json.hpp"
#include "schema/base/quick_name.hpp"
#include "schema/base/rng.hpp"

#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

using namespace actord;

BOOST_AUTO_TEST_SUITE(quick_names)

BOOST_AUTO_TEST_CASE(order_as_texts_do) {
  std::vector<std::string> texts{{},
                                 std::string(1, '\0'),
                                 std::string(2, '\0'),
                                 std::string(8, '\0'),
                                 std::string(9, '\0'),
                                 std::string("a\0", 2),
                                 std::string("abc\0\0\0\0\0x", 9),
                                 "abc",
                                 "\x7f",
                                 "\x80",
                                 "\xff\xff\xff\xff\xff\xff\xff\xff",
                                 "metadata",
                                 "metadata2",
                                 "namespace",
                                 "terminationGracePeriodSeconds",
                                 "terminationMessagePath"};
  seeded_random_source random(7);
  for (int i = 0; i < 300; ++i) {
    std::string text(random.next() % 12, ' ');
    // Few characters, so that many texts begin alike.
    for (char& c : text) c = "\0ab\xff"[random.next() % 4];
    texts.push_back(std::move(text));
  }
  for (const std::string& left : texts)
    for (const std::string& right : texts) {
      const std::string_view text = right;
      BOOST_TEST((quick_name(left) < text) == (left < right));
      BOOST_TEST((text < quick_name(left)) == (right < left));
      BOOST_TEST((quick_name(left) == text) == (left == right));
    }
}

BOOST_AUTO_TEST_CASE(find_members) {
  const json object =
      json::parse(R"({"apiVersion":1,"kind":2,"metadata":3,"metadataOther":4,"spec":5,"":6})");
  const auto& members = object.get_ref<const json::object_t&>();
  for (const auto& [name, value] : members) BOOST_TEST((members.find(quick_name(name))->second == value));
  for (const char* name : {"metadat", "metadata ", "metadataOthe", "metadataOther2", "s", "zzzzzzzzzzzz"})
    BOOST_TEST((members.find(quick_name(name)) == members.end()));
}

BOOST_AUTO_TEST_SUITE_END()
