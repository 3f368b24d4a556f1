#include "actors/api/forms/yaml_text.hpp"

#include "schema/base/json.hpp"

#include <algorithm>

namespace actord::actors {
namespace {

bool is_plain_letter(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
         (letter >= '0' && letter <= '9') || letter == '_' || letter == '-' || letter == '.' || letter == '/';
}

/// Words that YAML reads as something else than text, in any case.
bool is_keyword(const std::string& text) {
  std::string low = text;
  std::ranges::transform(low, low.begin(), [](char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
  });
  return low == "true" || low == "false" || low == "yes" || low == "no" || low == "on" || low == "off" ||
         low == "null" || low == "y" || low == "n";
}

std::string scalar_text(const std::string& text) {
  const auto letter = [](char first) {
    return (first >= 'a' && first <= 'z') || (first >= 'A' && first <= 'Z');
  };
  const bool plain = !text.empty() && letter(text.front()) && std::ranges::all_of(text, is_plain_letter) &&
                     !is_keyword(text);
  return plain ? text : json(text).dump();
}

void write_value(std::string& out, const json& value, int depth);

void write_members(std::string& out, const json& object, int depth, bool continue_line) {
  for (const auto& [key, member] : object.items()) {
    if (!continue_line) out.append(static_cast<std::size_t>(depth) * 2, ' ');
    continue_line = false;
    out += scalar_text(key) + ":";
    write_value(out, member, depth);
  }
}

void write_items(std::string& out, const json& list, int depth) {
  for (const json& item : list) {
    out.append(static_cast<std::size_t>(depth) * 2, ' ');
    out += '-';
    if (item.is_object() && !item.empty()) {
      out += ' ';
      write_members(out, item, depth + 1, true);
    } else {
      write_value(out, item, depth + 1);
    }
  }
}

/// After "key:" or "-": the value on the same line, or the lines below.
void write_value(std::string& out, const json& value, int depth) {
  if (value.is_object() && !value.empty()) {
    out += '\n';
    write_members(out, value, depth + 1, false);
  } else if (value.is_array() && !value.empty()) {
    out += '\n';
    write_items(out, value, depth);
  } else {
    out += ' ';
    out += value.is_string() ? scalar_text(value.get_ref<const std::string&>()) : value.dump();
    out += '\n';
  }
}

} // namespace

std::string yaml_text(const json& document) {
  std::string out;
  if (document.is_object() && !document.empty())
    write_members(out, document, 0, false);
  else if (document.is_array() && !document.empty())
    write_items(out, document, 0);
  else
    out = document.dump() + "\n";
  return out;
}

} // namespace actord::actors
