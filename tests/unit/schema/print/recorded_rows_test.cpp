// Rows that a Kubernetes API server printed for objects in many states: each line of recorded_rows.jsonl
// holds an object and the cells it was shown as. "*" stands for what differs from run to run (ages,
// addresses), in either.

#include "schema/base/json.hpp"
#include "schema/codec/json_text.hpp"
#include "schema/print/table.hpp"
#include "schema/tables/resource_table.hpp"

#include <boost/test/unit_test.hpp>
#include <fstream>
#include <regex>

using namespace actord;
using namespace actord::schema;

namespace {

const resource_type* type_of(const json& object) {
  const std::string version = object.at("apiVersion");
  const auto slash = version.find('/');
  return find_kind(slash == std::string::npos ? "" : version.substr(0, slash),
                   slash == std::string::npos ? version : version.substr(slash + 1),
                   object.at("kind").get<std::string>())
      .get(); // of a built-in kind, which stays
}

bool matches(const json& wanted, const json& got) {
  if (wanted == got) return true;
  if (!wanted.is_string() || !got.is_string()) return wanted == "*";
  // A value that was recorded as "*" is in the object as well.
  std::string pattern;
  for (const char character : wanted.get<std::string>()) {
    if (character == '*')
      pattern += "[^]*";
    else if (std::isalnum(static_cast<unsigned char>(character)) != 0)
      pattern += character;
    else
      pattern.append("\\").append(1, character);
  }
  return std::regex_match(got.get<std::string>(), std::regex(pattern));
}

json row_of(const json& object, row_object with) {
  const resource_type* type = type_of(object);
  BOOST_REQUIRE(type != nullptr);
  std::string out;
  append_table_row(out, *type, object, {.object = with, .now = wall_time{std::chrono::hours(24 * 365 * 60)}});
  return json::parse(out);
}

} // namespace

BOOST_AUTO_TEST_SUITE(recorded_rows)

BOOST_AUTO_TEST_CASE(every_recorded_object_prints_as_it_was_printed) {
  std::ifstream in(TEST_DATA_DIR "/recorded_rows.jsonl");
  int lines = 0;
  for (std::string line; std::getline(in, line); ++lines) {
    const json recorded = json::parse(line);
    const json row = row_of(recorded["object"], row_object::none);
    const json& wanted = recorded["cells"];
    BOOST_TEST_INFO(recorded["object"]["kind"] << " " << recorded["object"]["metadata"]["name"] << ": "
                                               << row["cells"]);
    BOOST_REQUIRE_EQUAL(row["cells"].size(), wanted.size());
    for (std::size_t i = 0; i < wanted.size(); ++i)
      BOOST_CHECK_MESSAGE(matches(wanted[i], row["cells"][i]),
                          recorded["object"]["kind"] << " " << recorded["object"]["metadata"]["name"]
                                                     << " cell " << i << ": wanted " << wanted[i] << ", got "
                                                     << row["cells"][i]);
    BOOST_CHECK_EQUAL(row.value("conditions", json()), recorded.value("conditions", json()));
  }
  BOOST_CHECK_GE(lines, 60);
}

BOOST_AUTO_TEST_CASE(a_row_brings_what_was_asked_for) {
  const json object = {{"apiVersion", "v1"},
                       {"kind", "Secret"},
                       {"metadata", {{"name", "s"}, {"resourceVersion", "7"}}},
                       {"type", "Opaque"}};
  BOOST_CHECK(row_of(object, row_object::none)["object"].is_null());
  BOOST_CHECK_EQUAL(row_of(object, row_object::whole)["object"], object);
  const json partial = row_of(object, row_object::metadata)["object"];
  BOOST_CHECK_EQUAL(partial["kind"], "PartialObjectMetadata");
  BOOST_CHECK_EQUAL(partial["apiVersion"], "meta.k8s.io/v1");
  BOOST_CHECK_EQUAL(partial["metadata"], object["metadata"]);
  BOOST_CHECK_EQUAL(partial.size(), 3u);
}

BOOST_AUTO_TEST_CASE(every_resource_has_as_many_cells_as_columns_and_a_note_for_each) {
  int printed = 0;
  for (const resource_type& type : resource_table()) {
    if (type.type == nullptr) continue;
    const json empty = {{"metadata", {{"name", "n"}}}};
    std::string out;
    append_table_row(out, type, empty, {.object = row_object::none, .now = {}});
    std::string columns;
    append_column_definitions(columns, type);
    const json definitions = json::parse(columns);
    BOOST_CHECK_EQUAL(json::parse(out)["cells"].size(), definitions.size());
    for (const json& column : definitions)
      BOOST_CHECK_MESSAGE(column["description"] != column["name"], "no note on column " << column["name"]);
    ++printed;
  }
  BOOST_CHECK_GT(printed, 40);
}

BOOST_AUTO_TEST_SUITE_END()
