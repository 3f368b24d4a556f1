#include "schema/base/json.hpp"
#include "schema/discovery/openapi.hpp"
#include "schema/discovery/openapi_added.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::schema::discovery;

namespace {

constexpr const char* foreign = R"({"swagger":"2.0",
  "paths":{"/apis/g.org/v1/fish":{"get":{"operationId":"listFish","responses":{"200":{"description":"OK"}}}},
           "/apis/g.org/v12/fish":{"get":{}}, "/api/v1/pods":{"get":{"operationId":"evil"}}},
  "definitions":{"org.g.v1.Fish":{"type":"object","description":"A fish."},
                 "io.k8s.api.core.v1.Pod":{"description":"not ours"}}})";

std::shared_ptr<const openapi_v2_addition> read(std::string_view document) {
  auto made = read_openapi_v2(document, "/apis/g.org/v1", openapi_v2());
  return made ? std::make_shared<const openapi_v2_addition>(*std::move(made)) : nullptr;
}

} // namespace

BOOST_AUTO_TEST_SUITE(openapi_added)

BOOST_AUTO_TEST_CASE(another_servers_kinds_stand_beside_ours) {
  const auto added = read(foreign);
  BOOST_REQUIRE(added);
  const json before = json::parse(openapi_v2());
  json after = json::parse(openapi_v2_with(openapi_v2(), std::vector{added}));
  BOOST_TEST(after["paths"]["/apis/g.org/v1/fish"]["get"]["operationId"] == "listFish");
  BOOST_TEST(after["definitions"]["org.g.v1.Fish"]["description"] == "A fish.");
  after["paths"].erase("/apis/g.org/v1/fish");
  after["definitions"].erase("org.g.v1.Fish");
  BOOST_TEST(after == before); // and nothing of ours is another's
}

BOOST_AUTO_TEST_CASE(the_protobuf_form_follows) {
  const auto added = read(foreign);
  BOOST_REQUIRE(added);
  const std::string document = openapi_v2_protobuf_with(openapi_v2_protobuf(), std::vector{added});
  BOOST_TEST(document.starts_with(openapi_v2_protobuf()));
  BOOST_TEST(document.find("org.g.v1.Fish") != std::string::npos);
  BOOST_TEST(document.find("evil") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_is_no_document_adds_nothing) {
  for (const std::string& bad :
       {std::string(), std::string("[]"), std::string(R"({"paths":[]})"),
        std::string(R"({"paths":{"/apis/g.org/v1":3}})"), std::string(R"({"paths":{"/apis/h.org/v1/x":{}}})"),
        R"({"paths":)" + std::string(100000, '[') + "}"})
    BOOST_TEST(!read(bad));
  const std::string long_text(openapi_v2_addition_max_bytes, 'x');
  BOOST_TEST(!read(R"({"paths":{"/apis/g.org/v1/fish":{"get":{"operationId":")" + long_text + R"("}}}})"));
}

BOOST_AUTO_TEST_CASE(of_what_is_not_what_it_should_be_the_rest_is_taken) {
  const auto odd =
      read(R"({"paths":{"/apis/g.org/v1/fish":{"get":{"operationId":7,"parameters":[3,{"in":"body"},{"in":5}],
      "responses":[]},"put":4,"post":{"responses":{"200":3}},"parameters":{}}},
    "definitions":{"a":{"type":4,"properties":{"x":1},"required":[2,"x"],"items":[],"additionalProperties":true,"allOf":[5]}}})");
  BOOST_REQUIRE(odd);
  const json made = json::parse(openapi_v2_with(openapi_v2(), std::vector{odd}));
  BOOST_TEST(made["definitions"]["a"] ==
             json::parse(R"({"properties":{"x":{}},"required":["x"],"allOf":[{}]})"));
  BOOST_TEST(made["paths"]["/apis/g.org/v1/fish"]["get"] ==
             json::parse(R"({"parameters":[{"in":"body","schema":{}}],"responses":{}})"));
}

BOOST_AUTO_TEST_SUITE_END()
