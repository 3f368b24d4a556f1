#include "actors/controllers/nodes/server_role_reconciler.hpp"
#include "schema/base/json.hpp"
#include "schema/tables/resource_table.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::actors;

namespace {

constexpr const char* label = "node-role.kubernetes.io/control-plane";

/// The labels the plan writes; null for none.
json written(machine_role role, bool has_label) {
  schema::meta_view meta;
  meta.name = "n1";
  meta.uid = "u-n1";
  meta.labels["zone"] = "a";
  if (has_label) meta.labels[label] = "";
  const object_key key{schema::builtin("", "nodes").id, "", "n1"};
  const plan out = reconcile(key, {meta, revision(4)}, role);
  if (out.patch.empty()) return nullptr;
  BOOST_TEST(out.patch.size() == 1U);
  BOOST_TEST(out.patch[0].uid == "u-n1");
  return out.patch[0].patch["metadata"]["labels"];
}

} // namespace

BOOST_AUTO_TEST_SUITE(server_role)

BOOST_AUTO_TEST_CASE(servers_are_labelled_and_workers_are_not) {
  BOOST_TEST(written(machine_role::server, false) == json({{label, ""}}));
  BOOST_TEST(written(machine_role::server, true).is_null());
  BOOST_TEST(written(machine_role::worker, true) == json({{label, nullptr}}));
  BOOST_TEST(written(machine_role::worker, false).is_null());
  BOOST_TEST(written(machine_role::unknown, true).is_null());
  BOOST_TEST(written(machine_role::unknown, false).is_null());
}

BOOST_AUTO_TEST_SUITE_END()
