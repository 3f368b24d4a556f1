#include "actors/api/watch_events.hpp"

#include "schema/base/json.hpp"
#include "schema/codec/protobuf.hpp"
#include "schema/object/append_stored.hpp"
#include "schema/print/table.hpp"
#include "schema/tables/resource_table.hpp"

#include <fmt/format.h>

namespace actord::actors {
namespace {

bool matches(const shared_bytes& bytes, const object_selector& selector) {
  if (!bytes) return false;
  if (selector.empty()) return true;
  const auto view = schema::object_view::open(*bytes);
  return view && selector.matches(*view);
}

std::string_view word(watch_event what) {
  switch (what) {
  case watch_event::added:
    return "ADDED";
  case watch_event::modified:
    return "MODIFIED";
  case watch_event::deleted:
    return "DELETED";
  case watch_event::bookmark:
    return "BOOKMARK";
  case watch_event::error:
    return "ERROR";
  }
  return {};
}

/// A length-delimited protobuf field.
void append_field(std::string& out, int number, std::string_view bytes) {
  out += static_cast<char>(number << 3 | 2);
  std::size_t left = bytes.size();
  for (; left >= 128; left >>= 7U) out += static_cast<char>((left & 127U) | 128U);
  out += static_cast<char>(left);
  out += bytes;
}

/// The object as of its last matching form, with the revision of the event that took it away.
std::string last_form(const storage::store_event& event, watch_event what) {
  const bool lives_on =
      what == watch_event::deleted && event.kind != storage::event_kind::removed && event.previous;
  std::string bytes = lives_on ? *event.previous : *event.value;
  if (lives_on) schema::stamp_revision(bytes, event.at);
  return bytes;
}

result<shared_bytes> encode_line(const schema::resource_type& type, watch_event what,
                                 const storage::store_event& event, const answer_form& form,
                                 table_objects include, bool first) {
  const bool as_was =
      what == watch_event::deleted && event.kind != storage::event_kind::removed && event.previous;
  const std::string was = as_was ? last_form(event, what) : std::string();
  const std::string_view bytes = as_was ? was : *event.value;
  if (form.form == object_form::whole && form.format == wire_format::json) {
    std::string line = fmt::format("{{\"type\":\"{}\",\"object\":", word(what));
    if (auto appended = schema::append_stored(line, bytes, type, true); !appended) return appended.error();
    line += "}\n";
    return share_bytes(std::move(line));
  }
  const auto view = schema::object_view::open(bytes);
  if (!view) return view.error();
  auto object = render_object(type, *view, form, include, first);
  if (!object) return object.error();
  return share_bytes(framed_event(what, *object, form.format));
}

} // namespace

std::optional<watch_event> visible_event(const storage::store_event& event, const object_selector& selector) {
  if (selector.empty()) {
    switch (event.kind) {
    case storage::event_kind::added:
      return watch_event::added;
    case storage::event_kind::modified:
      return watch_event::modified;
    case storage::event_kind::removed:
      return watch_event::deleted;
    }
  }
  const bool removed = event.kind == storage::event_kind::removed;
  // A removal's value is the last form; what watchers saw before is the previous one.
  const bool before =
      matches(event.previous, selector) || (removed && !event.previous && matches(event.value, selector));
  const bool after = !removed && matches(event.value, selector);
  if (before && after) return watch_event::modified;
  if (after) return watch_event::added;
  if (before) return watch_event::deleted;
  return {};
}

result<shared_bytes> event_encoder::encode(const schema::resource_type& type, watch_event what,
                                           const storage::store_event& event, const answer_form& form,
                                           table_objects include, bool first) {
  if (first && form.form == object_form::table) return encode_line(type, what, event, form, include, first);
  const std::uint64_t key =
      1U + (static_cast<std::uint64_t>(type.id.value) << 16U | static_cast<std::uint64_t>(what) << 12U |
            static_cast<std::uint64_t>(form.form) << 8U | static_cast<std::uint64_t>(form.format) << 4U |
            static_cast<std::uint64_t>(include));
  slot& home = slots_[(event.at.value * 7 + key) % slot_count];
  const std::lock_guard lock(home.mutex);
  if (home.key == key && home.at == event.at) return home.line;
  auto line = encode_line(type, what, event, form, include, first);
  if (!line) return line;
  home.key = key;
  home.at = event.at;
  home.line = *line;
  return line;
}

std::string framed_event(watch_event what, std::string_view object, wire_format format) {
  if (format == wire_format::protobuf) {
    // WatchEvent: type = 1, object = 2, a RawExtension with raw = 1.
    std::string raw;
    append_field(raw, 1, object);
    std::string event;
    append_field(event, 1, word(what));
    append_field(event, 2, raw);
    std::string frame;
    for (int shift = 24; shift >= 0; shift -= 8)
      frame += static_cast<char>(event.size() >> static_cast<unsigned>(shift) & 255U);
    return frame + event;
  }
  // A document ends in a line break; an event is one line.
  while (object.ends_with('\n')) object.remove_suffix(1);
  return fmt::format("{{\"type\":\"{}\",\"object\":{}}}\n", word(what), object);
}

result<std::string> bookmark_object(const schema::resource_type& type, revision at, bool end_of_initial,
                                    const answer_form& form) {
  json object = {
      {"kind", type.kind},
      {"apiVersion", type.api_version()},
      {"metadata", {{"resourceVersion", std::to_string(at.value)}, {"creationTimestamp", nullptr}}}};
  if (end_of_initial) object["metadata"]["annotations"] = {{"k8s.io/initial-events-end", "true"}};
  if (form.form == object_form::metadata) {
    object["kind"] = "PartialObjectMetadata";
    object["apiVersion"] = "meta.k8s.io/v1";
  } else if (form.form == object_form::table) {
    std::string row;
    schema::append_table_row(row, type, object, {.object = schema::row_object::metadata, .now = wall_time{}});
    object = {{"kind", "Table"},
              {"apiVersion", "meta.k8s.io/v1"},
              {"metadata", {{"resourceVersion", std::to_string(at.value)}}},
              {"columnDefinitions", json::array()},
              {"rows", json::array({json::parse(row)})}};
  } else if (form.format == wire_format::protobuf) {
    object["metadata"].erase("creationTimestamp");
    return schema::encode_protobuf(*type.type, object);
  }
  if (form.format == wire_format::json) return object.dump();
  return convert_document(object.dump(), form.format);
}

} // namespace actord::actors
