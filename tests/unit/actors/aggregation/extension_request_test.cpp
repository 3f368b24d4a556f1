#include "actors/aggregation/extension_request.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::actors;

namespace {

/// "GROUP VERSION: PLURAL SPACE NAME SUBRESOURCE REST [watch]", "GROUP VERSION" for the version as a whole.
std::string read(std::string_view path) {
  const auto found = read_extension_path(path);
  if (!found) return "none";
  std::string text = found->group + " " + found->version;
  if (!found->target) return text;
  const resource_route& route = *found->target;
  text += ": " + std::string(route.type->plural) + " " + route.space + " " + route.name + " ";
  if (route.subresource != nullptr) text += route.subresource->name;
  text += " " + route.rest;
  return text + (route.legacy_watch ? " watch" : "");
}

std::string header(const header_fields& fields, const std::string& name) {
  std::string all;
  for (const auto& [key, value] : fields)
    if (key == name) all += (all.empty() ? "" : ",") + value;
  return all;
}

} // namespace

BOOST_AUTO_TEST_SUITE(extension_requests)

BOOST_AUTO_TEST_CASE(paths_are_read_as_authorization_needs_them) {
  BOOST_TEST(read("/apis/g.example.com") == "g.example.com ");
  BOOST_TEST(read("/apis/g.example.com/v1") == "g.example.com v1");
  BOOST_TEST(read("/apis/g.example.com/v1/") == "g.example.com v1");
  BOOST_TEST(read("/apis/g/v1/fish") == "g v1: fish    ");
  BOOST_TEST(read("/apis/g/v1/fish/a") == "g v1: fish  a  ");
  BOOST_TEST(read("/apis/g/v1/fish/a/status") == "g v1: fish  a status ");
  BOOST_TEST(read("/apis/g/v1/namespaces/n/fish") == "g v1: fish n   ");
  BOOST_TEST(read("/apis/g/v1/namespaces/n/fish/a/proxy/x/y") == "g v1: fish n a proxy /x/y");
  BOOST_TEST(read("/apis/g/v1/watch/namespaces/n/fish/a") == "g v1: fish n a   watch");
  BOOST_TEST(read("/apis/g/v1/namespaces/n") == "g v1: namespaces  n  ");
  BOOST_TEST(read("/apis/g/v1/fish/a%20b") == "g v1: fish  a b  ");
  BOOST_TEST(read_extension_path("/apis/g/v1/namespaces/n/fish")->target->type->group == "g");
  BOOST_TEST(read_extension_path("/apis/g/v1/namespaces/n/fish")->target->type->version == "v1");
}

/// Authorization and the extension server must mean the same object.
BOOST_AUTO_TEST_CASE(what_could_be_read_in_two_ways_leads_nowhere) {
  for (const char* path : {"", "/", "/api/v1/pods", "/apis", "/apis/", "/apisx/g/v1", "/apis//v1/fish",
                           "/apis/g//fish", "/apis/g/v1//fish", "/apis/g/v1/namespaces/n/../m/fish",
                           "/apis/g/v1/./fish", "/apis/g/v1/%2e%2e/fish", "/apis/g/v1/namespaces/n%2Fm/fish",
                           "/apis/g/v1/fish/a%2fb", "/apis/g/v1/fish/%zz", "/apis/g/v1/fish/a%",
                           "/apis/g/v1/fish/a%00b", "/apis/g/v1/fish/a%5Cb", "/apis/g/v1/fish//"})
    BOOST_TEST(read(path) == "none", path);
}

BOOST_AUTO_TEST_CASE(a_route_outlives_what_it_was_read_from) {
  std::optional<resource_route> route;
  {
    const std::string path = "/apis/g/v1/namespaces/n/fish/a/status";
    route = read_extension_path(path)->target;
  }
  BOOST_TEST(route->type->plural == "fish");
  BOOST_TEST(route->subresource->name == "status");
}

BOOST_AUTO_TEST_CASE(who_asks_is_said_in_headers) {
  const auto fields = identity_headers({.user = "eve",
                                        .uid = "u-1",
                                        .groups = {"a", "b"},
                                        .extra = {{"example.com/Scope%", {"x", "y"}}, {"plain", {"z"}}}});
  BOOST_REQUIRE(fields);
  BOOST_TEST(header(*fields, "x-remote-user") == "eve");
  BOOST_TEST(header(*fields, "x-remote-uid") == "u-1");
  BOOST_TEST(header(*fields, "x-remote-group") == "a,b");
  BOOST_TEST(header(*fields, "x-remote-extra-example.com%2FScope%25") == "x,y");
  BOOST_TEST(header(*fields, "x-remote-extra-plain") == "z");
  BOOST_TEST(identity_headers({.user = "eve", .uid = {}, .groups = {}, .extra = {}})->size() == 1U);
}

BOOST_AUTO_TEST_CASE(an_identity_cannot_add_headers_of_its_own) {
  for (const std::string& bad : std::vector<std::string>{"a\r\nx-remote-group: system:masters", "a\nb",
                                                         std::string("a\0b", 3), "\x7f"}) {
    BOOST_TEST(!identity_headers({.user = bad, .uid = {}, .groups = {}, .extra = {}}));
    BOOST_TEST(!identity_headers({.user = "x", .uid = {}, .groups = {bad}, .extra = {}}));
    BOOST_TEST(!identity_headers({.user = "x", .uid = {}, .groups = {}, .extra = {{"k", {bad}}}}));
  }
  const auto key = identity_headers({.user = "x", .uid = {}, .groups = {}, .extra = {{"k: v\r\ny", {"1"}}}});
  BOOST_REQUIRE(key);
  BOOST_TEST(header(*key, "x-remote-extra-k%3A%20v%0D%0Ay") == "1");
}

BOOST_AUTO_TEST_SUITE_END()
