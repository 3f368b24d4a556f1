#include "schema/print/cells.hpp"

#include "schema/base/timestamp.hpp"
#include "schema/print/label_text.hpp"
#include "schema/value/api_time.hpp"

#include <fmt/format.h>

namespace actord::schema::print {

std::string text(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_integer()) return std::to_string(value.get<std::int64_t>());
  return {};
}

std::string text_or(const json& value, std::string_view otherwise) {
  std::string found = text(value);
  return found.empty() ? std::string(otherwise) : found;
}

std::int64_t number(const json& value) { return value.is_number_integer() ? value.get<std::int64_t>() : 0; }

bool truth(const json& value, bool otherwise) { return value.is_boolean() ? value.get<bool>() : otherwise; }

std::int64_t count(const json& list_or_map) {
  return list_or_map.is_structured() ? static_cast<std::int64_t>(list_or_map.size()) : 0;
}

std::string name_of(const json& object) { return text(json_member(object, {"metadata", "name"})); }

std::string age_of(std::string_view time, wall_time now) {
  const auto when = parse_time(time);
  return when ? human_duration(now - *when) : "<unknown>";
}

std::string age(const row_writer& row) {
  return age_of(text(json_member(row.object, {"metadata", "creationTimestamp"})), row.now);
}

bool being_deleted(const json& object) {
  return !json_member(object, {"metadata", "deletionTimestamp"}).is_null();
}

std::string annotation(const json& object, const std::string& name) {
  return text(json_member(object, {"metadata", "annotations", name.c_str()}));
}

std::string joined(const json& list, std::string_view separator) {
  std::vector<std::string> texts;
  if (list.is_array())
    for (const json& item : list) texts.push_back(text(item));
  return joined(texts, separator);
}

std::string joined(const std::vector<std::string>& list, std::string_view separator) {
  return fmt::format("{}", fmt::join(list, separator));
}

std::string joined_with_more(const std::vector<std::string>& list, std::size_t shown,
                             std::string_view separator) {
  if (list.size() <= shown) return joined(list, separator);
  return fmt::format("{} + {} more...",
                     fmt::join(list.begin(), list.begin() + static_cast<long>(shown), separator),
                     list.size() - shown);
}

std::string labels_or_none(const json& labels) {
  std::string shown = label_text(labels);
  return shown.empty() ? "<none>" : shown;
}

std::string selector_or_none(const json& label_selector) {
  std::string shown = selector_text(label_selector);
  return shown.empty() ? "<none>" : shown;
}

void add_containers(const row_writer& row, const json& containers) {
  std::vector<std::string> names;
  std::vector<std::string> images;
  if (containers.is_array())
    for (const json& container : containers) {
      names.push_back(text(json_member(container, {"name"})));
      images.push_back(text(json_member(container, {"image"})));
    }
  row.add(joined(names, ","), joined(images, ","));
}

const json& condition(const json& object, std::string_view type) {
  static const json none;
  const json& conditions = json_member(object, {"status", "conditions"});
  if (conditions.is_array())
    for (const json& one : conditions)
      if (text(json_member(one, {"type"})) == type) return one;
  return none;
}

} // namespace actord::schema::print
