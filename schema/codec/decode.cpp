#include "schema/codec/decode.hpp"

#include "schema/codec/decode_custom.hpp"
#include "schema/codec/decode_kind.hpp"
#include "schema/codec/json_reader.hpp"
#include "schema/codec/json_text.hpp"
#include "schema/codec/protobuf.hpp"
#include "schema/codec/tree_decoder.hpp"
#include "schema/codec/yaml_repeats.hpp"
#include "schema/tables/resource_table.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace actord::schema {
namespace {

constexpr std::size_t summary_max = 30;

error bad_request(std::string message) {
  return {.kind = error_kind::bad_request, .message = std::move(message)};
}

/// The start of a body for a person to recognize it by: as text when it looks like JSON, else in hex.
std::string summary_of(std::string_view body) {
  if (body.empty()) return "<empty>";
  const std::string_view start = body.substr(0, summary_max);
  const std::string_view more = body.size() > summary_max ? " ..." : "";
  if (body.front() == '{') return fmt::format("{}{}", start, more);
  std::string hex;
  for (const char c : start) hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return hex.append(more);
}

error unrecognized(const body_kind& expected, std::string_view why, std::string_view body) {
  return bad_request(fmt::format("the object provided is unrecognized (must be of type {}): {} ({})",
                                 expected.kind, why, summary_of(body)));
}

std::string depth_text(const json& tree, int left) {
  if (left < 0) return "exceeded max depth";
  if (tree.is_structured())
    for (const json& child : tree)
      if (std::string wrong = depth_text(child, left - 1); !wrong.empty()) return wrong;
  return {};
}

} // namespace

result<decoded> finish_decoding(json object, decode_errors& errors, field_validation validation) {
  if (errors.failed()) return bad_request(errors.first());
  decoded done{.object = std::move(object), .warnings = errors.take_strict()};
  if (validation == field_validation::strict && !done.warnings.empty())
    return bad_request(fmt::format("strict decoding error: {}", fmt::join(done.warnings, ", ")));
  return done;
}

result<decoded> decode_object(const body_kind& expected, body_format format, std::string_view body,
                              field_validation validation) {
  if (format == body_format::protobuf && expected.custom != nullptr)
    return error{.kind = error_kind::unsupported_media_type,
                 .message =
                     "the body of the request was in an unknown format - accepted media types include: "
                     "application/json, application/yaml"};
  if (format == body_format::protobuf) return decode_protobuf(expected, body, validation);
  std::string converted;
  std::string repeated;
  std::string_view text = body;
  if (format == body_format::yaml) {
    auto rewritten = yaml_to_json(body);
    if (!rewritten) return unrecognized(expected, rewritten.error().message, body);
    converted = std::move(rewritten).value();
    if (validation != field_validation::ignore) repeated = repeated_yaml_keys(body);
    // The last of equal keys counts, and they are complained about once.
    if (!repeated.empty()) converted = json_text(json::parse(converted));
    text = converted;
  }
  thread_local simdjson::dom::parser parser;
  const auto root = read_json(parser, text);
  if (!root)
    return unrecognized(expected, "couldn't get version/kind; json parse error: " + root.error().message,
                        body);
  const auto named = read_named_kind(*root);
  if (!named)
    return unrecognized(expected, "couldn't get version/kind; json parse error: " + named.error().message,
                        body);

  if (expected.custom != nullptr && named->kind.empty())
    return unrecognized(expected, check_custom_kind(*named, expected, text).error().message, body);
  const named_kind actual = fill_in(*named, expected);
  const auto prefixed = [&](std::string_view why) {
    return bad_request(fmt::format("{} in version \"{}\" cannot be handled as a {}: {}", actual.kind,
                                   actual.version, expected.kind, why));
  };
  const auto accepted =
      expected.custom != nullptr ? check_custom_kind(actual, expected, text) : check_kind(actual, expected);
  if (!accepted && accepted.error().causes.empty()) return prefixed(accepted.error().message);

  if (expected.custom != nullptr) {
    auto done = decode_custom(expected, copy_tree(*root), text, validation);
    if (!done) return prefixed(done.error().message);
    if (!accepted) return bad_request(accepted.error().message);
    return done;
  }
  decode_errors errors(validation);
  if (!repeated.empty()) errors.complain(std::move(repeated));
  json object = json::object();
  if (root->is_object()) // null reads as an object without members
    tree_decoder<parsed_text>(errors).decode_structure(*expected.type, *root, object);
  else
    add_missing(*expected.type, object.get_ref<json::object_t&>());
  set_kind(expected, object);
  auto done = finish_decoding(std::move(object), errors, validation);
  if (!done) return prefixed(done.error().message);
  if (!accepted) return bad_request(accepted.error().message);
  return done;
}

result<decoded> decode_tree(const object_type& type, const json& tree, field_validation validation) {
  if (const std::string wrong = depth_text(tree, json_depth_max); !wrong.empty()) return bad_request(wrong);
  decode_errors errors(validation);
  json object = json::object();
  if (tree.is_object())
    tree_decoder<built_tree>(errors).decode_structure(type, tree, object);
  else
    errors.wrong_type(json_kind_name(built_tree::kind(tree)),
                      {.kind = value_kind::structure, .structure = &type});
  return finish_decoding(std::move(object), errors, validation);
}

result<decoded> decode_tree(const body_kind& kind, const json& tree, field_validation validation) {
  if (kind.custom == nullptr) return decode_tree(*kind.type, tree, validation);
  if (const std::string wrong = depth_text(tree, json_depth_max); !wrong.empty()) return bad_request(wrong);
  if (!tree.is_object())
    return bad_request(
        fmt::format("json: cannot unmarshal {} into Go value of type map[string]interface {{}}",
                    json_kind_name(built_tree::kind(tree))));
  return decode_custom(kind, tree, {}, validation);
}

} // namespace actord::schema
