#include "actors/conversion/converted_forms.hpp"

#include <boost/test/unit_test.hpp>

namespace actord::actors {

BOOST_AUTO_TEST_SUITE(kept_forms)

BOOST_AUTO_TEST_CASE(a_form_is_kept_for_a_while) {
  converted_forms forms;
  const steady_time now{};
  BOOST_TEST((forms.find("a", now) == nullptr));
  forms.keep("a", share_bytes("form"), now);
  BOOST_TEST(*forms.find("a", now + converted_forms::kept_for - std::chrono::nanoseconds(1)) == "form");
  BOOST_TEST((forms.find("a", now + converted_forms::kept_for) == nullptr));
  BOOST_TEST(forms.size() == 0);
  BOOST_TEST(forms.bytes() == 0);
}

BOOST_AUTO_TEST_CASE(the_last_one_counts) {
  converted_forms forms;
  forms.keep("a", share_bytes("first"), steady_time{});
  forms.keep("a", share_bytes("second"), steady_time{});
  BOOST_TEST(*forms.find("a", steady_time{}) == "second");
  BOOST_TEST(forms.size() == 1);
}

BOOST_AUTO_TEST_CASE(bytes_are_bounded_and_what_was_asked_for_stays) {
  converted_forms forms;
  const shared_bytes large = share_bytes(std::string(1U << 20U, 'x'));
  for (int i = 0; i < 100; ++i) {
    forms.keep(std::to_string(i), large, steady_time{});
    BOOST_TEST((forms.find("0", steady_time{}) != nullptr));
    BOOST_TEST(forms.bytes() <= converted_forms::bytes_max);
  }
  BOOST_TEST(forms.size() >= 30);
  BOOST_TEST((forms.find("1", steady_time{}) == nullptr));
  BOOST_TEST((forms.find("99", steady_time{}) != nullptr));
  forms.keep("huge", share_bytes(std::string(converted_forms::bytes_max + 1, 'x')), steady_time{});
  BOOST_TEST((forms.find("huge", steady_time{}) == nullptr));
  BOOST_TEST(forms.bytes() == 0);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace actord::actors
