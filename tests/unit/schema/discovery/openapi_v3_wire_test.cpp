#include "schema/base/json.hpp"
#include "schema/codec/protobuf_wire.hpp"
#include "schema/discovery/openapi.hpp"
#include "schema/discovery/openapi_parts.hpp"

#include <boost/test/unit_test.hpp>

#include <bit>
#include <functional>
#include <map>

using namespace actord;
using namespace actord::schema;

namespace {

/// Reads the protobuf form back into JSON, message by message, so that the two forms can be compared whole.
using reader = std::function<void(json& into, const protobuf::wire_field& field)>;
using message_rules = std::map<std::uint32_t, reader>;

json read(std::string_view bytes, const message_rules& rules) {
  json made = json::object();
  protobuf::message_reader fields(bytes);
  while (!fields.at_end()) {
    const auto field = fields.next();
    BOOST_REQUIRE(field.has_value());
    const auto rule = rules.find(field->number);
    BOOST_REQUIRE_MESSAGE(rule != rules.end(), "a field " << field->number << " that nobody wrote");
    rule->second(made, *field);
  }
  return made;
}

reader text(const char* name) {
  return [=](json& into, const auto& field) { into[name] = field.bytes; };
}
reader flag(const char* name) {
  return [=](json& into, const auto& field) { into[name] = field.number_value == 1; };
}
reader count(const char* name) {
  return [=](json& into, const auto& field) { into[name] = field.number_value; };
}
reader real(const char* name) {
  return [=](json& into, const auto& field) { into[name] = std::bit_cast<double>(field.number_value); };
}
using message = json (*)(std::string_view bytes);
reader one(const char* name, message inner) {
  return [=](json& into, const auto& field) { into[name] = inner(field.bytes); };
}
reader each(const char* name, message inner) {
  return [=](json& into, const auto& field) { into[name].push_back(inner(field.bytes)); };
}

json any(std::string_view bytes) {
  const json made = read(bytes, {{2, text("yaml")}});
  return json::parse(made["yaml"].get<std::string>());
}
json plain(std::string_view bytes) { return bytes; }

/// A map as a list of named messages.
json entries(std::string_view bytes, message inner) {
  json made = json::object();
  protobuf::message_reader fields(bytes);
  while (!fields.at_end()) {
    const auto field = fields.next();
    BOOST_REQUIRE(field.has_value());
    const json named = read(field->bytes, {{1, text("name")}, {2, one("value", inner)}});
    made[named["name"].get<std::string>()] = named["value"];
  }
  return made;
}
reader extension() {
  return [](json& into, const auto& field) {
    const json named = read(field.bytes, {{1, text("name")}, {2, one("value", any)}});
    into[named["name"].template get<std::string>()] = named["value"];
  };
}

json schema_of(std::string_view bytes);
json reference(std::string_view bytes) { return read(bytes, {{1, text("$ref")}}); }
json schema_or_reference(std::string_view bytes) {
  const json made = read(bytes, {{1, one("it", schema_of)}, {2, one("it", reference)}});
  return made["it"];
}
json items(std::string_view bytes) { return read(bytes, {{1, one("it", schema_or_reference)}})["it"]; }
json additional(std::string_view bytes) {
  return read(bytes, {{1, one("it", schema_or_reference)}, {2, flag("it")}})["it"];
}
json default_value(std::string_view bytes) {
  return read(bytes, {{1, real("it")}, {2, flag("it")}, {3, text("it")}})["it"];
}
json schemas(std::string_view bytes) { return entries(bytes, schema_or_reference); }

json schema_of(std::string_view bytes) {
  return read(bytes, {{1, flag("nullable")},
                      {7, one("example", any)},
                      {9, text("title")},
                      {10, real("multipleOf")},
                      {11, real("maximum")},
                      {12, flag("exclusiveMaximum")},
                      {13, real("minimum")},
                      {14, flag("exclusiveMinimum")},
                      {15, count("maxLength")},
                      {16, count("minLength")},
                      {17, text("pattern")},
                      {18, count("maxItems")},
                      {19, count("minItems")},
                      {20, flag("uniqueItems")},
                      {21, count("maxProperties")},
                      {22, count("minProperties")},
                      {23, each("required", plain)},
                      {24, each("enum", any)},
                      {25, text("type")},
                      {26, each("allOf", schema_or_reference)},
                      {27, each("oneOf", schema_or_reference)},
                      {28, each("anyOf", schema_or_reference)},
                      {29, one("not", schema_of)},
                      {30, one("items", items)},
                      {31, one("properties", schemas)},
                      {32, one("additionalProperties", additional)},
                      {33, one("default", default_value)},
                      {34, text("description")},
                      {35, text("format")},
                      {36, extension()}});
}

json content(std::string_view bytes) {
  return entries(
      bytes, [](std::string_view media) { return read(media, {{1, one("schema", schema_or_reference)}}); });
}
json parameter(std::string_view bytes) {
  const auto inner = [](std::string_view of) {
    return read(of, {{1, text("name")},
                     {2, text("in")},
                     {4, flag("required")},
                     {10, one("schema", schema_or_reference)}});
  };
  return read(bytes, {{1, one("it", inner)}})["it"];
}
json request_body(std::string_view bytes) {
  const auto inner = [](std::string_view of) {
    return read(of, {{2, one("content", content)}, {3, flag("required")}});
  };
  return read(bytes, {{1, one("it", inner)}})["it"];
}
json response(std::string_view bytes) {
  const auto inner = [](std::string_view of) {
    return read(of, {{1, text("description")}, {3, one("content", content)}});
  };
  return read(bytes, {{1, one("it", inner)}})["it"];
}
json responses(std::string_view bytes) {
  json made = json::object();
  protobuf::message_reader fields(bytes);
  while (!fields.at_end()) {
    const auto field = fields.next();
    BOOST_REQUIRE(field && field->number == 2);
    const json named = read(field->bytes, {{1, text("name")}, {2, one("value", response)}});
    made[named["name"].get<std::string>()] = named["value"];
  }
  return made;
}
json operation(std::string_view bytes) {
  return read(bytes, {{5, text("operationId")},
                      {6, each("parameters", parameter)},
                      {7, one("requestBody", request_body)},
                      {8, one("responses", responses)},
                      {13, extension()}});
}
json path(std::string_view bytes) {
  return read(bytes, {{4, one("get", operation)},
                      {5, one("put", operation)},
                      {6, one("post", operation)},
                      {7, one("delete", operation)},
                      {10, one("patch", operation)},
                      {13, each("parameters", parameter)}});
}
json document_of(std::string_view bytes) {
  return read(
      bytes,
      {{1, text("openapi")},
       {2, one("info",
               [](std::string_view of) { return read(of, {{1, text("title")}, {6, text("version")}}); })},
       {4, one("paths", [](std::string_view of) { return entries(of, path); })},
       {5, one("components", [](std::string_view of) { return read(of, {{1, one("schemas", schemas)}}); })}});
}

} // namespace

BOOST_AUTO_TEST_SUITE(openapi_v3_in_protobuf)

BOOST_AUTO_TEST_CASE(every_document_says_the_same_in_both_forms) {
  const json index = json::parse(discovery::openapi_v3_index());
  for (const auto& [name, entry] : index["paths"].items()) {
    const auto bytes = discovery::openapi_v3_protobuf(name);
    BOOST_REQUIRE(bytes.has_value());
    BOOST_TEST((document_of(*bytes) == json::parse(*discovery::openapi_v3(name))), name);
  }
  BOOST_TEST(!discovery::openapi_v3_protobuf("apis/nope/v1").has_value());
}

BOOST_AUTO_TEST_CASE(all_that_custom_schemas_may_say_is_there) {
  const json schema = json::parse(R"({
    "type": "object", "description": "d", "title": "t", "format": "f", "nullable": true, "pattern": "^a",
    "multipleOf": 0.5, "maximum": 9.5, "minimum": -3, "exclusiveMaximum": true, "exclusiveMinimum": true,
    "maxLength": 7, "minLength": 1, "maxItems": 70000, "minItems": 2, "uniqueItems": true,
    "maxProperties": 5, "minProperties": 3, "required": ["a", "b"], "enum": ["x", 1, null],
    "example": {"a": [1]}, "default": "text", "not": {"type": "string"},
    "allOf": [{"$ref": "#/components/schemas/other"}], "oneOf": [{"type": "string"}], "anyOf": [{"minimum": 1.5}],
    "items": {"type": "integer", "default": 2.5}, "additionalProperties": {"type": "boolean", "default": true},
    "properties": {"a": {"type": "object", "additionalProperties": true}, "b": {"$ref": "#/components/schemas/other"}},
    "x-kubernetes-validations": [{"rule": "self > 1"}]})");
  const json document{{"openapi", "3.0.0"},
                      {"info", {{"title", "T"}, {"version", "v"}}},
                      {"paths", json::object()},
                      {"components", {{"schemas", {{"it", schema}}}}}};
  BOOST_TEST(document_of(discovery::openapi3_protobuf(document)) == document);
}

BOOST_AUTO_TEST_SUITE_END()
