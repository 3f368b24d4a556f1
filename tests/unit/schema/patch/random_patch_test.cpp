// Patches made of everything a patch can be made of, applied to objects made the same way: none may do more
// than refuse.

#include "schema/base/json.hpp"
#include "schema/base/rng.hpp"
#include "schema/patch/field_compare.hpp"
#include "schema/patch/field_manager.hpp"
#include "schema/patch/json_patch.hpp"
#include "schema/patch/merge_patch.hpp"
#include "schema/patch/strategic_merge_patch.hpp"
#include "schema/tables/type_table.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::schema;

namespace {

const std::vector<std::string> names{"metadata",
                                     "finalizers",
                                     "labels",
                                     "spec",
                                     "template",
                                     "containers",
                                     "name",
                                     "ports",
                                     "strategy",
                                     "$patch",
                                     "$retainKeys",
                                     "$setElementOrder/containers",
                                     "$deleteFromPrimitiveList/finalizers",
                                     "managedFields",
                                     "ownerReferences",
                                     "uid"};
const std::vector<json> scalars{nullptr, true,      0,        -1,      1.5,      "",
                                "name",  "replace", "delete", "merge", "apps/v1"};

json random_value(random_source& random, int depth) {
  const std::uint64_t kind = random.next() % (depth > 0 ? 5 : 2);
  if (kind < 2) return scalars[random.next() % scalars.size()];
  json value = kind < 4 ? json::object() : json::array();
  for (std::uint64_t left = random.next() % 4; left > 0; --left) {
    if (value.is_array())
      value.push_back(random_value(random, depth - 1));
    else
      value[names[random.next() % names.size()]] = random_value(random, depth - 1);
  }
  return value;
}

json random_object(random_source& random) {
  json object = random_value(random, 5);
  return object.is_object() ? object : json::object();
}

json random_operations(random_source& random) {
  json operations = json::array();
  for (std::uint64_t left = random.next() % 5; left > 0; --left) {
    json one = json::object();
    const char* ops[] = {"add", "remove", "replace", "move", "copy", "test", "?"};
    one["op"] = ops[random.next() % 7];
    for (const char* member : {"path", "from"}) {
      std::string pointer;
      for (std::uint64_t depth = random.next() % 4; depth > 0; --depth)
        pointer +=
            "/" + (random.next() % 3 == 0 ? std::to_string(random.next() % 3) : names[random.next() % 8]);
      one[member] = random.next() % 9 == 0 ? pointer + "/-" : pointer;
    }
    if (random.next() % 2 == 0) one["value"] = random_value(random, 2);
    operations.push_back(one);
  }
  return operations;
}

} // namespace

BOOST_AUTO_TEST_SUITE(random_patches)

BOOST_AUTO_TEST_CASE(are_applied_or_refused) {
  const object_type& type = *find_type("io.k8s.api.apps.v1.Deployment");
  int applied = 0;
  int refused = 0;
  for (std::uint64_t seed = 1; seed <= 4000; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      seeded_random_source random(seed);
      const json object = random_object(random);
      json patched = object;
      (apply_json_patch(patched, random_operations(random)) ? applied : refused)++;
      patched = object;
      (apply_strategic_merge_patch(type, patched, random_object(random)) ? applied : refused)++;
      patched = object;
      const json patch = random_object(random);
      apply_merge_patch(patched, patch);
      json again = patched;
      apply_merge_patch(again, patch);
      BOOST_REQUIRE_EQUAL(again, patched);

      const field_changes changes = compare_objects(type, object, patched);
      if (object == patched)
        BOOST_REQUIRE(changes.added.empty() && changes.modified.empty() && changes.removed.empty());
      const field_set none;
      const field_writer writer{type, "m", "apps/v1", "", wall_time{}, none};
      json tracked = patched;
      if (!tracked.contains("metadata") || !tracked["metadata"].is_object())
        tracked["metadata"] = json::object();
      track_update(writer, seed % 2 == 0 ? &object : nullptr, tracked);
      json configuration = random_object(random);
      configuration["apiVersion"] = "apps/v1";
      (apply_configuration(writer, tracked, configuration, true) ? applied : refused)++;
    }
  }
  BOOST_CHECK_GT(applied, 1000);
  BOOST_CHECK_GT(refused, 1000);
}

BOOST_AUTO_TEST_SUITE_END()
