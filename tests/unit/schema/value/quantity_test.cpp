#include "schema/value/quantity.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::schema;

namespace {

std::string text(std::string_view in) {
  const auto parsed = quantity::parse(in);
  return parsed ? parsed->text() : parsed.error().message;
}

quantity of(std::string_view in) { return quantity::parse(in).value(); }

} // namespace

BOOST_AUTO_TEST_SUITE(quantities)

BOOST_AUTO_TEST_CASE(text_becomes_canonical) {
  const std::pair<const char*, const char*> rows[] = {
      {"0", "0"},
      {"0Ki", "0"},
      {"1", "1"},
      {"100m", "100m"},
      {"1000m", "1"},
      {"1500m", "1500m"},
      {"0.5", "500m"},
      {"1.5", "1500m"},
      {"0.1m", "100u"},
      {"1Ki", "1Ki"},
      {"1024Ki", "1Mi"},
      {"1024Mi", "1Gi"},
      {"1.5Gi", "1536Mi"},
      {"2048", "2048"},
      {"1000", "1k"},
      {"1000000", "1M"},
      {"1e3", "1e3"},
      {"1E3", "1E3"},
      {"12e6", "12e6"},
      {"1.5e3", "1500"},
      {"1000e3", "1e6"},
      {"1k", "1k"},
      {"1000k", "1M"},
      {"1E", "1E"},
      {"-1", "-1"},
      {"-1000m", "-1"},
      {"-1.5", "-1500m"},
      {"+5", "+5"},
      {"0.000000001", "1n"},
      {"0.0000000001", "1n"},
      {"0.5Ki", "512"},
      {"8Mi", "8Mi"},
      {"16Mi", "16Mi"},
      {"1.", "1."},
      {".5", "500m"},
      {"1e-3", "1e-3"},
      {"100Gi", "100Gi"},
      {"1025Mi", "1025Mi"},
      {"0.1Ki", "102400m"},
      {"10Ei", "9223372036854775807"},
      {"123456789012345678901", "123456789012345678901"},
  };
  for (const auto& [in, out] : rows)
    BOOST_TEST(text(in) == out, in << " became " << text(in) << ", not " << out);
}

BOOST_AUTO_TEST_CASE(canonical_text_is_a_fixed_point) {
  for (const char* in : {"1.5Gi", "0.1m", "1000e3", "123456789012345678901", "0.1Ki", "-7.25", "999999k"}) {
    const std::string once = text(in);
    BOOST_TEST(text(once) == once);
    BOOST_TEST((of(once) == of(in)));
  }
}

BOOST_AUTO_TEST_CASE(what_is_no_quantity_is_refused_in_the_servers_words) {
  const std::string format =
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
  for (const char* in : {"", "abc", "1 ", "1,5", "1.2.3", "1mx", "0x10", "1Gb"})
    BOOST_TEST(text(in) == format, in);
  for (const char* in : {"1Kii", "1K", "1ki", "1mm", "1e", "1e+", "1Gi5"})
    BOOST_TEST(text(in) == "unable to parse quantity's suffix", in << ": " << text(in));
  BOOST_TEST(text("1e100") == "unable to parse numeric part of quantity");
}

BOOST_AUTO_TEST_CASE(amounts_are_compared_not_texts) {
  BOOST_TEST((of("1Gi") == of("1024Mi")));
  BOOST_TEST((of("1") == of("1000m")));
  BOOST_TEST((of("1G") < of("1Gi")));
  BOOST_TEST((of("-1") < of("0")));
  BOOST_TEST((of("1e3") == of("1k")));
}

BOOST_AUTO_TEST_CASE(arithmetic_is_exact_and_takes_the_form_of_what_is_added) {
  BOOST_TEST((of("1Gi") + of("1Mi")).text() == "1025Mi");
  BOOST_TEST((of("100m") + of("0.9")).text() == "1");
  BOOST_TEST((quantity() + of("1Gi")).text() == "1Gi");
  BOOST_TEST((of("1") - of("1m")).text() == "999m");
  BOOST_TEST((of("1") - of("1")).is_zero());
}

BOOST_AUTO_TEST_CASE(whole_and_thousandth_values_round_up) {
  BOOST_TEST(of("1.5").units() == 2);
  BOOST_TEST(of("-1.5").units() == -2);
  BOOST_TEST(of("100m").milli() == 100);
  BOOST_TEST(of("1u").milli() == 1);
  BOOST_TEST(of("1Ki").units() == 1024);
  BOOST_TEST(of("123456789012345678901").units() == std::numeric_limits<std::int64_t>::max());
  BOOST_TEST(of("1.0001").rounded_to_milli().text() == "1001m");
  BOOST_TEST(of("1.500").rounded_to_milli().text() == "1.500");
  BOOST_TEST(quantity::of_milli(1500).text() == "1500m");
  BOOST_TEST(quantity::of_units(2048, quantity::form::binary).text() == "2Ki");
}

BOOST_AUTO_TEST_SUITE_END()
