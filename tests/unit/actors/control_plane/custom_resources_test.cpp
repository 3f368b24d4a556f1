#include "actors/definitions/definition_table.hpp"
#include "actors/definitions/resource_numbers.hpp"
#include "cluster_fixture.hpp"
#include "schema/custom/definition.hpp"
#include "schema/tables/custom_rows.hpp"

#include <boost/test/unit_test.hpp>

#include <set>

using namespace actord;
using actord::testing::cluster_fixture;
using std::chrono::milliseconds;

namespace {

constexpr const char* group = "test.example.com";
constexpr const char* machinery = "apiextensions.k8s.io";
constexpr const char* crds = "customresourcedefinitions";

json definition_of(const std::string& plural, const std::string& kind, const json& names = json::object()) {
  json object = json::parse(R"({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
    "spec": {"group": "test.example.com", "scope": "Namespaced", "versions": [{"name": "v1", "served": true, "storage": true,
      "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": {"type": "object", "properties": {"size": {"type": "integer"}}}}}}}]}})");
  object["metadata"] = {{"name", plural + "." + group}};
  object["spec"]["names"] = {{"plural", plural}, {"kind", kind}};
  object["spec"]["names"].update(names);
  return object;
}

json widget(const std::string& name, int size = 1) {
  return {{"apiVersion", "test.example.com/v1"},
          {"kind", "Widget"},
          {"metadata", {{"name", name}, {"namespace", "default"}}},
          {"spec", {{"size", size}}}};
}

std::string condition(const json& definition, const char* type) {
  for (const json& one : definition["status"]["conditions"])
    if (one["type"] == type) return one["status"].get<std::string>() + " " + one["reason"].get<std::string>();
  return "none";
}

/// Nothing runs but what serves custom kinds.
struct bare_cluster : cluster_fixture {
  bare_cluster() : cluster_fixture({"none"}) {}

  json definition(const std::string& plural) { return get(machinery, crds, "", plural + "." + group); }
  void serve_widgets() {
    create(definition_of("widgets", "Widget"));
    pass(milliseconds(200));
    BOOST_REQUIRE(schema::find_resource(group, "v1", "widgets") != nullptr);
  }
  actors::number_book book() const {
    return actors::read_number_book(store->read()->get(actors::number_book_key()));
  }
};

struct full_cluster : bare_cluster {
  full_cluster() { restart_controllers({"*"}); }
};

} // namespace

BOOST_AUTO_TEST_SUITE(custom_resources)

BOOST_FIXTURE_TEST_CASE(a_definition_is_established_and_served, bare_cluster) {
  serve_widgets();
  const json made = definition("widgets");
  BOOST_TEST(condition(made, "NamesAccepted") == "True NoConflicts");
  BOOST_TEST(condition(made, "Established") == "True InitialNamesAccepted");
  BOOST_TEST(made["status"]["acceptedNames"] == made["spec"]["names"]);
  create(widget("w"));
  BOOST_TEST(list(group, "widgets", "default").size() == 1U);
  BOOST_TEST(merge(group, "widgets", "default", "w", {{"spec", {{"size", 2}}}})["spec"]["size"] == 2);
}

BOOST_FIXTURE_TEST_CASE(names_that_are_taken_wait_until_they_are_free, bare_cluster) {
  create(definition_of("widgets", "Widget", {{"shortNames", {"wd"}}}));
  pass(milliseconds(200));
  create(definition_of("wheels", "Wheel", {{"shortNames", {"wd"}}}));
  pass(milliseconds(200));
  BOOST_TEST(condition(definition("wheels"), "NamesAccepted") == "False ShortNamesConflict");
  BOOST_TEST(condition(definition("wheels"), "Established") == "False NotAccepted");
  BOOST_TEST(schema::find_resource(group, "v1", "wheels").get() == nullptr);
  remove(machinery, crds, "", "widgets.test.example.com");
  pass(milliseconds(500));
  BOOST_TEST(definition("widgets").is_null());
  BOOST_TEST(condition(definition("wheels"), "NamesAccepted") == "True NoConflicts");
  BOOST_TEST(schema::find_resource(group, "v1", "wheels").get() != nullptr);
}

BOOST_FIXTURE_TEST_CASE(a_deleted_definition_takes_its_objects_along, bare_cluster) {
  serve_widgets();
  const resource_id number = schema::find_resource(group, "v1", "widgets")->stored_as;
  for (int i = 0; i < 3; ++i) create(widget("w" + std::to_string(i)));
  merge(group, "widgets", "default", "w1", {{"metadata", {{"finalizers", {"example.com/mine"}}}}});
  remove(machinery, crds, "", "widgets.test.example.com");
  pass(milliseconds(500));
  // One object waits for its own finalizer, and so does the definition for it.
  BOOST_TEST(condition(definition("widgets"), "Terminating") == "True InstanceDeletionInProgress");
  BOOST_TEST(store->read()->count(number, "") == 1U);
  // Nothing new comes meanwhile.
  actors::write_command command;
  command.key = {schema::find_resource(group, "v1", "widgets")->id, "default", "late"};
  command.body = widget("late").dump();
  const auto late = submit(std::move(command));
  BOOST_REQUIRE(!late.has_value());
  BOOST_TEST(late.error().message == "create not allowed while custom resource definition is terminating");
  BOOST_TEST(http_code(late.error().kind) == 405);

  merge(group, "widgets", "default", "w1", {{"metadata", {{"finalizers", nullptr}}}});
  pass(milliseconds(500));
  BOOST_TEST(definition("widgets").is_null());
  BOOST_TEST(store->read()->count(number, "") == 0U);
  BOOST_TEST(schema::find_resource(group, "v1", "widgets").get() == nullptr);
  BOOST_TEST(book().empty());
}

/// Somebody took the finalizer away: the number stays with the name, and the objects come back with it.
BOOST_FIXTURE_TEST_CASE(a_number_is_not_given_away_while_objects_lie_under_it, bare_cluster) {
  serve_widgets();
  const resource_id number = book().at("widgets.test.example.com");
  json held = widget("w");
  held["metadata"]["finalizers"] = {"example.com/mine"};
  create(held);
  remove(machinery, crds, "", "widgets.test.example.com");
  merge(machinery, crds, "", "widgets.test.example.com", {{"metadata", {{"finalizers", nullptr}}}});
  pass(milliseconds(300));
  BOOST_TEST(definition("widgets").is_null());
  BOOST_TEST(book().at("widgets.test.example.com").value == number.value);
  create(definition_of("gadgets", "Gadget"));
  pass(milliseconds(200));
  BOOST_TEST(book().at("gadgets.test.example.com").value != number.value);
  serve_widgets();
  BOOST_TEST(list(group, "widgets", "default").size() == 1U);
}

BOOST_FIXTURE_TEST_CASE(every_member_reads_the_same_numbers_and_a_restart_keeps_them, bare_cluster) {
  serve_widgets();
  create(definition_of("gadgets", "Gadget"));
  pass(milliseconds(200));
  const actors::number_book before = book();
  create(widget("w"));
  definitions.reset();
  scheduler.run();
  BOOST_TEST(schema::find_resource(group, "v1", "widgets").get() == nullptr);
  definitions = std::make_unique<actors::definition_follower>(
      actors::definition_follower::collaborators{system, *store, registry});
  BOOST_TEST((book() == before));
  BOOST_TEST(schema::find_resource(group, "v1", "widgets")->stored_as.value ==
             before.at("widgets.test.example.com").value);
  BOOST_TEST(list(group, "widgets", "default").size() == 1U);
}

BOOST_FIXTURE_TEST_CASE(a_change_of_the_schema_counts_for_the_next_request, bare_cluster) {
  serve_widgets();
  const auto before = schema::find_resource(group, "v1", "widgets");
  json versions = definition("widgets")["spec"]["versions"];
  versions[0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]["mode"] = {{"type", "string"},
                                                                                          {"default", "a"}};
  merge(machinery, crds, "", "widgets.test.example.com", {{"spec", {{"versions", versions}}}});
  pass(milliseconds(50));
  const auto after = schema::find_resource(group, "v1", "widgets");
  BOOST_TEST((before != after));
  BOOST_TEST(before->id.value == after->id.value);
  BOOST_TEST(create(widget("w"))["spec"]["mode"] == "a");
  // What does not change the kind does not make its rows anew.
  merge(machinery, crds, "", "widgets.test.example.com", {{"metadata", {{"labels", {{"a", "b"}}}}}});
  pass(milliseconds(50));
  BOOST_TEST((schema::find_resource(group, "v1", "widgets") == after));
}

BOOST_FIXTURE_TEST_CASE(owners_of_custom_kinds_are_owners, full_cluster) {
  serve_widgets();
  const json owner = create(widget("owner"));
  const json reference = {{"apiVersion", "test.example.com/v1"},
                          {"kind", "Widget"},
                          {"name", "owner"},
                          {"uid", owner["metadata"]["uid"]}};
  create({{"apiVersion", "v1"},
          {"kind", "ConfigMap"},
          {"metadata",
           {{"name", "owned"}, {"namespace", "default"}, {"ownerReferences", json::array({reference})}}}});
  json part = widget("part");
  part["metadata"]["ownerReferences"] = json::array({reference});
  create(part);
  remove(group, "widgets", "default", "owner");
  pass(milliseconds(500));
  BOOST_TEST(get("", "configmaps", "default", "owned").is_null());
  BOOST_TEST(get(group, "widgets", "default", "part").is_null());
}

BOOST_FIXTURE_TEST_CASE(a_namespace_takes_its_custom_objects_along, full_cluster) {
  serve_widgets();
  create({{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", "side"}}}});
  json object = widget("w");
  object["metadata"]["namespace"] = "side";
  create(object);
  remove("", "namespaces", "", "side");
  pass(milliseconds(1000));
  BOOST_TEST(get("", "namespaces", "", "side").is_null());
  BOOST_TEST(list(group, "widgets", "side").empty());
}

BOOST_AUTO_TEST_CASE(numbers_go_on_and_come_back) {
  actors::number_book book;
  BOOST_TEST(actors::next_number(book)->value == schema::first_stored_number);
  book["a"] = resource_id(schema::first_stored_number);
  book["b"] = resource_id(schema::first_stored_number + 4);
  BOOST_TEST(actors::next_number(book)->value == schema::first_stored_number + 5);
  book["c"] = resource_id(schema::last_stored_number);
  BOOST_TEST(actors::next_number(book)->value == schema::first_stored_number + 1); // the lowest that is free
  for (std::uint32_t n = schema::first_stored_number; n <= schema::last_stored_number; ++n)
    book[std::to_string(n)] = resource_id(static_cast<std::uint16_t>(n));
  BOOST_TEST(!actors::next_number(book).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
