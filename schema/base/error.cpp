#include "schema/base/error.hpp"

#include <array>
#include <cstddef>

namespace actord {
namespace {

struct kind_row {
  int code;
  std::string_view reason;
};

/// In the order of error_kind.
constexpr std::array<kind_row, 17> kind_rows{{
    {400, "BadRequest"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "NotFound"},
    {405, "MethodNotAllowed"},
    {406, "NotAcceptable"},
    {409, "AlreadyExists"},
    {409, "Conflict"},
    {410, "Gone"},
    {410, "Expired"},
    {413, "RequestEntityTooLarge"},
    {415, "UnsupportedMediaType"},
    {422, "Invalid"},
    {429, "TooManyRequests"},
    {500, "InternalError"},
    {503, "ServiceUnavailable"},
    {504, "Timeout"},
}};

} // namespace

int http_code(error_kind kind) { return kind_rows[static_cast<std::size_t>(kind)].code; }

std::string_view status_reason(error_kind kind) { return kind_rows[static_cast<std::size_t>(kind)].reason; }

} // namespace actord
