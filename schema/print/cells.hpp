#pragma once

#include "schema/base/clock.hpp"
#include "schema/base/json_member.hpp"

#include <initializer_list>
#include <string>
#include <string_view>

/// Small readers that the printers of all kinds share. They never fail: what is absent or of another type
/// reads as nothing. Internal to schema/print.

namespace actord::schema::print {

/// What a printer is given and where it puts the cells of a row, in the order of the columns.
struct row_writer {
  const json& object;
  wall_time now;
  json& cells;

  template <class... Values>
  void add(Values&&... values) const {
    (cells.push_back(std::forward<Values>(values)), ...);
  }
};

using printer = void (*)(const row_writer& row);

/// The member at a path, or null.
inline const json& at(const json& object, std::initializer_list<const char*> path) {
  return json_member(object, path);
}
std::string text(const json& value);
std::string text_or(const json& value, std::string_view otherwise);
/// Zero when the value is no integer.
std::int64_t number(const json& value);
bool truth(const json& value, bool otherwise = false);
std::int64_t count(const json& list_or_map);

std::string name_of(const json& object);
/// How long ago the API time was; "<unknown>" when it is empty.
std::string age_of(std::string_view time, wall_time now);
/// The age since creation.
std::string age(const row_writer& row);
bool being_deleted(const json& object);
std::string annotation(const json& object, const std::string& name);

std::string joined(const json& list, std::string_view separator);
std::string joined(const std::vector<std::string>& list, std::string_view separator);
/// At most `shown` items and how many more there are: "a,b + 2 more...".
std::string joined_with_more(const std::vector<std::string>& list, std::size_t shown,
                             std::string_view separator);

/// "<none>" for nothing.
std::string labels_or_none(const json& labels);
std::string selector_or_none(const json& label_selector);

/// Names and images of containers, comma separated.
void add_containers(const row_writer& row, const json& containers);

/// The condition of a type, or null.
const json& condition(const json& object, std::string_view type);

} // namespace actord::schema::print
