#include "schema/codec/json_text.hpp"

#include "schema/codec/text_writer.hpp"

namespace actord::schema {
namespace {

/// Appends what `put` writes. Cleared before, since the last `put` may have thrown, and behind, where a large
/// buffer is let go.
template <class Put>
void append_written(std::string& out, Put put) {
  thread_local text_writer writer;
  writer.clear();
  put(writer);
  out.append(writer.text());
  writer.clear();
}

} // namespace

void append_json_string(std::string& out, std::string_view text) {
  append_written(out, [&](text_writer& to) { to.put_string(text); });
}

void append_json_text(std::string& out, const json& value) {
  append_written(out, [&](text_writer& to) { to.put_value(value); });
}

std::string json_text(const json& value) {
  std::string out;
  append_json_text(out, value);
  return out;
}

} // namespace actord::schema
