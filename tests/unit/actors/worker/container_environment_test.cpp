#include "actors/worker/container_environment.hpp"
#include "actors/worker/volume_content.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::actors;

namespace {

reference_lookup lookup_with(schema::text_map config, schema::text_map secret) {
  return {
      [config](std::string_view name) -> object_content {
        if (name == "settings") return config;
        return std::nullopt;
      },
      [secret](std::string_view name) -> object_content {
        if (name == "password") return secret;
        return std::nullopt;
      },
      [](std::string_view audience, std::int64_t) -> result<std::string> {
        return "token for " + std::string(audience);
      },
  };
}

schema::env_view variable(std::string name, std::string value = {}) {
  schema::env_view made;
  made.name = std::move(name);
  made.value = std::move(value);
  return made;
}

struct fixture {
  schema::pod_view pod;
  schema::container_view container;
  pod_facts facts{"10.244.0.7", "192.0.2.1", "node-a", 2000, 1 << 30};
  reference_lookup lookup = lookup_with({{"level", "debug"}, {"color", "red"}}, {{"key", "s3cret"}});

  fixture() {
    pod.meta.name = "web-1";
    pod.meta.space = "shop";
    pod.meta.labels = {{"app", "web"}, {"quote", "a\"b"}};
    container.name = "web";
  }
  std::string value(const environment& variables, std::string_view name) {
    for (const auto& [key, value] : variables)
      if (key == name) return value;
    return "(absent)";
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(container_environment_suite, fixture)

BOOST_AUTO_TEST_CASE(references_expand_to_what_stands_before_them) {
  const environment variables{{"A", "1"}, {"B", "two"}};
  BOOST_TEST(expand_references("$(A)-$(B)", variables) == "1-two");
  BOOST_TEST(expand_references("$(MISSING)", variables) == "$(MISSING)");
  BOOST_TEST(expand_references("$$(A)", variables) == "$(A)");
  BOOST_TEST(expand_references("$(A", variables) == "$(A");
  BOOST_TEST(expand_references("cost: $5 $", variables) == "cost: $5 $");
}

BOOST_AUTO_TEST_CASE(values_come_from_everywhere_and_later_ones_win) {
  container.env_from.push_back({"CFG_", "settings", "", false});
  container.env.push_back(variable("LEVEL"));
  container.env.back().config_map = schema::key_reference{"settings", "level", false};
  container.env.push_back(variable("KEY"));
  container.env.back().secret = schema::key_reference{"password", "key", false};
  container.env.push_back(variable("IP"));
  container.env.back().field = schema::field_reference{"status.podIP"};
  container.env.push_back(variable("APP"));
  container.env.back().field = schema::field_reference{"metadata.labels['app']"};
  container.env.push_back(variable("CPUS"));
  container.env.back().resource = schema::resource_field_reference{"", "limits.cpu", ""};
  container.env.push_back(variable("CFG_color", "$(LEVEL) blue"));
  const auto made = build_environment(pod, container, facts, lookup, {});
  BOOST_REQUIRE(made.has_value());
  BOOST_TEST(value(*made, "CFG_level") == "debug");
  BOOST_TEST(value(*made, "LEVEL") == "debug");
  BOOST_TEST(value(*made, "KEY") == "s3cret");
  BOOST_TEST(value(*made, "IP") == "10.244.0.7");
  BOOST_TEST(value(*made, "APP") == "web");
  BOOST_TEST(value(*made, "CPUS") == "2");
  BOOST_TEST(value(*made, "CFG_color") == "debug blue");
}

BOOST_AUTO_TEST_CASE(what_is_missing_is_named_unless_optional) {
  container.env.push_back(variable("X"));
  container.env.back().config_map = schema::key_reference{"nothing", "k", false};
  BOOST_TEST(build_environment(pod, container, facts, lookup, {}).error().message ==
             "configmap \"nothing\" not found");
  container.env[0].config_map->optional = true;
  BOOST_TEST(value(*build_environment(pod, container, facts, lookup, {}), "X") == "(absent)");
  container.env[0].config_map = schema::key_reference{"settings", "nokey", false};
  BOOST_TEST(build_environment(pod, container, facts, lookup, {}).error().message ==
             "couldn't find key nokey in ConfigMap shop/settings");
}

BOOST_AUTO_TEST_CASE(services_become_variables) {
  const environment made = service_environment({{"my-db", "10.96.0.9", {{"sql", "TCP", 5432}}}});
  BOOST_TEST(value(made, "MY_DB_SERVICE_HOST") == "10.96.0.9");
  BOOST_TEST(value(made, "MY_DB_SERVICE_PORT") == "5432");
  BOOST_TEST(value(made, "MY_DB_SERVICE_PORT_SQL") == "5432");
  BOOST_TEST(value(made, "MY_DB_PORT") == "tcp://10.96.0.9:5432");
  BOOST_TEST(value(made, "MY_DB_PORT_5432_TCP_ADDR") == "10.96.0.9");
}

BOOST_AUTO_TEST_CASE(a_projected_volume_gathers_its_sources) {
  schema::projected_volume from;
  from.default_mode = 0444;
  from.sources.emplace_back(schema::token_source{"api", 3607, "token"});
  from.sources.emplace_back(
      schema::config_map_volume{"settings", {{"level", "conf/level", 0400}}, 0644, false});
  from.sources.emplace_back(schema::downward_api_volume{
      {{"labels", schema::field_reference{"metadata.labels"}, std::nullopt, std::nullopt}}, 0644});
  const schema::volume_view volume{"all", from};
  const auto files = volume_content(pod, volume, facts, lookup);
  BOOST_REQUIRE(files.has_value());
  BOOST_REQUIRE_EQUAL(files->size(), 3U);
  BOOST_TEST(files->at(0).path == "conf/level");
  BOOST_TEST(files->at(0).mode == 0400U);
  BOOST_TEST(files->at(0).bytes == "debug");
  BOOST_TEST(files->at(1).path == "labels");
  BOOST_TEST(files->at(1).bytes == "app=\"web\"\nquote=\"a\\\"b\"");
  BOOST_TEST(files->at(1).mode == 0444U);
  BOOST_TEST(files->at(2).bytes == "token for api");
  BOOST_TEST(has_secret_content(volume));
}

BOOST_AUTO_TEST_CASE(a_missing_key_of_a_volume_is_an_error_unless_optional) {
  schema::config_map_volume from{"settings", {{"nokey", "path", std::nullopt}}, 0644, false};
  BOOST_TEST(volume_content(pod, {"v", from}, facts, lookup).error().message ==
             "configmap references non-existent key: nokey");
  from.optional = true;
  BOOST_TEST(volume_content(pod, {"v", from}, facts, lookup)->empty());
}

BOOST_AUTO_TEST_SUITE_END()
