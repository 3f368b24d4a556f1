#include "tests/sim/api/held_object.hpp"

#include "tests/sim/failure.hpp"

#include <charconv>
#include <simdjson.h>

namespace actord::sim {
namespace {

using simdjson::dom::element;

/// Valid until the next is read.
element read(std::string_view text) {
  static thread_local simdjson::dom::parser parser;
  element read;
  require(parser.parse(text.data(), text.size()).get(read) == simdjson::SUCCESS, "this is no JSON: {}",
          text.substr(0, 200));
  return read;
}

std::string text_at(element from, std::string_view key) {
  std::string_view text;
  return from[key].get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

element metadata_of(element object) {
  element metadata;
  if (object["metadata"].get(metadata) != simdjson::SUCCESS)
    throw failure("this is no object: " + simdjson::minify(object).substr(0, 200));
  return metadata;
}

revision version_in(element metadata) {
  revision at;
  const std::string text = text_at(metadata, "resourceVersion");
  std::from_chars(text.data(), text.data() + text.size(), at.value);
  return at;
}

held_object held_in(element object) {
  const element metadata = metadata_of(object);
  held_object held{.at = version_in(metadata), .uid = text_at(metadata, "uid"), .data = {}, .color = {}};
  simdjson::dom::object data;
  if (object["data"].get(data) == simdjson::SUCCESS)
    for (const auto& [key, value] : data) held.data.emplace(key, std::string_view(value));
  element labels;
  if (metadata["labels"].get(labels) == simdjson::SUCCESS) held.color = text_at(labels, "color");
  return held;
}

} // namespace

held_object object_in(std::string_view text) { return held_in(read(text)); }

held_list list_in(std::string_view text) {
  const element list = read(text);
  held_list held{.at = version_in(metadata_of(list)), .items = {}};
  simdjson::dom::array items;
  require(list["items"].get(items) == simdjson::SUCCESS, "this is no list: {}", text.substr(0, 200));
  for (const element item : items) held.items.emplace(text_at(metadata_of(item), "name"), held_in(item));
  return held;
}

held_event event_in(std::string_view text) {
  const element event = read(text);
  element object;
  require(event["object"].get(object) == simdjson::SUCCESS, "this is no event: {}", text);
  held_event held{.type = text_at(event, "type"), .name = {}, .object = {}, .code = 0};
  if (held.type == "ERROR") {
    std::int64_t code = 0;
    if (object["code"].get(code) == simdjson::SUCCESS) held.code = static_cast<int>(code);
    return held;
  }
  held.object = held_in(object);
  held.name = text_at(metadata_of(object), "name");
  return held;
}

} // namespace actord::sim
