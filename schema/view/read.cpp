#include "schema/view/read.hpp"

#include "schema/base/timestamp.hpp"
#include "schema/codec/base64.hpp"
#include "schema/value/quantity.hpp"

namespace actord::schema::read {

value value::operator[](std::string_view member) const {
  simdjson::dom::object members;
  if (!present_ || element_.get(members) != simdjson::SUCCESS) return {};
  simdjson::dom::element found;
  if (members.at_key(member).get(found) != simdjson::SUCCESS) return {};
  return value(found);
}

std::string_view value::view() const {
  std::string_view out;
  if (!present_ || element_.get(out) != simdjson::SUCCESS) return {};
  return out;
}

std::string value::text_or(std::string_view fallback) const {
  const std::string_view found = view();
  return std::string(found.empty() ? fallback : found);
}

std::optional<std::int64_t> value::maybe_number() const {
  std::int64_t out = 0;
  if (!present_ || element_.get(out) != simdjson::SUCCESS) return std::nullopt;
  return out;
}

std::int64_t value::number(std::int64_t fallback) const { return maybe_number().value_or(fallback); }

std::optional<bool> value::maybe_flag() const {
  bool out = false;
  if (!present_ || element_.get(out) != simdjson::SUCCESS) return std::nullopt;
  return out;
}

bool value::flag(bool fallback) const { return maybe_flag().value_or(fallback); }

bool value::is_number() const { return present_ && element_.is_number(); }

std::vector<std::string> value::texts() const {
  std::vector<std::string> out;
  each([&](value item) { out.push_back(item.text()); });
  return out;
}

std::map<std::string, std::string, std::less<>> value::text_map() const {
  std::map<std::string, std::string, std::less<>> out;
  each_member([&](std::string_view key, value item) { out.emplace(key, item.view()); });
  return out;
}

std::string value::raw() const { return present_ ? simdjson::minify(element_) : std::string(); }

value document(std::string_view text) {
  thread_local simdjson::dom::parser parser;
  constexpr std::size_t kept_bytes = std::size_t{256} * 1024;
  if (parser.capacity() > kept_bytes && text.size() < kept_bytes) parser = simdjson::dom::parser();
  simdjson::dom::element root;
  if (parser.parse(text.data(), text.size()).get(root) != simdjson::SUCCESS) return {};
  return value(root);
}

std::optional<wall_time> value::time() const { return parse_time(view()); }

std::optional<std::int64_t> milli_quantity(const value& in) {
  if (const auto plain = in.maybe_number()) return *plain * 1000;
  const auto amount = quantity::parse(in.view());
  if (!amount) return std::nullopt;
  return amount->milli();
}

std::optional<std::int64_t> whole_quantity(const value& in) {
  if (const auto plain = in.maybe_number()) return plain;
  const auto amount = quantity::parse(in.view());
  if (!amount) return std::nullopt;
  return amount->units();
}

std::optional<std::string> base64_decoded(std::string_view text) {
  std::size_t wrong_at = 0;
  return decode_base64(text, wrong_at);
}

} // namespace actord::schema::read
