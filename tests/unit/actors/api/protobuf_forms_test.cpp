#include "actors/api/forms/object_forms.hpp"
#include "actors/api/forms/protobuf_forms.hpp"
#include "schema/base/json.hpp"
#include "schema/codec/protobuf.hpp"
#include "schema/codec/protobuf_wire.hpp"
#include "schema/object/stored_object.hpp"
#include "schema/tables/resource_table.hpp"
#include "schema/tables/type_table.hpp"

#include <boost/test/unit_test.hpp>

#include <map>

using namespace actord;
using namespace actord::actors;

namespace {

const schema::resource_type& config_maps() { return schema::builtin("", "configmaps"); }

std::string stored(const std::string& name, std::uint64_t at, const std::string& value) {
  const json object = {{"metadata", {{"name", name}, {"namespace", "here"}, {"uid", "uid-of-" + name}}},
                       {"data", {{"k", value}}}};
  std::string bytes = schema::encode_object(config_maps(), object, {"alice", "create", {}, {}, {}});
  schema::stamp_revision(bytes, revision(at));
  return bytes;
}

shared_bytes message(protobuf_messages& kept, const std::string& bytes) {
  return kept.message_of(config_maps(), bytes).value();
}

/// The fields of a message by number, in order within each: the order among fields means nothing.
std::multimap<std::uint32_t, std::string> fields_of(std::string_view bytes) {
  std::multimap<std::uint32_t, std::string> fields;
  for (schema::protobuf::message_reader in(bytes); !in.at_end();) {
    const auto field = in.next();
    BOOST_REQUIRE(field.has_value());
    fields.emplace(field->number,
                   field->bytes.empty() ? std::to_string(field->number_value) : std::string(field->bytes));
  }
  return fields;
}

} // namespace

BOOST_AUTO_TEST_SUITE(protobuf_forms)

BOOST_AUTO_TEST_CASE(a_message_is_made_once_for_each_version_of_an_object) {
  protobuf_messages kept(1U << 20U);
  const shared_bytes first = message(kept, stored("a", 5, "one"));
  BOOST_TEST(message(kept, stored("a", 5, "one")).get() == first.get());
  const shared_bytes second = message(kept, stored("a", 6, "two"));
  BOOST_TEST(*second != *first);
  BOOST_TEST(second->find("two") != std::string::npos);
  BOOST_TEST(message(kept, stored("b", 5, "one")).get() != first.get()); // of another cluster
}

BOOST_AUTO_TEST_CASE(what_has_no_revision_is_not_kept) {
  protobuf_messages kept(1U << 20U);
  const shared_bytes first = message(kept, stored("a", 0, "one"));
  BOOST_TEST(message(kept, stored("a", 0, "one")).get() != first.get());
}

BOOST_AUTO_TEST_CASE(messages_that_nobody_asks_for_make_room) {
  protobuf_messages kept(1U << 20U);
  const shared_bytes busy = message(kept, stored("busy", 1, "x"));
  const std::weak_ptr<const std::string> idle = message(kept, stored("idle", 2, "x"));
  BOOST_TEST(!idle.expired());
  for (std::uint64_t at = 10; at < 3000; ++at) {
    message(kept, stored("other", at, std::string(1000, 'x')));
    BOOST_REQUIRE(message(kept, stored("busy", 1, "x")).get() == busy.get());
  }
  BOOST_TEST(idle.expired());
}

BOOST_AUTO_TEST_CASE(bytes_that_are_no_object_have_no_message) {
  protobuf_messages kept(1U << 20U);
  BOOST_TEST(!kept.message_of(config_maps(), "nonsense").has_value());
}

BOOST_AUTO_TEST_CASE(the_pieces_of_a_list_are_the_list) {
  constexpr std::size_t full_bytes = 2000;
  std::vector<std::string> objects;
  for (std::uint64_t at = 1; at <= 50; ++at)
    objects.push_back(stored("object" + std::to_string(at), at, std::string(300, 'v')));
  const std::vector<std::string_view> items(objects.begin(), objects.end());
  const list_metadata metadata{revision(99), "token", 17};
  const auto whole = protobuf_objects(config_maps(), items, metadata);
  std::vector<std::string> pieces;
  const auto keep = [&](std::string piece) { pieces.push_back(std::move(piece)); };
  BOOST_REQUIRE(
      (whole && protobuf_objects_in_pieces(config_maps(), items, metadata, full_bytes, keep).has_value()));
  BOOST_TEST(pieces.size() > 5U);
  std::string all;
  for (const std::string& piece : pieces) {
    BOOST_TEST((&piece == &pieces.back() || piece.size() >= full_bytes));
    BOOST_TEST(piece.size() < 2 * full_bytes);
    all += piece;
  }
  BOOST_TEST((all == *whole));

  pieces.clear();
  const std::vector<std::string_view> broken{items[0], "nonsense"};
  BOOST_TEST(!protobuf_objects_in_pieces(config_maps(), broken, metadata, 1, keep).has_value());
  BOOST_TEST(pieces.empty());
}

BOOST_AUTO_TEST_CASE(a_list_says_what_the_same_list_in_json_says) {
  const std::vector<std::string> objects{stored("a", 5, std::string(300, 'v')), stored("b", 6, "")};
  const std::vector<std::string_view> items(objects.begin(), objects.end());
  for (const auto& metadata : {list_metadata{revision(9), {}, {}}, list_metadata{revision(9), "token", 17}}) {
    const auto body = protobuf_objects(config_maps(), items, metadata);
    const auto text = render_list(config_maps(), items, metadata, {wire_format::json, object_form::whole},
                                  table_objects::metadata);
    BOOST_REQUIRE((body && text));
    const auto* type = schema::find_type("io.k8s.api.core.v1.ConfigMapList");
    BOOST_REQUIRE(type != nullptr);
    const auto got = fields_of(std::string_view(*body).substr(4));
    const auto wanted = fields_of(std::string_view(schema::encode_protobuf_text(*type, *text)).substr(4));
    BOOST_TEST(got.find(1)->second == wanted.find(1)->second); // kind and version
    BOOST_TEST((fields_of(got.find(2)->second) == fields_of(wanted.find(2)->second)));
  }
}

BOOST_AUTO_TEST_SUITE_END()
