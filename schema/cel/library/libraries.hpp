#pragma once

#include "schema/cel/functions.hpp"

#include <span>

/// The rows of each library. Operators are functions with names of their own: `_+_`, `!_`, `@in`.

namespace actord::schema::cel {

std::span<const function_row> operator_functions();
std::span<const function_row> conversion_functions();
std::span<const function_row> text_functions();
std::span<const function_row> list_functions();
std::span<const function_row> set_functions();
std::span<const function_row> time_functions();
std::span<const function_row> optional_functions();
std::span<const function_row> regex_functions();
std::span<const function_row> quantity_functions();
std::span<const function_row> url_functions();
std::span<const function_row> address_functions();
std::span<const function_row> format_functions();
std::span<const function_row> authorizer_functions();

} // namespace actord::schema::cel
