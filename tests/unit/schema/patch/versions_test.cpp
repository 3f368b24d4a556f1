// Ownership of fields that have other names in other versions of the kind.

#include "schema/custom/custom_types.hpp"
#include "schema/patch/field_manager.hpp"
#include "schema/patch/managed_fields.hpp"

#include "schema/base/json.hpp"

#include <boost/test/unit_test.hpp>
#include <deque>
#include <set>

namespace actord::schema {
namespace {

custom::schema_node shape(const char* first, const char* second) {
  const json text = {{"type", "string"}};
  return custom::compile_schema(
      {{"type", "object"},
       {"properties",
        {{"spec", {{"type", "object"}, {"properties", {{first, text}, {second, text}, {"same", text}}}}}}}});
}

/// v1 has spec.address and spec.note, v2 calls them spec.host and spec.remark. v3 is gone.
class two_versions final : public object_versions {
public:
  [[nodiscard]] const object_type* type(std::string_view version) const override {
    return version == "x/v1" ? &v1_.root() : version == "x/v2" ? &v2_.root() : nullptr;
  }
  const json* convert(std::string_view from, std::string_view to, const json& object) override {
    ++asked;
    if (missing) return nullptr;
    json& out = made_.emplace_back(object);
    if (from == to) return &out;
    out["apiVersion"] = to;
    json& spec = out["spec"];
    for (auto [old, now] : {std::pair("address", "host"), std::pair("note", "remark")}) {
      if (to == "x/v1") std::swap(old, now);
      if (!spec.contains(old)) continue;
      spec[now] = spec[old];
      spec.erase(old);
    }
    return &out;
  }

  int asked = 0;
  bool missing = false;

private:
  const custom::schema_node s1_ = shape("address", "note");
  const custom::schema_node s2_ = shape("host", "remark");
  const custom::custom_types v1_{s1_, "x.v1.Thing"};
  const custom::custom_types v2_{s2_, "x.v2.Thing"};
  std::deque<json> made_;
};

const field_set nothing;

struct thing {
  two_versions versions;
  json object; ///< in `version`
  std::string version = "x/v1";

  field_writer writer(const std::string& as, std::string_view manager) {
    return {*versions.type(as), manager, as == "x/v1" ? "x/v1" : "x/v2", "", wall_time{}, nothing, &versions};
  }
  json current(const std::string& as) {
    json there = as == version || object.is_null() ? object : *versions.convert(version, as, object);
    return there;
  }
  result<json> apply(const std::string& as, std::string_view manager, json spec, bool force = false) {
    json live = current(as);
    if (live.is_null()) live = {{"apiVersion", as}, {"kind", "Thing"}, {"metadata", json::object()}};
    auto applied = apply_configuration(
        writer(as, manager), live,
        {{"apiVersion", as}, {"kind", "Thing"}, {"metadata", {{"name", "t"}}}, {"spec", std::move(spec)}},
        force);
    if (applied) {
      object = *applied;
      version = as;
    }
    return applied;
  }
  void update(const std::string& as, std::string_view manager, const std::function<void(json&)>& change) {
    const json live = current(as);
    json next = live;
    change(next);
    track_update(writer(as, manager), &live, next);
    object = next;
    version = as;
  }
  /// "manager version fields", sorted.
  std::set<std::string> owners() {
    std::set<std::string> all;
    for (const json& entry : managed_fields_of(object))
      all.insert(entry.at("manager").get<std::string>() + " " + entry.at("apiVersion").get<std::string>() +
                 " " + entry.at("fieldsV1").value("f:spec", json::object()).dump());
    return all;
  }
};

} // namespace

BOOST_AUTO_TEST_SUITE(fields_across_versions)

BOOST_AUTO_TEST_CASE(what_an_applier_leaves_out_in_another_version_goes) {
  thing it;
  BOOST_REQUIRE(it.apply("x/v1", "m", {{"address", "a"}, {"note", "n"}}));
  BOOST_REQUIRE(it.apply("x/v2", "m", {{"host", "a"}}));
  BOOST_TEST(it.object.at("spec") == json({{"host", "a"}}));
  BOOST_TEST((it.owners() == std::set<std::string>{R"(m x/v2 {"f:host":{}})"}));
}

BOOST_AUTO_TEST_CASE(what_somebody_else_owns_in_its_version_stays) {
  thing it;
  BOOST_REQUIRE(it.apply("x/v1", "m", {{"address", "a"}, {"note", "n"}}));
  BOOST_REQUIRE(it.apply("x/v2", "other", {{"remark", "n"}}));
  BOOST_REQUIRE(it.apply("x/v1", "m", {{"address", "a"}}));
  BOOST_TEST(it.object.at("spec") == json({{"address", "a"}, {"note", "n"}}));
  BOOST_TEST(
      (it.owners() == std::set<std::string>{R"(m x/v1 {"f:address":{}})", R"(other x/v2 {"f:remark":{}})"}));
}

BOOST_AUTO_TEST_CASE(conflicts_are_found_and_named_in_the_owners_version) {
  thing it;
  BOOST_REQUIRE(it.apply("x/v1", "m", {{"address", "a"}, {"same", "s"}}));
  const auto refused = it.apply("x/v2", "other", {{"host", "b"}});
  BOOST_REQUIRE(!refused);
  BOOST_TEST((refused.error().kind == error_kind::conflict));
  BOOST_TEST(refused.error().message == "Apply failed with 1 conflict: conflict with \"m\": .spec.address");
  BOOST_REQUIRE(it.apply("x/v2", "other", {{"host", "a"}})); // the same value is shared
  BOOST_REQUIRE(it.apply("x/v2", "other", {{"host", "b"}}, true));
  BOOST_TEST(
      (it.owners() == std::set<std::string>{R"(m x/v1 {"f:same":{}})", R"(other x/v2 {"f:host":{}})"}));
}

BOOST_AUTO_TEST_CASE(an_update_takes_fields_from_owners_in_other_versions) {
  thing it;
  BOOST_REQUIRE(it.apply("x/v1", "m", {{"address", "a"}, {"note", "n"}, {"same", "s"}}));
  it.update("x/v2", "editor", [](json& object) {
    object["spec"]["host"] = "b";
    object["spec"].erase("remark");
  });
  BOOST_TEST(
      (it.owners() == std::set<std::string>{R"(editor x/v2 {"f:host":{}})", R"(m x/v1 {"f:same":{}})"}));
}

BOOST_AUTO_TEST_CASE(owners_in_a_version_that_is_gone_own_nothing) {
  thing it;
  BOOST_REQUIRE(it.apply("x/v1", "m", {{"address", "a"}}));
  it.object["metadata"]["managedFields"].push_back({{"manager", "old"},
                                                    {"operation", "Update"},
                                                    {"apiVersion", "x/v3"},
                                                    {"fieldsType", "FieldsV1"},
                                                    {"fieldsV1", {{"f:spec", {{"f:x", json::object()}}}}}});
  it.update("x/v1", "editor", [](json& object) { object["spec"]["note"] = "n"; });
  BOOST_TEST(it.owners().size() == 2);
  BOOST_REQUIRE(it.apply("x/v1", "m", {{"address", "b"}}));
  BOOST_TEST(it.owners().size() == 2);
}

BOOST_AUTO_TEST_CASE(all_that_is_wanted_is_asked_for_at_once) {
  thing it;
  BOOST_REQUIRE(it.apply("x/v1", "m", {{"address", "a"}}));
  const json live = it.current("x/v2");
  it.versions.missing = true;
  it.versions.asked = 0;
  json next = live;
  next["spec"]["host"] = "b";
  track_update(it.writer("x/v2", "editor"), &live, next);
  BOOST_TEST(it.versions.asked == 2); // before and after
}

BOOST_AUTO_TEST_CASE(one_version_asks_for_nothing) {
  thing it;
  BOOST_REQUIRE(it.apply("x/v1", "m", {{"address", "a"}}));
  BOOST_REQUIRE(it.apply("x/v1", "m", {{"note", "a"}}));
  it.update("x/v1", "editor", [](json& object) { object["spec"]["note"] = "n"; });
  BOOST_TEST(it.versions.asked == 0);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace actord::schema
