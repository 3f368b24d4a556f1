#include "schema/base/json.hpp"
#include "schema/codec/decode.hpp"
#include "schema/codec/json_text.hpp"
#include "schema/codec/protobuf.hpp"
#include "schema/object/append_stored.hpp"
#include "schema/object/frame.hpp"
#include "schema/object/stored_object.hpp"
#include "schema/tables/resource_table.hpp"
#include "schema/write/complete_object.hpp"
#include "tests/support/object_maker.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::schema;

namespace {

/// A random object of the kind with the metadata that every stored object has.
json made_object(const resource_type& row, std::uint64_t seed) {
  json made = object_maker(seed * 1000 + row.id.value).structure(*row.type, 0);
  json& metadata = made["metadata"];
  if (!metadata.is_object()) metadata = json::object();
  metadata.erase("resourceVersion");
  metadata["name"] = "one";
  metadata["uid"] = "0d9f2f0e-0000-4000-8000-000000000001";
  if (row.namespaced)
    metadata["namespace"] = "here";
  else
    metadata.erase("namespace");
  return made;
}

json decoded_body(const resource_type& row, body_format format, std::string_view body) {
  const auto done = decode_object(body_kind_of(row), format, body, field_validation::strict);
  BOOST_REQUIRE_MESSAGE(done.has_value(), (done.has_value() ? std::string() : done.error().message));
  json object = done->object;
  complete_object(*row.type, object);
  return object;
}

/// What a reader sees of the object once it is stored, its revision aside.
json shown_when_stored(const resource_type& row, const json& object) {
  std::string bytes = encode_object(row, object, {"alice", "create", "req-1", revision(7), {}});
  stamp_revision(bytes, revision(42));
  const auto view = object_view::open(bytes);
  BOOST_REQUIRE(view.has_value());
  json shown = view->to_json(row);
  BOOST_TEST(shown["metadata"]["resourceVersion"] == "42");
  shown["metadata"].erase("resourceVersion");
  return shown;
}

} // namespace

BOOST_AUTO_TEST_SUITE(round_trips)

BOOST_AUTO_TEST_CASE(nothing_is_lost_between_json_the_store_and_protobuf) {
  int compared = 0;
  for (const resource_type& row : resource_table()) {
    if (!row.has(verb::get)) continue;
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
      BOOST_TEST_CONTEXT(row.group << "/" << row.plural << " seed " << seed) {
        const json sent = decoded_body(row, body_format::json, json_text(made_object(row, seed)));
        const json stored = shown_when_stored(row, sent);
        BOOST_TEST(json_text(stored) == json_text(sent));
        const json back = decoded_body(row, body_format::protobuf, encode_protobuf(*row.type, stored));
        BOOST_TEST(json_text(back) == json_text(sent));
        BOOST_TEST(json_text(shown_when_stored(row, back)) == json_text(sent));
        ++compared;
      }
    }
  }
  BOOST_TEST(compared > 700);
}

BOOST_AUTO_TEST_CASE(copying_a_stored_text_gives_what_its_view_gives) {
  int copied = 0;
  for (const resource_type& row : resource_table()) {
    if (!row.has(verb::get)) continue;
    BOOST_TEST_CONTEXT(row.group << "/" << row.plural) {
      const json sent = decoded_body(row, body_format::json, json_text(made_object(row, 3)));
      std::string bytes = encode_object(row, sent, {"alice", "create", "req-1", revision(7), {}});
      for (const std::uint64_t at : {0ULL, 1ULL, 18446744073709551615ULL}) {
        stamp_revision(bytes, revision(at));
        const auto facts = frame::text_facts_of(bytes);
        BOOST_REQUIRE(facts.has_value());
        const auto view = object_view::open(bytes);
        BOOST_REQUIRE(view.has_value());
        BOOST_TEST(facts->revision == at);
        BOOST_TEST(facts->resource == view->resource().value);
        BOOST_TEST(facts->key_id == 0U);
        BOOST_TEST(facts->schema_hash == view->schema_hash());
        copied += row.stored_as == row.id ? 1 : 0;
        for (const bool with_kind : {true, false}) {
          std::string expected = "before";
          view->append_as(expected, row, with_kind);
          std::string text = "before";
          BOOST_REQUIRE(append_stored(text, bytes, row, with_kind).has_value());
          BOOST_TEST(text == expected);
        }
      }
    }
  }
  BOOST_TEST(copied > 100);
}

BOOST_AUTO_TEST_CASE(damaged_bytes_are_not_copied) {
  const resource_type& row = builtin("", "pods");
  const std::string whole =
      encode_object(row, decoded_body(row, body_format::json, json_text(made_object(row, 3))),
                    {"alice", "create", {}, {}, {}});
  std::string text;
  for (const std::size_t size : {0U, 4U, 8U, 23U, 60U})
    BOOST_TEST(!append_stored(text, std::string_view(whole).substr(0, size), row, true).has_value());
  BOOST_TEST(text.empty());
}

BOOST_AUTO_TEST_SUITE_END()
