#include "schema/codec/json_text.hpp"
#include "schema/codec/protobuf.hpp"
#include "schema/tables/resource_table.hpp"
#include "schema/tables/type_table.hpp"
#include "schema/write/complete_object.hpp"
#include "tests/support/object_maker.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::schema;

namespace {

json object_of(const result<decoded>& done) {
  BOOST_REQUIRE_MESSAGE(done.has_value(), (done.has_value() ? std::string() : done.error().message));
  return done->object;
}

} // namespace

BOOST_AUTO_TEST_SUITE(protobuf_bodies)

BOOST_AUTO_TEST_CASE(every_kind_comes_back_from_protobuf_as_it_was) {
  int compared = 0;
  for (const resource_type& row : resource_table()) {
    const body_kind kind = body_kind_of(row);
    for (std::uint64_t seed = 1; seed <= 25; ++seed) {
      const json made = object_maker(seed * 1000 + row.id.value).structure(*row.type, 0);
      const auto normal = decode_object(kind, body_format::json, json_text(made), field_validation::strict);
      BOOST_TEST_CONTEXT(row.group << "/" << row.plural << " seed " << seed) {
        const auto tree = decode_tree(*row.type, object_of(normal), field_validation::strict);
        BOOST_REQUIRE(tree.has_value());
        BOOST_TEST(json_text(tree->object) == json_text(object_of(normal)));
        // The form that is stored and shown.
        json complete = object_of(normal);
        complete_object(*row.type, complete);
        const std::string bytes = encode_protobuf(*row.type, complete);
        const auto back = decode_object(kind, body_format::protobuf, bytes, field_validation::strict);
        BOOST_TEST(json_text(object_of(back)) == json_text(complete));
        compared += made.size() > 1 ? 1 : 0;
      }
    }
  }
  BOOST_TEST(compared > 1000);
}

BOOST_AUTO_TEST_CASE(a_body_has_the_bytes_go_clients_send) {
  const body_kind kind = body_kind_of(builtin("", "configmaps"));
  // What client-go sends for a ConfigMap with one entry: fields that are not pointers are always written.
  const std::string meta("\x0a\x02v1\x12\x09"
                         "ConfigMap",
                         15);
  const std::string object_meta("\x0a\x04"
                                "demo"
                                "\x12\x00"
                                "\x1a\x02"
                                "ns"
                                "\x22\x00"
                                "\x2a\x00"
                                "\x32\x00"
                                "\x38\x00"
                                "\x42\x00",
                                22);
  const std::string entry("\x0a\x01"
                          "k"
                          "\x12\x01"
                          "v",
                          6);
  std::string raw = std::string("\x0a\x16", 2) + object_meta + std::string("\x12\x06", 2) + entry;
  std::string body("k8s\0", 4);
  body += std::string("\x0a\x0f", 2) + meta + std::string("\x12", 1) + static_cast<char>(raw.size()) + raw +
          std::string("\x1a\x00\x22\x00", 4);
  const auto done = decode_object(kind, body_format::protobuf, body, field_validation::strict);
  BOOST_TEST(
      json_text(object_of(done)) ==
      R"({"apiVersion":"v1","data":{"k":"v"},"kind":"ConfigMap","metadata":{"name":"demo","namespace":"ns"}})");
}

BOOST_AUTO_TEST_CASE(broken_bytes_are_refused) {
  const resource_type& pods = builtin("", "pods");
  const body_kind kind = body_kind_of(pods);
  BOOST_TEST(!decode_object(kind, body_format::protobuf, "", field_validation::warn).has_value());
  BOOST_TEST(!decode_object(kind, body_format::protobuf, "{}", field_validation::warn).has_value());
  const json made = object_maker(7).structure(*pods.type, 0);
  const auto normal = decode_object(kind, body_format::json, json_text(made), field_validation::warn);
  const std::string whole = encode_protobuf(*pods.type, object_of(normal));
  seeded_random_source random(11);
  for (int round = 0; round < 20000; ++round) {
    std::string bytes = whole.substr(0, random.next() % (whole.size() + 1));
    for (std::uint64_t changes = random.next() % 4; changes > 0 && bytes.size() > 4; --changes)
      bytes[4 + random.next() % (bytes.size() - 4)] = static_cast<char>(random.next());
    const auto done = decode_object(kind, body_format::protobuf, bytes, field_validation::warn);
    if (done.has_value())
      BOOST_REQUIRE(done->object.is_object());
    else
      BOOST_REQUIRE(done.error().kind == error_kind::bad_request);
  }
}

BOOST_AUTO_TEST_CASE(random_json_never_ends_the_process) {
  const resource_type& pods = builtin("", "pods");
  const body_kind kind = body_kind_of(pods);
  const std::string whole = json_text(object_maker(8).structure(*pods.type, 0));
  seeded_random_source random(12);
  int refused = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string bytes = whole;
    for (std::uint64_t changes = 1 + random.next() % 3; changes > 0; --changes)
      bytes[random.next() % bytes.size()] = static_cast<char>(random.next() % 128);
    if (round % 4 == 0) bytes.resize(random.next() % bytes.size());
    for (const body_format format : {body_format::json, body_format::yaml}) {
      if (format == body_format::yaml && round % 10 != 0) continue;
      const auto done = decode_object(kind, format, bytes, field_validation::strict);
      if (done.has_value()) continue;
      ++refused;
      BOOST_REQUIRE(done.error().kind == error_kind::bad_request);
      BOOST_REQUIRE(!done.error().message.empty());
    }
  }
  BOOST_TEST(refused > 1000);
}

BOOST_AUTO_TEST_SUITE_END()
