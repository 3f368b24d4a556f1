#pragma once

#include "net/http/http_server.hpp"

#include <string_view>

/// Headers that are comma-separated lists, which may be spread over several lines.

namespace actord::net {

inline char ascii_lower(char letter) {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 32) : letter;
}

bool equals_ignoring_case(std::string_view left, std::string_view right);

template <class Visitor>
void for_each_list_element(std::string_view list, const Visitor& visit) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    std::string_view element = list.substr(0, comma);
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
    while (!element.empty() && (element.front() == ' ' || element.front() == '\t')) element.remove_prefix(1);
    while (!element.empty() && (element.back() == ' ' || element.back() == '\t')) element.remove_suffix(1);
    if (!element.empty()) visit(element);
  }
}

template <class Visitor>
void for_each_element(const http_request& request, std::string_view lower_case_name, const Visitor& visit) {
  for (const auto& [name, value] : request.headers)
    if (name == lower_case_name) for_each_list_element(value, visit);
}

/// Whether a list has an element, in any case of letters.
bool list_contains(const http_request& request, std::string_view lower_case_name, std::string_view element);

} // namespace actord::net
