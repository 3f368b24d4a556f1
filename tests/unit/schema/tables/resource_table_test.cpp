#include "schema/base/json.hpp"
#include "schema/tables/resource_table.hpp"
#include "schema/tables/type_table.hpp"

#include <boost/test/unit_test.hpp>
#include <set>

using namespace actord;
using namespace actord::schema;

BOOST_AUTO_TEST_SUITE(resource_table_rows)

BOOST_AUTO_TEST_CASE(a_resource_is_found_by_plural_and_by_kind) {
  const auto deployments = find_resource("apps", "v1", "deployments");
  BOOST_REQUIRE(deployments != nullptr);
  BOOST_TEST(deployments->kind == "Deployment");
  BOOST_TEST(deployments->namespaced);
  BOOST_TEST(deployments->api_version() == "apps/v1");
  BOOST_TEST((find_kind("apps", "v1", "Deployment") == deployments));
  BOOST_TEST(&builtin("apps", "deployments") == deployments.get());
  BOOST_TEST((resource_of(deployments->id) == deployments));
  BOOST_TEST(find_resource("", "v1", "pods")->api_version() == "v1");
  BOOST_TEST(find_resource("apps", "v1", "pods").get() == nullptr);
  BOOST_TEST(find_resource("", "v2", "pods").get() == nullptr);
  BOOST_TEST(find_kind("", "v1", "Deployment").get() == nullptr);
}

BOOST_AUTO_TEST_CASE(every_row_is_complete_and_its_id_is_its_own) {
  std::set<std::uint16_t> ids;
  for (const resource_type& row : resource_table()) {
    BOOST_TEST_CONTEXT(row.group << "/" << row.plural) {
      BOOST_TEST(ids.insert(row.id.value).second);
      BOOST_TEST(row.id.value > 0);
      BOOST_TEST(resource_of(row.id).get() == &row);
      BOOST_TEST(find_resource(row.group, row.version, row.plural).get() == &row);
      BOOST_TEST(find_kind(row.group, row.version, row.kind).get() == &row);
      BOOST_REQUIRE(row.type != nullptr);
      BOOST_TEST(row.type->go_name == row.kind);
      BOOST_TEST(row.type->field("metadata") != nullptr);
      BOOST_TEST(row.schema_hash != 0);
      BOOST_TEST(row.verbs != 0);
      BOOST_TEST(resource_of(row.stored_as).get() != nullptr);
    }
  }
  BOOST_TEST(ids.size() == 68);
}

/// These numbers lie in every data directory: a change of one of them breaks clusters that exist.
BOOST_AUTO_TEST_CASE(stored_ids_never_change) {
  BOOST_TEST(builtin("", "configmaps").id.value == 3);
  BOOST_TEST(builtin("", "pods").id.value == 11);
  BOOST_TEST(builtin("apps", "deployments").id.value == 21);
  BOOST_TEST(builtin("flowcontrol.apiserver.k8s.io", "prioritylevelconfigurations").id.value == 68);
}

BOOST_AUTO_TEST_CASE(two_views_of_one_object_share_its_storage) {
  BOOST_TEST(builtin("events.k8s.io", "events").stored_as.value == builtin("", "events").id.value);
  BOOST_TEST(find_resource("autoscaling", "v1", "horizontalpodautoscalers")->stored_as.value ==
             builtin("autoscaling", "horizontalpodautoscalers").id.value);
  BOOST_TEST(builtin("", "pods").stored_as.value == builtin("", "pods").id.value);
}

BOOST_AUTO_TEST_CASE(subresources_verbs_names_and_columns_are_there) {
  const resource_type& pods = builtin("", "pods");
  BOOST_TEST(pods.has(verb::remove_collection));
  const subresource_type* eviction = pods.subresource("eviction");
  BOOST_REQUIRE(eviction != nullptr);
  BOOST_TEST(eviction->kind == "Eviction");
  BOOST_TEST(eviction->body_group == "policy");
  BOOST_TEST(eviction->verbs == static_cast<std::uint16_t>(verb::create));
  BOOST_TEST(pods.subresource("nope") == nullptr);
  BOOST_TEST(pods.short_names[0] == "po");
  BOOST_TEST(pods.categories[0] == "all");
  BOOST_TEST(pods.columns.size() == 9);
  BOOST_TEST(pods.columns[0].format == "name");
  BOOST_TEST(!builtin("", "bindings").has(verb::get));
}

BOOST_AUTO_TEST_CASE(groups_and_rows_have_the_order_of_discovery) {
  BOOST_TEST(api_groups().front().name == "");
  BOOST_TEST(api_groups()[2].name == "apps");
  const auto rows = resources_in_discovery_order();
  BOOST_TEST(rows.size() == resource_table().size());
  BOOST_TEST(rows.front()->plural == "bindings");
}

BOOST_AUTO_TEST_CASE(the_default_roles_are_json) {
  const json roles = json::parse(default_rbac());
  BOOST_TEST(roles.at("clusterRoles").size() == 69);
  BOOST_TEST(roles.at("roleBindings").size() == 7);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(type_table_rows)

BOOST_AUTO_TEST_CASE(fields_carry_their_type_merge_rules_and_numbers) {
  const object_type* spec = find_type("io.k8s.api.core.v1.PodSpec");
  BOOST_REQUIRE(spec != nullptr);
  const field_type* containers = spec->field("containers");
  BOOST_REQUIRE(containers != nullptr);
  BOOST_TEST(containers->required);
  BOOST_CHECK(containers->value.kind == value_kind::list);
  BOOST_CHECK(containers->merge == list_merge::map);
  BOOST_TEST(containers->merge_keys[0] == "name");
  BOOST_TEST(containers->patch_merge);
  BOOST_TEST(containers->patch_merge_key == "name");
  BOOST_TEST(containers->value.items->structure->go_name == "Container");
  BOOST_TEST(spec->field("volumes")->patch_retain_keys);
  BOOST_CHECK(spec->field("overhead")->value.items->kind == value_kind::quantity);
  BOOST_CHECK(spec->field("priority")->shown == presence::when_given);
  BOOST_TEST(spec->field("nope") == nullptr);
}

BOOST_AUTO_TEST_CASE(embedded_messages_become_paths_of_numbers) {
  const object_type* volume = find_type("io.k8s.api.core.v1.Volume");
  BOOST_TEST(volume->field("name")->protobuf[0] == 1);
  BOOST_TEST(volume->field("configMap")->protobuf[0] == 2);
  BOOST_TEST(volume->field("configMap")->protobuf[1] == 19);
  const object_type* rule = find_type("io.k8s.api.admissionregistration.v1.NamedRuleWithOperations");
  BOOST_TEST(rule->field("apiGroups")->protobuf[2] != 0);
}

BOOST_AUTO_TEST_CASE(every_field_of_a_stored_kind_has_a_protobuf_number) {
  std::set<const object_type*> seen;
  std::vector<const object_type*> open;
  for (const resource_type& row : resource_table()) open.push_back(row.type);
  while (!open.empty()) {
    const object_type* type = open.back();
    open.pop_back();
    if (!seen.insert(type).second) continue;
    for (const field_type& field : type->fields) {
      const bool identity = field.name == "kind" || field.name == "apiVersion";
      if (!identity) BOOST_TEST(field.protobuf[0] != 0, type->name << "." << field.name);
      const value_type* value = &field.value;
      while (value->items != nullptr) value = value->items;
      if (value->structure != nullptr) open.push_back(value->structure);
    }
  }
  BOOST_TEST(seen.size() > 400);
}

BOOST_AUTO_TEST_CASE(a_type_can_be_put_together_at_run_time) {
  const value_type text{.kind = value_kind::string};
  const std::vector<field_type> fields{{.name = "b", .value = {.kind = value_kind::list, .items = &text}},
                                       {.name = "c", .value = {.kind = value_kind::int64}}};
  const object_type custom{.name = "stable.example.com.v1.Custom", .go_name = "Custom", .fields = fields};
  BOOST_TEST(custom.field("c") == &fields[1]);
  BOOST_TEST(custom.field("a") == nullptr);
}

BOOST_AUTO_TEST_SUITE_END()
