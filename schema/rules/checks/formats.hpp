#pragma once

#include <string>
#include <string_view>
#include <vector>

/// Text formats of the API, each as a function from a value to what is wrong with it (nothing when it is well
/// formed), in the words clients see.

namespace actord::schema::rules {

using complaints = std::vector<std::string>;
using format_check = complaints (*)(std::string_view);

complaints dns_label(std::string_view value);     ///< RFC 1123: "web-1"
complaints dns_subdomain(std::string_view value); ///< RFC 1123: "web.example.com"
complaints long_name(std::string_view value);     ///< the same, measured in bytes
complaints dns_subdomain_with_underscore(std::string_view value);
complaints dns_1035_label(std::string_view value); ///< starts with a letter
complaints wildcard_subdomain(std::string_view value);
complaints path_segment(std::string_view value);
complaints path_segment_prefix(std::string_view value);
complaints label_key(std::string_view value); ///< "example.com/name"; also called a qualified name
complaints label_value(std::string_view value);
complaints c_identifier(std::string_view value);
complaints port_name(std::string_view value);
complaints config_key(std::string_view value);
complaints environment_name(std::string_view value);        ///< any printable ASCII without '='
complaints strict_environment_name(std::string_view value); ///< what shells accept
complaints http_header_name(std::string_view value);
complaints percentage(std::string_view value);
complaints condition_reason(std::string_view value);

/// "must be between 1 and 65535, inclusive"
std::string range_complaint(std::int64_t low, std::int64_t high);
std::string regex_complaint(std::string_view what, std::string_view regex,
                            std::vector<std::string_view> examples);

/// A name as generateName would make it: what a prefix may end in is judged as if something followed.
std::string mask_trailing_dash(std::string_view prefix);

/// Go's %q: the value in double quotes, control characters escaped.
std::string go_quoted(std::string_view value);

} // namespace actord::schema::rules
