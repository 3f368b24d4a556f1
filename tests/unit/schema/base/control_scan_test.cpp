#include "schema/base/control_scan.hpp"

#include <boost/test/unit_test.hpp>
#include <string>

using namespace actord;

BOOST_AUTO_TEST_SUITE(control_scan)

BOOST_AUTO_TEST_CASE(finds_the_first_of_every_byte_at_every_place) {
  for (std::size_t place = 0; place < 20; ++place) {
    for (unsigned byte = 0; byte < 256; ++byte) {
      std::string text(20, 'x');
      text[place] = static_cast<char>(byte);
      const bool wanted = byte < 0x20 || byte == '"' || byte == '\\';
      BOOST_TEST(find_control_or(text, 0, '"', '\\') == (wanted ? place : text.size()),
                 "byte " << byte << " at " << place);
    }
  }
}

BOOST_AUTO_TEST_CASE(is_not_misled_by_what_stands_before_or_behind) {
  const std::string text = "\x80\xff\x7f !\"#[]^ caf\xc3\xa9\n\x01";
  BOOST_TEST(find_control_or(text, 0, '"', '\\') == 5u);
  BOOST_TEST(find_control_or(text, 6, '"', '\\') == text.size() - 2);
  BOOST_TEST(find_control_or(text, text.size() - 1, '"', '\\') == text.size() - 1);
  BOOST_TEST(find_control_or(text, text.size(), '"', '\\') == text.size());
  BOOST_TEST(find_control_or({}, 0, '"', '\\') == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
