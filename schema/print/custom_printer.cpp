#include "schema/print/custom_printer.hpp"

#include "schema/base/timestamp.hpp"
#include "schema/codec/json_text.hpp"

namespace actord::schema::print {
namespace {

json cell_of(const json& value, std::string_view type, wall_time now) {
  if (type == "string") return value.is_string() ? value : json(json_text(value));
  if (type == "integer") {
    if (value.is_number_float()) return static_cast<std::int64_t>(value.get<double>());
    return value.is_number() ? value : json();
  }
  if (type == "number") return value.is_number() ? json(value.get<double>()) : json();
  if (type == "boolean") return value.is_boolean() ? value : json();
  if (type != "date" || !value.is_string()) return {};
  const std::string& time = value.get_ref<const std::string&>();
  return parse_time(time) ? json(age_of(time, now)) : json("<invalid>");
}

} // namespace

void print_custom(const custom_kind& kind, const row_writer& row) {
  row.add(name_of(row.object));
  for (const custom_kind::column& column : kind.columns) {
    const auto found = column.path.find(row.object);
    row.add(found.empty() ? json() : cell_of(*found.front(), column.type, row.now));
  }
}

} // namespace actord::schema::print
