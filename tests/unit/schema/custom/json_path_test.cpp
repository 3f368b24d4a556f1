#include "schema/custom/json_path.hpp"
#include "schema/custom/version_order.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::schema;

namespace {

const json object = json::parse(R"({
  "metadata": {"name": "w", "labels": {"example.com/a": "x"}},
  "spec": {"size": 3, "parts": [{"name": "one"}, {"name": "two"}, {"name": "three"}]},
  "status": {"conditions": [{"type": "Ready", "status": "True", "n": 2}, {"type": "Other", "status": "False", "n": 5}]}})");

std::string found(const char* path) {
  const auto parsed = custom::json_path::parse(path);
  BOOST_REQUIRE_MESSAGE(parsed.has_value(), path);
  std::string all;
  for (const json* value : parsed->find(object)) all += (all.empty() ? "" : " ") + value->dump();
  return all;
}

} // namespace

BOOST_AUTO_TEST_SUITE(json_paths)

BOOST_AUTO_TEST_CASE(paths_lead_to_values) {
  BOOST_TEST(found(".spec.size") == "3");
  BOOST_TEST(found("$.spec.size") == "3");
  BOOST_TEST(found(".spec.none.deeper") == "");
  BOOST_TEST(found(".metadata.labels['example.com/a']") == "\"x\"");
  BOOST_TEST(found(".metadata.labels.example\\.com/a") == "\"x\"");
  BOOST_TEST(found(".spec.parts[0].name") == "\"one\"");
  BOOST_TEST(found(".spec.parts[-1].name") == "\"three\"");
  BOOST_TEST(found(".spec.parts[7].name") == "");
  BOOST_TEST(found(".spec.parts[1:].name") == "\"two\" \"three\"");
  BOOST_TEST(found(".spec.parts[0:2].name") == "\"one\" \"two\"");
  BOOST_TEST(found(".spec.parts[*].name") == "\"one\" \"two\" \"three\"");
  BOOST_TEST(found(".status.conditions[?(@.type==\"Ready\")].status") == "\"True\"");
  BOOST_TEST(found(".status.conditions[?(@.type!='Ready')].status") == "\"False\"");
  BOOST_TEST(found(".status.conditions[?(@.n>2)].type") == "\"Other\"");
  BOOST_TEST(found(".status.conditions[?(@.none)].type") == "");
}

BOOST_AUTO_TEST_CASE(what_is_no_path_is_refused) {
  for (const char* path :
       {"spec", ".spec[", ".spec[x]", ".spec['a", ".a[?(b==1)]", ".a[?(@.b==]", "..", ".a b"})
    BOOST_TEST(!custom::json_path::parse(path).has_value(), path);
}

BOOST_AUTO_TEST_CASE(versions_are_ordered_best_first) {
  std::vector<std::string> versions{"foo1", "v1alpha1", "v2", "v1beta2", "v10", "v1beta1", "v1", "bar"};
  std::ranges::sort(versions, custom::is_better_version);
  BOOST_TEST(versions == (std::vector<std::string>{"v10", "v2", "v1", "v1beta2", "v1beta1", "v1alpha1", "bar",
                                                   "foo1"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
