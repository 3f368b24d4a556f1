#include "schema/codec/json_text.hpp"

#include "schema/base/json.hpp"
#include "schema/codec/json_reader.hpp"
#include "schema/codec/json_syntax.hpp"

namespace actord::schema {
namespace {

json to_tree(const simdjson::dom::element& value) {
  using simdjson::dom::element_type;
  switch (value.type()) {
  case element_type::OBJECT: {
    json tree = json::object();
    auto& members = tree.get_ref<json::object_t&>();
    for (const auto& member : simdjson::dom::object(value))
      members.insert_or_assign(std::string(member.key), to_tree(member.value));
    return tree;
  }
  case element_type::ARRAY: {
    json tree = json::array();
    for (const simdjson::dom::element item : simdjson::dom::array(value)) tree.push_back(to_tree(item));
    return tree;
  }
  case element_type::STRING:
    return std::string(std::string_view(value));
  case element_type::INT64:
    return std::int64_t(value);
  case element_type::UINT64:
    return std::uint64_t(value);
  case element_type::DOUBLE:
    return double(value);
  case element_type::BOOL:
    return bool(value);
  default:
    return nullptr;
  }
}

} // namespace

result<simdjson::dom::element> read_json(simdjson::dom::parser& parser, std::string_view text) {
  // A large text leaves ten times its size in buffers behind; the next small one gives them back.
  constexpr std::size_t kept_bytes = std::size_t{256} * 1024;
  if (parser.capacity() > kept_bytes && text.size() < kept_bytes) parser = simdjson::dom::parser();
  // The parser reads up to 64 bytes past the end, so it works on a padded copy of its own.
  if (parser.max_depth() != json_depth_max || parser.capacity() < text.size()) {
    const auto failure = parser.allocate(std::max<std::size_t>(text.size(), 4096), json_depth_max);
    if (failure != simdjson::SUCCESS) return error{error_kind::internal, "out of memory while reading JSON"};
  }
  const auto parsed = parser.parse(text.data(), text.size(), true);
  if (parsed.error() == simdjson::SUCCESS) return parsed.value_unsafe();
  if (parsed.error() == simdjson::UTF8_ERROR)
    return error{error_kind::bad_request, "invalid UTF-8 in the request body"};
  if (const auto wrong = find_syntax_error(text)) return error{error_kind::bad_request, wrong->message};
  if (parsed.error() == simdjson::NUMBER_ERROR)
    return error{error_kind::bad_request, "json: a number in the body is out of range"};
  return error{error_kind::bad_request, simdjson::error_message(parsed.error())};
}

json copy_tree(const simdjson::dom::element& value) { return to_tree(value); }

result<json> parse_json(std::string_view text) {
  thread_local simdjson::dom::parser parser;
  const auto root = read_json(parser, text);
  if (!root) return root.error();
  return to_tree(*root);
}

} // namespace actord::schema
