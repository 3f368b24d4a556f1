#pragma once

#include "schema/base/always.hpp"
#include "storage/encoding/bytes.hpp"
#include "storage/store.hpp"
#include "storage/value_codec.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Values for tests of the store itself: everything the store can see, nothing else.

namespace actord::storage::test {

struct test_value {
  object_key key;
  std::string uid;
  std::string text;
  std::vector<std::pair<std::string, std::string>> labels;
  std::vector<std::string> owners;
  std::string node;
  std::int64_t deadline_ns = 0;
};

inline void append_text(std::string& out, std::string_view text) {
  append_little(out, static_cast<std::uint32_t>(text.size()));
  out.append(text);
}
inline std::string_view take_text(byte_reader& reader) {
  return reader.take_bytes(reader.take<std::uint32_t>());
}

inline std::string encode(const test_value& from) {
  std::string out;
  append_little(out, std::uint64_t{0});
  append_little(out, from.key.resource.value);
  append_text(out, from.key.space);
  append_text(out, from.key.name);
  append_text(out, from.uid);
  append_text(out, from.node);
  append_little(out, from.deadline_ns);
  append_little(out, static_cast<std::uint32_t>(from.labels.size()));
  for (const auto& [label, value] : from.labels) {
    append_text(out, label);
    append_text(out, value);
  }
  append_little(out, static_cast<std::uint32_t>(from.owners.size()));
  for (const std::string& owner : from.owners) append_text(out, owner);
  append_text(out, from.text);
  return out;
}

class test_codec final : public value_codec {
public:
  [[nodiscard]] result<value_facts> facts(std::string_view value) const override {
    auto opened = open(value);
    if (!opened) return error{error_kind::internal, "not a test value", {}, {}, 0};
    return opened->facts;
  }
  [[nodiscard]] revision revision_of(std::string_view value) const override { return open(value)->facts.at; }
  [[nodiscard]] std::string_view uid_of(std::string_view value) const override {
    return open(value)->facts.uid;
  }
  [[nodiscard]] object_key key_of(std::string_view value) const override { return open(value)->key; }
  void stamp(std::string& value, revision at) const override { store_little(value.data(), at.value); }

  static std::string text_of(std::string_view value) { return std::string(open(value)->text); }

private:
  struct parts {
    object_key key;
    value_facts facts;
    std::string_view text;
  };
  static std::optional<parts> open(std::string_view value) {
    byte_reader reader(value);
    parts out;
    out.facts.at = revision{reader.take<std::uint64_t>()};
    out.key.resource = resource_id{reader.take<std::uint16_t>()};
    out.key.space = take_text(reader);
    out.key.name = take_text(reader);
    out.facts.uid = take_text(reader);
    out.facts.node = take_text(reader);
    out.facts.deadline = wall_time{std::chrono::nanoseconds{reader.take<std::int64_t>()}};
    const auto labels = reader.take<std::uint32_t>();
    for (std::uint32_t i = 0; i < labels && reader.ok(); ++i) {
      const std::string_view label = take_text(reader);
      out.facts.labels.emplace_back(label, take_text(reader));
    }
    const auto owners = reader.take<std::uint32_t>();
    for (std::uint32_t i = 0; i < owners && reader.ok(); ++i)
      out.facts.owner_uids.emplace_back(take_text(reader));
    out.text = take_text(reader);
    if (!reader.ok() || !reader.rest().empty()) return std::nullopt;
    return out;
  }
};

inline const test_codec& codec() {
  static const test_codec one;
  return one;
}

inline object_change put(const test_value& value, precondition require = {}) {
  return {value.key, std::move(require), put_value{encode(value)}};
}
inline object_change create(const test_value& value) { return put(value, {true, false, std::nullopt, {}}); }
inline object_change remove(const test_value& value, precondition require = {}) {
  return {value.key, std::move(require), remove_value{encode(value)}};
}

} // namespace actord::storage::test
