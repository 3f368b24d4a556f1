#include "schema/codec/json_text.hpp"

#include "schema/codec/text_writer.hpp"

namespace actord::schema {
namespace {

/// Writes by `put` and gives what was written; valid until this thread writes again.
template <class Put>
std::string_view written(Put put) {
  thread_local text_writer writer;
  writer.clear();
  put(writer);
  return writer.text();
}

} // namespace

void append_json_string(std::string& out, std::string_view text) {
  out.append(written([&](text_writer& to) { to.put_string(text); }));
}

void append_json_text(std::string& out, const json& value) {
  out.append(written([&](text_writer& to) { to.put_value(value); }));
}

std::string json_text(const json& value) {
  return std::string(written([&](text_writer& to) { to.put_value(value); }));
}

} // namespace actord::schema
