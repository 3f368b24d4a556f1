#include "actors/conversion/conversion_gate.hpp"

#include "actors/conversion/write_conversions.hpp"
#include "schema/custom/definition.hpp"
#include "schema/object/converted_object.hpp"
#include "storage/open_store.hpp"

#include <boost/test/unit_test.hpp>
#include <deque>

namespace actord::actors {
namespace {

json definition_object() {
  return json::parse(R"({
    "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
    "metadata": {"name": "hosts.example.com", "uid": "u-1"},
    "spec": {"group": "example.com", "scope": "Namespaced",
      "names": {"plural": "hosts", "singular": "host", "kind": "Host", "listKind": "HostList"},
      "conversion": {"strategy": "Webhook", "webhook": {"conversionReviewVersions": ["v0", "v1beta1", "v1"],
        "clientConfig": {"url": "https://hooks.example.com/convert"}}},
      "versions": [
        {"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {"type": "object",
          "properties": {"hostPort": {"type": "string"}, "mode": {"type": "string", "default": "plain"}}}},
         "selectableFields": [{"jsonPath": ".hostPort"}]},
        {"name": "v2", "served": true, "storage": false, "schema": {"openAPIV3Schema": {"type": "object",
          "properties": {"host": {"type": "string"}, "port": {"type": "string"}}}},
         "selectableFields": [{"jsonPath": ".host"}]}]},
    "status": {"acceptedNames": {"plural": "hosts", "singular": "host", "kind": "Host", "listKind": "HostList"},
               "conditions": [{"type": "Established", "status": "True"}]}})");
}

/// Webhooks whose answers the test gives.
class scripted_caller final : public net::https_caller {
public:
  void call(net::https_call what, answer_taker done) override {
    calls.push_back(std::move(what));
    takers.push_back(std::move(done));
  }
  void stop() override {}

  [[nodiscard]] json review(std::size_t number) const { return json::parse(calls.at(number).body); }
  void answer(std::size_t number, int code, std::string body) {
    takers.at(number)({{code, std::move(body)}});
  }
  /// As a webhook does that splits hostPort.
  void convert(std::size_t number) {
    const json asked = review(number);
    json objects = json::array();
    for (json object : asked.at("request").at("objects")) {
      const std::string both = object.value("hostPort", "");
      object.erase("hostPort");
      object["apiVersion"] = asked.at("request").at("desiredAPIVersion");
      object["host"] = both.substr(0, both.find(':'));
      object["port"] = both.substr(both.find(':') + 1);
      object["unknown"] = "pruned";
      objects.push_back(std::move(object));
    }
    answer(number, 200,
           json{{"apiVersion", asked.at("apiVersion")},
                {"kind", "ConversionReview"},
                {"response",
                 {{"uid", asked.at("request").at("uid")},
                  {"result", {{"status", "Success"}}},
                  {"convertedObjects", objects}}}}
               .dump());
  }

  std::deque<net::https_call> calls;
  std::deque<answer_taker> takers;
};

struct world {
  manual_clock_source clock{wall_time{}};
  seeded_random_source random{3};
  std::unique_ptr<storage::store> store = storage::open_memory_store(clock, random);
  std::shared_ptr<const schema::custom::definition> definition = schema::custom::definition::compile(
      definition_object(), {resource_id(0x1234), {resource_id(0xc001), resource_id(0xc002)}});
  schema::resource_handle v1 = schema::custom::handle_of(definition, *definition->row("v1"));
  schema::resource_handle v2 = schema::custom::handle_of(definition, *definition->row("v2"));
  scripted_caller* caller = new scripted_caller;
  conversion_gate gate{*store, random, std::unique_ptr<net::https_caller>(caller), clock};

  [[nodiscard]] shared_bytes stored(const std::string& name, std::uint64_t at,
                                    const std::string& host_port = "localhost:80") const {
    std::string bytes = schema::encode_object(
        *v1,
        {{"apiVersion", "example.com/v1"},
         {"kind", "Host"},
         {"metadata", {{"name", name}, {"namespace", "n"}, {"uid", "u-" + name}}},
         {"hostPort", host_port}},
        {.actor = "me", .verb = "create", .request_id = {}, .reacted_to = {}, .note = {}});
    schema::stamp_revision(bytes, revision(at));
    return share_bytes(std::move(bytes));
  }

  struct outcome {
    std::optional<result<std::vector<shared_bytes>>> forms;
  };
  std::shared_ptr<outcome> convert(std::vector<shared_bytes> objects) {
    const auto out = std::make_shared<outcome>();
    gate.convert(v2, std::move(objects), [out](result<std::vector<shared_bytes>> forms) {
      BOOST_REQUIRE(!out->forms);
      out->forms = std::move(forms);
    });
    return out;
  }
  [[nodiscard]] json shown(const shared_bytes& form) const {
    std::string text;
    schema::object_view::open(*form)->append_as(text, *v2, true);
    return json::parse(text);
  }
};

} // namespace

BOOST_AUTO_TEST_SUITE(asking_conversion_webhooks)

BOOST_AUTO_TEST_CASE(a_form_looks_as_if_its_version_were_the_stored_one) {
  world all;
  const auto object = all.stored("a", 7);
  BOOST_TEST(schema::needs_conversion(*object, *all.v2));
  BOOST_TEST(!schema::needs_conversion(*object, *all.v1));
  const auto out = all.convert({object});
  BOOST_REQUIRE(all.caller->calls.size() == 1);
  const net::https_call& call = all.caller->calls.front();
  BOOST_TEST(call.url == "https://hooks.example.com/convert?timeout=30s");
  BOOST_TEST((call.timeout == std::chrono::seconds(30)));
  const json review = all.caller->review(0);
  BOOST_TEST(review.at("apiVersion") ==
             "apiextensions.k8s.io/v1beta1"); // the first it knows that is known here
  const json& asked = review.at("request").at("objects").at(0);
  BOOST_TEST(asked.at("apiVersion") == "example.com/v1");
  BOOST_TEST(asked.at("hostPort") == "localhost:80");
  BOOST_TEST(!out->forms);
  all.caller->convert(0);
  BOOST_REQUIRE(out->forms && *out->forms);
  const shared_bytes form = (*out->forms)->front();
  BOOST_TEST(!schema::needs_conversion(*form, *all.v2));
  const json there = all.shown(form);
  BOOST_TEST(there.at("apiVersion") == "example.com/v2");
  BOOST_TEST(there.at("host") == "localhost");
  BOOST_TEST(!there.contains("unknown")); // pruned by the version that was asked for
  BOOST_TEST(there.at("metadata").at("resourceVersion") == "7");
  const auto view = schema::object_view::open(*form);
  BOOST_TEST(view->selectable("host") == "localhost");
  BOOST_TEST(view->cause().actor == "me");
}

BOOST_AUTO_TEST_CASE(what_needs_none_is_not_sent) {
  world all;
  const auto form_of = [&](const shared_bytes& object) {
    const auto view = schema::object_view::open(*object);
    return share_bytes(schema::transcoded(
        *view, *all.v2,
        {{"metadata", {{"name", "b"}, {"namespace", "n"}, {"uid", "u-b"}}}, {"host", "h"}, {"port", "1"}}));
  };
  const auto there = form_of(all.stored("b", 2));
  const auto out = all.convert({there, there});
  BOOST_TEST(all.caller->calls.empty());
  BOOST_REQUIRE(out->forms && *out->forms);
  BOOST_TEST(((*out->forms)->at(0) == there));
  // Among others it keeps its place.
  const auto mixed = all.convert({all.stored("a", 1), there, all.stored("c", 3, "other:1")});
  BOOST_TEST(all.caller->review(0).at("request").at("objects").size() == 2);
  all.caller->convert(0);
  BOOST_REQUIRE(mixed->forms && *mixed->forms);
  BOOST_TEST(all.shown((*mixed->forms)->at(0)).at("metadata").at("name") == "a");
  BOOST_TEST(((*mixed->forms)->at(1) == there));
  BOOST_TEST(all.shown((*mixed->forms)->at(2)).at("host") == "other");
}

BOOST_AUTO_TEST_CASE(nothing_at_all_is_answered_at_once) {
  world all;
  const auto out = all.convert({});
  BOOST_REQUIRE(out->forms && *out->forms);
  BOOST_TEST((*out->forms)->empty());
}

BOOST_AUTO_TEST_CASE(who_asks_for_the_same_waits_and_then_finds_it) {
  world all;
  const auto object = all.stored("a", 7);
  const auto first = all.convert({object});
  const auto second = all.convert({object, object});
  BOOST_TEST(all.caller->calls.size() == 1);
  all.caller->convert(0);
  BOOST_REQUIRE(first->forms && *first->forms);
  BOOST_REQUIRE(second->forms && *second->forms);
  BOOST_TEST(((*second->forms)->at(1) == (*first->forms)->at(0)));
  const auto third = all.convert({object});
  BOOST_TEST(all.caller->calls.size() == 1);
  BOOST_TEST((third->forms && *third->forms));
  all.clock.advance(converted_forms::kept_for);
  all.convert({object});
  BOOST_TEST(all.caller->calls.size() == 2);
  all.convert({all.stored("a", 8)}); // another revision
  BOOST_TEST(all.caller->calls.size() == 3);
}

BOOST_AUTO_TEST_CASE(what_has_no_revision_is_not_kept) {
  world all;
  for (int i = 0; i < 2; ++i) {
    const auto out = all.convert({all.stored("a", 0)});
    all.caller->convert(static_cast<std::size_t>(i));
    BOOST_TEST((out->forms && *out->forms));
  }
  BOOST_TEST(all.caller->calls.size() == 2);
}

BOOST_AUTO_TEST_CASE(many_objects_go_in_pieces_a_few_at_a_time) {
  world all;
  std::vector<shared_bytes> objects;
  for (std::uint64_t i = 0; i < 1600; ++i)
    objects.push_back(all.stored("o" + std::to_string(i), i + 1, std::to_string(i) + ":1"));
  const auto out = all.convert(objects);
  BOOST_TEST(all.caller->calls.size() == 4);
  for (std::size_t i = 0; i < all.caller->calls.size(); ++i) {
    BOOST_TEST(all.caller->review(i).at("request").at("objects").size() <= 250);
    all.caller->convert(i);
  }
  BOOST_TEST(all.caller->calls.size() == 7);
  BOOST_REQUIRE(out->forms && *out->forms);
  for (std::size_t i = 0; i < objects.size(); ++i)
    BOOST_REQUIRE(all.shown((*out->forms)->at(i)).at("host") == std::to_string(i));
}

BOOST_AUTO_TEST_CASE(large_objects_go_in_smaller_pieces) {
  world all;
  std::vector<shared_bytes> objects;
  for (std::uint64_t i = 0; i < 8; ++i)
    objects.push_back(all.stored("o" + std::to_string(i), i + 1, std::string(400'000, 'h') + ":1"));
  all.convert(objects);
  BOOST_TEST(all.caller->review(0).at("request").at("objects").size() == 2);
}

BOOST_AUTO_TEST_CASE(a_failure_fails_all_and_nobody_waits_for_ever) {
  world all;
  std::vector<shared_bytes> objects;
  for (std::uint64_t i = 0; i < 1600; ++i) objects.push_back(all.stored("o" + std::to_string(i), i + 1));
  const auto list = all.convert(objects);
  const auto alone = all.convert({objects[0]});
  const auto unasked = all.convert({objects[1599]});
  BOOST_TEST(all.caller->calls.size() == 4);
  all.caller->answer(0, 500, "broken");
  // Whoever waited for one object of a piece that failed asks for it alone.
  BOOST_TEST(!alone->forms);
  for (std::size_t i = 1; i < all.caller->calls.size(); ++i) all.caller->convert(i);
  BOOST_REQUIRE(list->forms && !*list->forms);
  BOOST_TEST(
      (*list->forms).error().message ==
      "conversion webhook for example.com/v1, Kind=Host failed: an error on the server (\"broken\") has "
      "prevented the request from succeeding");
  BOOST_REQUIRE(alone->forms);
  BOOST_TEST(alone->forms->has_value());
  BOOST_REQUIRE(unasked->forms);
  BOOST_TEST(unasked->forms->has_value());
}

BOOST_AUTO_TEST_CASE(a_version_that_is_gone_cannot_be_converted) {
  world all;
  const auto object = all.stored("a", 1);
  json later = definition_object();
  later["spec"]["versions"].erase(0);
  later["spec"]["versions"][0]["storage"] = true;
  const auto next = schema::custom::definition::compile(later, {resource_id(0x1234), {resource_id(0xc002)}});
  std::optional<result<std::vector<shared_bytes>>> out;
  all.gate.convert(schema::custom::handle_of(next, next->stored_row()), {object},
                   [&](result<std::vector<shared_bytes>> forms) { out = std::move(forms); });
  BOOST_REQUIRE(out && !*out);
  BOOST_TEST(out->error().message == "request to convert CR from an invalid group/version: example.com/v1");
}

BOOST_AUTO_TEST_CASE(a_webhook_that_understands_nothing_is_not_called) {
  world all;
  json mute = definition_object();
  mute["spec"]["conversion"]["webhook"]["conversionReviewVersions"] = {"v7"};
  const auto next = schema::custom::definition::compile(
      mute, {resource_id(0x1234), {resource_id(0xc001), resource_id(0xc002)}});
  std::optional<result<std::vector<shared_bytes>>> out;
  all.gate.convert(schema::custom::handle_of(next, *next->row("v2")), {all.stored("a", 1)},
                   [&](result<std::vector<shared_bytes>> forms) { out = std::move(forms); });
  BOOST_TEST(all.caller->calls.empty());
  BOOST_REQUIRE(out && !*out);
  BOOST_TEST(out->error().message.ends_with("failed: no supported conversion review versions"));
}

BOOST_AUTO_TEST_CASE(a_service_that_is_not_there) {
  world all;
  json served = definition_object();
  served["spec"]["conversion"]["webhook"]["clientConfig"] = {
      {"service", {{"namespace", "hooks"}, {"name", "converter"}, {"path", "/c"}, {"port", 8443}}}};
  const auto next = schema::custom::definition::compile(
      served, {resource_id(0x1234), {resource_id(0xc001), resource_id(0xc002)}});
  std::optional<result<std::vector<shared_bytes>>> out;
  all.gate.convert(schema::custom::handle_of(next, *next->row("v2")), {all.stored("a", 1)},
                   [&](result<std::vector<shared_bytes>> forms) { out = std::move(forms); });
  BOOST_REQUIRE(out && !*out);
  BOOST_TEST(out->error().message ==
             "conversion webhook for example.com/v1, Kind=Host failed: Post "
             "\"https://converter.hooks.svc:8443/c?timeout=30s\": service \"converter\" not found");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(conversions_of_a_write)

namespace {

const write_conversions::runner at_once = [](const std::function<void()>& job) { job(); };

json host(const char* host_port) {
  return {
      {"apiVersion", "example.com/v1"},
      {"kind", "Host"},
      {"metadata", {{"name", "a"}, {"namespace", "n"}, {"uid", "u"}, {"managedFields", json::array({1})}}},
      {"hostPort", host_port}};
}

} // namespace

BOOST_AUTO_TEST_CASE(a_plan_says_what_it_wants_and_finds_it_next_time) {
  world all;
  const auto conversions = std::make_shared<write_conversions>(all.gate);
  BOOST_TEST(!conversions->wants());
  const auto object = all.stored("a", 7);
  BOOST_TEST(!conversions->stored(all.v2, *object).has_value());
  BOOST_TEST((conversions->tree(all.v1, all.v2, host("a:1")) == nullptr));
  BOOST_TEST((conversions->tree(all.v1, all.v2, host("a:1")) == nullptr)); // asked for once
  BOOST_TEST(conversions->wants());
  int done = 0;
  conversions->fetch(at_once, [&] { ++done; });
  BOOST_TEST(!conversions->wants());
  BOOST_REQUIRE(all.caller->calls.size() == 2);
  all.caller->convert(0);
  BOOST_TEST(done == 0);
  all.caller->convert(1);
  BOOST_TEST(done == 1);
  const auto form = conversions->stored(all.v2, *object);
  BOOST_REQUIRE(form);
  BOOST_TEST(!schema::needs_conversion(*form, *all.v2));
  const json* tree = conversions->tree(all.v1, all.v2, host("a:1"));
  BOOST_REQUIRE(tree != nullptr);
  BOOST_TEST(tree->at("port") == "1");
  BOOST_TEST(!tree->at("metadata").contains("managedFields"));
  BOOST_TEST(!conversions->wants());
  BOOST_TEST((conversions->tree(all.v1, all.v2, host("a:2")) == nullptr)); // another object
  BOOST_TEST(conversions->wants());
}

BOOST_AUTO_TEST_CASE(what_could_not_be_converted_is_not_asked_for_again) {
  world all;
  const auto conversions = std::make_shared<write_conversions>(all.gate);
  (void)conversions->tree(all.v1, all.v2, host("a:1"));
  conversions->fetch(at_once, [] {});
  all.caller->answer(0, 404, "");
  BOOST_TEST(!conversions->failure().has_value());
  BOOST_REQUIRE(conversions->tree_failure().has_value());
  BOOST_TEST(conversions->tree_failure()->message.ends_with(
      "failed: the server could not find the requested resource"));
  BOOST_TEST((conversions->tree(all.v1, all.v2, host("a:1")) == nullptr));
  BOOST_TEST(!conversions->wants());
}

BOOST_AUTO_TEST_CASE(what_is_stored_and_cannot_be_converted_is_the_end) {
  world all;
  const auto conversions = std::make_shared<write_conversions>(all.gate);
  const auto object = all.stored("a", 7);
  (void)conversions->stored(all.v2, *object);
  conversions->fetch(at_once, [] {});
  all.caller->answer(0, 500, "");
  BOOST_REQUIRE(conversions->failure().has_value());
  BOOST_TEST(conversions->stored(all.v2, *object).error().message == conversions->failure()->message);
  BOOST_TEST((conversions->tree(all.v1, all.v2, host("b:1")) == nullptr));
  BOOST_TEST(!conversions->wants());
}

BOOST_AUTO_TEST_CASE(a_write_that_goes_on_wanting_ends) {
  world all;
  const auto conversions = std::make_shared<write_conversions>(all.gate);
  int rounds = 0;
  while (!conversions->failure() && rounds < 1000) {
    (void)conversions->tree(all.v1, all.v2, host(std::to_string(rounds++).c_str()));
    conversions->fetch(at_once, [] {});
    if (!conversions->failure()) all.caller->convert(all.caller->calls.size() - 1);
  }
  BOOST_TEST(rounds < 100);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace actord::actors
