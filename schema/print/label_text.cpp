#include "schema/print/label_text.hpp"

#include "schema/print/cells.hpp"

#include <algorithm>

namespace actord::schema {
namespace {

using print::at;
using print::text;

std::string requirement_text(const json& requirement) {
  const std::string key = text(at(requirement, {"key"}));
  const std::string how = text(at(requirement, {"operator"}));
  if (how == "Exists") return key;
  if (how == "DoesNotExist") return "!" + key;
  std::vector<std::string> values;
  for (const json& value : at(requirement, {"values"})) values.push_back(text(value));
  std::ranges::sort(values);
  std::string line = key + (how == "In" ? " in (" : " notin (");
  for (std::size_t i = 0; i < values.size(); ++i) line += (i == 0 ? "" : ",") + values[i];
  return line + ")";
}

} // namespace

std::string label_text(const json& labels) {
  std::string line;
  if (!labels.is_object()) return line;
  for (const auto& [name, value] : labels.items()) {
    if (!line.empty()) line += ',';
    line.append(name).append("=").append(text(value));
  }
  return line;
}

std::string selector_text(const json& label_selector) {
  std::vector<std::pair<std::string, std::string>> parts;
  const json& labels = at(label_selector, {"matchLabels"});
  if (labels.is_object())
    for (const auto& [name, value] : labels.items()) {
      std::string part = name;
      parts.emplace_back(name, part.append("=").append(text(value)));
    }
  for (const json& requirement : at(label_selector, {"matchExpressions"}))
    parts.emplace_back(text(at(requirement, {"key"})), requirement_text(requirement));
  std::ranges::stable_sort(parts, {}, &std::pair<std::string, std::string>::first);
  std::string line;
  for (const auto& [key, part] : parts) {
    if (!line.empty()) line += ',';
    line += part;
  }
  return line;
}

} // namespace actord::schema
