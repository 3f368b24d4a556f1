// Field sets against a shadow: a plain set of paths.

#include "schema/base/json.hpp"
#include "schema/base/rng.hpp"
#include "schema/patch/field_set.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <set>
#include <string>
#include <vector>

using namespace actord;
using namespace actord::schema;

namespace {

using path = std::vector<std::string>;
using shadow = std::set<path>;

const std::vector<std::string> steps{"f:a",     "f:b", "f:c", R"(k:{"name":"x"})", R"(k:{"name":"y"})",
                                     R"(v:"z")"};

shadow random_paths(random_source& random) {
  shadow paths;
  for (std::uint64_t left = random.next() % 8; left > 0; --left) {
    path one;
    for (std::uint64_t depth = 1 + random.next() % 3; depth > 0; --depth)
      one.push_back(steps[random.next() % steps.size()]);
    paths.insert(one);
  }
  return paths;
}

field_set set_of(const shadow& paths) {
  field_set set;
  for (const path& one : paths) {
    field_set* node = &set;
    for (const std::string& step : one) node = &node->descend(step);
    node->member = true;
  }
  return set;
}

bool below(const path& one, const shadow& paths) {
  return std::ranges::any_of(paths, [&](const path& other) {
    return other.size() <= one.size() && std::equal(other.begin(), other.end(), one.begin());
  });
}

template <class Keep>
shadow filtered(const shadow& paths, Keep keep) {
  shadow kept;
  std::ranges::copy_if(paths, std::inserter(kept, kept.end()), keep);
  return kept;
}

} // namespace

BOOST_AUTO_TEST_SUITE(field_sets)

BOOST_AUTO_TEST_CASE(behave_as_sets_of_paths) {
  for (std::uint64_t seed = 1; seed <= 3000; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      seeded_random_source random(seed);
      const shadow left = random_paths(random);
      const shadow right = random_paths(random);
      const field_set a = set_of(left);
      const field_set b = set_of(right);
      shadow all = left;
      all.insert(right.begin(), right.end());
      const shadow common = filtered(left, [&](const path& one) { return right.contains(one); });
      const shadow rest = filtered(left, [&](const path& one) { return !right.contains(one); });
      const shadow above = filtered(left, [&](const path& one) { return !below(one, right); });
      BOOST_REQUIRE(set_union(a, b) == set_of(all));
      BOOST_REQUIRE(set_intersection(a, b) == set_of(common));
      BOOST_REQUIRE(set_difference(a, b) == set_of(rest));
      BOOST_REQUIRE(set_difference_with_subtrees(a, b) == set_of(above));
      field_set changed = a;
      subtract(changed, b);
      BOOST_REQUIRE(changed == set_of(rest));
      changed = a;
      subtract_with_subtrees(changed, b);
      BOOST_REQUIRE(changed == set_of(above));
      changed = a;
      field_set given = b;
      add(changed, std::move(given));
      BOOST_REQUIRE(changed == set_of(all));
      BOOST_REQUIRE_EQUAL(fields_v1_overlap(to_fields_v1(a), b), !common.empty());
      field_set back;
      BOOST_REQUIRE(from_fields_v1(to_fields_v1(a), back));
      BOOST_REQUIRE(back == a);
    }
  }
}

BOOST_AUTO_TEST_CASE(are_read_from_what_is_well_formed_only) {
  for (const char* text : {R"([])", R"({"x":{}})", R"({"q:a":{}})", R"({"f:a":1})", R"({"k:name":{}})",
                           R"({"k:[1]":{}})", R"({"v:{":{}})"}) {
    field_set set;
    BOOST_CHECK_MESSAGE(!from_fields_v1(json::parse(text), set), text);
  }
}

BOOST_AUTO_TEST_CASE(print_paths_as_people_read_them) {
  field_set set;
  set.insert({"f:spec", "f:containers", R"(k:{"name":"c","port":80})", "f:image"});
  set.insert({"f:metadata", "f:finalizers", R"(v:"x")"});
  std::vector<std::string> printed;
  for_each_path(set, [&](const std::string& path) { printed.push_back(path); });
  const std::vector<std::string> expected{R"(.metadata.finalizers[="x"])",
                                          R"(.spec.containers[name="c",port=80].image)"};
  BOOST_CHECK_EQUAL_COLLECTIONS(printed.begin(), printed.end(), expected.begin(), expected.end());
}

BOOST_AUTO_TEST_SUITE_END()
