#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

/// What another server adds to /openapi/v2, which is one document for everything.

namespace actord::schema::discovery {

/// Members of the document's objects, without their braces: `"a":{...},"b":{...}`; and the same as a
/// protobuf message, which joins with another by standing behind it.
struct openapi_v2_addition {
  std::string paths;
  std::string definitions;
  std::string protobuf;
};

inline constexpr std::size_t openapi_v2_addition_max_bytes = std::size_t{2} << 20U;

/// Of another server's document the paths below `prefix` ("/apis/G/V"), and those of its definitions that
/// `local`, this server's own document, has not. None for what is no such document, adds nothing or too much.
std::optional<openapi_v2_addition> read_openapi_v2(std::string_view document, std::string_view prefix,
                                                   std::string_view local);

using openapi_v2_additions = std::span<const std::shared_ptr<const openapi_v2_addition>>;
/// `local` as `openapi_v2` or `openapi_v2_protobuf` makes it.
std::string openapi_v2_with(std::string local, openapi_v2_additions added);
std::string openapi_v2_protobuf_with(std::string local, openapi_v2_additions added);

} // namespace actord::schema::discovery
