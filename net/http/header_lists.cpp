#include "net/http/header_lists.hpp"

#include <algorithm>

namespace actord::net {

bool equals_ignoring_case(std::string_view left, std::string_view right) {
  return left.size() == right.size() &&
         std::equal(left.begin(), left.end(), right.begin(),
                    [](char one, char other) { return ascii_lower(one) == ascii_lower(other); });
}

bool list_contains(const http_request& request, std::string_view lower_case_name, std::string_view element) {
  bool found = false;
  for_each_element(request, lower_case_name,
                   [&](std::string_view each) { found = found || equals_ignoring_case(each, element); });
  return found;
}

} // namespace actord::net
