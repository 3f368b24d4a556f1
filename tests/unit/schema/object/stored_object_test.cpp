#include "schema/base/json.hpp"
#include "schema/base/timestamp.hpp"
#include "schema/codec/json_text.hpp"
#include "schema/object/selectable_fields.hpp"
#include "schema/object/stored_object.hpp"
#include "schema/tables/resource_table.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::schema;

namespace {

const write_cause cause{"alice", "create", "req-1", revision(7), "scale up from 2 to 3"};

json pod() {
  return json::parse(R"({
    "apiVersion": "v1", "kind": "Pod",
    "metadata": {"name": "web-1", "namespace": "shop", "uid": "u-1", "resourceVersion": "9", "generation": 3,
      "creationTimestamp": "2026-01-02T03:04:05Z", "labels": {"b": "2", "a": "1"},
      "finalizers": ["x/y", "z"], "deletionTimestamp": "2026-01-02T03:05:05Z",
      "ownerReferences": [
        {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "uid": "o-1", "controller": true},
        {"apiVersion": "example.com/v1", "kind": "Unknown", "name": "other", "uid": "o-2", "blockOwnerDeletion": true}]},
    "spec": {"nodeName": "n1", "restartPolicy": "Always", "note": "tab\tquote\"\u00e9\u0001"},
    "status": {"phase": "Running", "podIP": "10.0.0.5",
      "conditions": [{"type": "Initialized", "status": "True"}, {"type": "Ready", "status": "True"}]}})");
}

std::string encoded(const resource_type& type, const json& object, std::uint64_t at) {
  std::string bytes = encode_object(type, object, cause);
  stamp_revision(bytes, revision(at));
  return bytes;
}

} // namespace

BOOST_AUTO_TEST_SUITE(stored_objects)

BOOST_AUTO_TEST_CASE(the_envelope_answers_without_parsing_the_text) {
  const resource_type& pods = builtin("", "pods");
  const std::string bytes = encoded(pods, pod(), 4711);
  const auto opened = object_view::open(bytes);
  BOOST_REQUIRE(opened.has_value());
  const object_view& view = *opened;
  BOOST_TEST(view.at().value == 4711);
  BOOST_TEST(view.resource().value == pods.id.value);
  BOOST_TEST(view.space() == "shop");
  BOOST_TEST(view.name() == "web-1");
  BOOST_TEST(view.uid() == "u-1");
  BOOST_TEST((view.key() == object_key{pods.id, "shop", "web-1"}));
  bool found = false;
  BOOST_TEST(view.label("b", found) == "2");
  BOOST_TEST(found);
  BOOST_TEST(view.label("c", found) == "");
  BOOST_TEST(!found);
  BOOST_TEST(view.labels().size() == 2);
  BOOST_TEST(view.labels()[0].first == "a");
  BOOST_TEST(view.finalizer_count() == 2);
  BOOST_TEST(view.being_deleted());
  BOOST_TEST(format_time(view.deletion_time()) == "2026-01-02T03:05:05Z");
  BOOST_TEST((view.deadline() == wall_time{}));
  BOOST_TEST(format_time(view.creation_time()) == "2026-01-02T03:04:05Z");
  BOOST_TEST(view.generation() == 3);
  BOOST_TEST(view.pod_phase() == "Running");
  BOOST_TEST(view.pod_ready());
  BOOST_TEST(view.pod_address() == "10.0.0.5");
  BOOST_TEST(view.node_name() == "n1");
  BOOST_TEST(view.schema_hash() == pods.schema_hash);
  const write_cause stored = view.cause();
  BOOST_TEST(stored.actor == "alice");
  BOOST_TEST(stored.verb == "create");
  BOOST_TEST(stored.request_id == "req-1");
  BOOST_TEST(stored.reacted_to.value == 7);
  BOOST_TEST(stored.note == "scale up from 2 to 3");
}

BOOST_AUTO_TEST_CASE(owners_name_their_resource_when_it_is_known) {
  const std::string bytes = encoded(builtin("", "pods"), pod(), 1);
  const auto view = object_view::open(bytes);
  const auto owners = view->owners();
  BOOST_REQUIRE(owners.size() == 2);
  BOOST_TEST((owners[0] == owner_reference{"o-1", builtin("apps", "replicasets").id, "web", true, false}));
  BOOST_TEST((owners[1] == owner_reference{"o-2", unknown_resource, "other", false, true}));
  BOOST_TEST(view->controller_uid() == "o-1");
}

BOOST_AUTO_TEST_CASE(selectable_fields_have_the_values_selectors_compare) {
  const std::string bytes = encoded(builtin("", "pods"), pod(), 1);
  const auto view = object_view::open(bytes);
  BOOST_TEST(view->selectable("metadata.name") == "web-1");
  BOOST_TEST(view->selectable("metadata.namespace") == "shop");
  BOOST_TEST(view->selectable("spec.nodeName") == "n1");
  BOOST_TEST(view->selectable("spec.hostNetwork") == "false");
  BOOST_TEST(view->selectable("status.phase") == "Running");
  BOOST_TEST(view->selectable("status.nominatedNodeName") == "");
  BOOST_TEST(view->selectable("spec.nope") == "");
  const json job{{"metadata", {{"name", "j"}}}, {"status", {{"succeeded", 2}}}};
  const std::string job_bytes = encoded(builtin("batch", "jobs"), job, 1);
  BOOST_TEST(object_view::open(job_bytes)->selectable("status.successful") == "2");
  const json event{{"metadata", {{"name", "e"}}},
                   {"reportingComponent", "kubelet"},
                   {"involvedObject", {{"kind", "Pod"}}}};
  const std::string event_bytes = encoded(builtin("", "events"), event, 1);
  BOOST_TEST(object_view::open(event_bytes)->selectable("source") == "kubelet");
  BOOST_TEST(object_view::open(event_bytes)->selectable("involvedObject.kind") == "Pod");
}

BOOST_AUTO_TEST_CASE(json_comes_back_with_the_revision_in_its_place) {
  const resource_type& pods = builtin("", "pods");
  const std::string bytes = encoded(pods, pod(), 4711);
  const auto view = object_view::open(bytes);
  json expected = pod();
  expected["metadata"]["resourceVersion"] = "4711";
  BOOST_TEST(view->to_json(pods) == expected);
  std::string whole;
  view->append_json(whole, "v1", "Pod");
  BOOST_TEST(json::parse(whole) == expected);
  expected.erase("kind");
  expected.erase("apiVersion");
  std::string item = "[";
  view->append_json(item, "", "");
  item += "]";
  BOOST_TEST(json::parse(item)[0] == expected);
  BOOST_TEST(whole.starts_with(R"({"apiVersion":"v1","kind":"Pod","metadata":{"creationTimestamp":)"));
  // Keys are sorted, the spliced one too.
  BOOST_TEST(json::parse(item)[0].dump(-1, ' ', false) == item.substr(1, item.size() - 2));
}

BOOST_AUTO_TEST_CASE(the_revision_fits_wherever_metadata_ends) {
  const resource_type& maps = builtin("", "configmaps");
  for (const char* metadata : {R"({})", R"({"name":"a"})", R"({"uid":"u"})", R"({"name":"a","uid":"u"})"}) {
    const json object{{"data", {{"k", "v"}}}, {"metadata", json::parse(metadata)}};
    for (const std::uint64_t at : {std::uint64_t{0}, std::uint64_t{1}, ~std::uint64_t{0}}) {
      const std::string bytes = encoded(maps, object, at);
      std::string text;
      object_view::open(bytes)->append_json(text, "v1", "ConfigMap");
      json expected = object;
      expected["kind"] = "ConfigMap";
      expected["apiVersion"] = "v1";
      if (at != 0) expected["metadata"]["resourceVersion"] = std::to_string(at);
      BOOST_TEST(json::parse(text) == expected);
    }
  }
}

BOOST_AUTO_TEST_CASE(bytes_are_read_at_any_address) {
  const std::string bytes = encoded(builtin("", "pods"), pod(), 5);
  for (std::size_t shift = 0; shift < 8; ++shift) {
    std::string moved(shift, 'x');
    moved += bytes;
    const auto view = object_view::open(std::string_view(moved).substr(shift));
    BOOST_REQUIRE(view.has_value());
    BOOST_TEST(view->name() == "web-1");
    BOOST_TEST(view->at().value == 5);
    BOOST_TEST(view->text().size() > 10);
  }
}

BOOST_AUTO_TEST_CASE(large_envelopes_stay_in_one_segment) {
  json object = pod();
  for (int i = 0; i < 2000; ++i)
    object["metadata"]["labels"]["key-" + std::to_string(i)] = std::string(50, 'v');
  const std::string bytes = encoded(builtin("", "pods"), object, 6);
  std::string moved = "x" + bytes;
  const auto view = object_view::open(std::string_view(moved).substr(1));
  BOOST_REQUIRE(view.has_value());
  BOOST_TEST(view->labels().size() == 2002);
  BOOST_TEST(view->at().value == 6);
}

BOOST_AUTO_TEST_CASE(damaged_bytes_are_an_error_not_a_crash) {
  const std::string bytes = encoded(builtin("", "pods"), pod(), 5);
  BOOST_TEST(!object_view::open("").has_value());
  BOOST_TEST(!object_view::open("garbage that is long enough to look like a frame").has_value());
  for (std::size_t size = 0; size < bytes.size() && size < 400; ++size) {
    const auto view = object_view::open(std::string_view(bytes).substr(0, size));
    if (view.has_value()) BOOST_TEST(size >= 32);
  }
  std::string wrong = bytes;
  wrong[0] = static_cast<char>(wrong[0] + 1);
  BOOST_TEST(!object_view::open(wrong).has_value());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(json_texts)

BOOST_AUTO_TEST_CASE(numbers_are_written_as_go_writes_them) {
  BOOST_TEST(json_text(json(3.0)) == "3");
  BOOST_TEST(json_text(json(0.1)) == "0.1");
  BOOST_TEST(json_text(json(1e21)) == "1e+21");
  BOOST_TEST(json_text(json(1e20)) == "100000000000000000000");
  BOOST_TEST(json_text(json(1e-7)) == "1e-7");
  BOOST_TEST(json_text(json(-5)) == "-5");
  BOOST_TEST(json_text(json(18446744073709551615ULL)) == "18446744073709551615");
}

BOOST_AUTO_TEST_CASE(text_reads_back_as_the_same_tree) {
  const json tree = pod();
  const auto back = parse_json(json_text(tree));
  BOOST_REQUIRE(back.has_value());
  BOOST_TEST(*back == tree);
}

BOOST_AUTO_TEST_SUITE_END()
