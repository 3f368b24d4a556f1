#include "schema/base/json.hpp"
#include "schema/discovery/openapi.hpp"

#include <boost/test/unit_test.hpp>
#include <set>

using namespace actord;
using namespace actord::schema;

namespace {

void collect_references(const json& value, std::set<std::string>& names) {
  if (value.is_object() && value.contains("$ref") && value["$ref"].is_string())
    names.insert(value["$ref"].get<std::string>());
  if (value.is_structured())
    for (const json& child : value) collect_references(child, names);
}

} // namespace

BOOST_AUTO_TEST_SUITE(openapi_documents)

BOOST_AUTO_TEST_CASE(every_document_of_the_index_is_there_and_whole) {
  const json index = json::parse(discovery::openapi_v3_index());
  BOOST_TEST(index["paths"].size() == 22);
  for (const auto& [name, entry] : index["paths"].items()) {
    BOOST_TEST(entry["serverRelativeURL"].get<std::string>().starts_with("/openapi/v3/" + name + "?hash="));
    const auto text = discovery::openapi_v3(name);
    BOOST_REQUIRE(text.has_value());
    const json document = json::parse(*text);
    std::set<std::string> references;
    collect_references(document, references);
    for (const std::string& reference : references)
      BOOST_TEST(document.contains(json::json_pointer(reference.substr(1))), name << " lacks " << reference);
  }
  BOOST_TEST(!discovery::openapi_v3("apis/nope/v1").has_value());
}

BOOST_AUTO_TEST_CASE(clients_find_the_field_validation_option) {
  const json document = json::parse(*discovery::openapi_v3("apis/apps/v1"));
  const json& patch = document["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]["patch"];
  BOOST_TEST(patch["x-kubernetes-group-version-kind"] ==
             json({{"group", "apps"}, {"version", "v1"}, {"kind", "Deployment"}}));
  bool found = false;
  for (const json& parameter : patch["parameters"])
    found = found || (parameter["name"] == "fieldValidation" && parameter["in"] == "query");
  BOOST_TEST(found);
  const json& pod_spec = document["components"]["schemas"]["io.k8s.api.core.v1.PodSpec"];
  BOOST_TEST(pod_spec["properties"]["containers"]["x-kubernetes-patch-merge-key"] == "name");
  BOOST_TEST(pod_spec["required"] == json::array({"containers"}));
}

BOOST_AUTO_TEST_CASE(the_second_version_holds_all_groups) {
  const json document = json::parse(discovery::openapi_v2());
  BOOST_TEST(
      document["definitions"]["io.k8s.api.core.v1.Pod"]["x-kubernetes-group-version-kind"][0]["kind"] ==
      "Pod");
  BOOST_TEST(document["definitions"].contains("io.k8s.api.apps.v1.Deployment"));
  std::set<std::string> references;
  collect_references(document, references);
  for (const std::string& reference : references)
    BOOST_TEST(document.contains(json::json_pointer(reference.substr(1))));
  BOOST_TEST(discovery::openapi_v2_protobuf().starts_with(std::string_view("\x0a\x03"
                                                                           "2.0\x12",
                                                                           6)));
}

BOOST_AUTO_TEST_SUITE_END()
