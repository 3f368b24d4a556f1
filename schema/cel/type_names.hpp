#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace actord::schema::cel {

/// The name of the type that an identifier stands for.
inline std::optional<std::string_view> type_named(std::string_view name) {
  constexpr std::array<std::string_view, 13> known{"bool",
                                                   "int",
                                                   "uint",
                                                   "double",
                                                   "string",
                                                   "bytes",
                                                   "list",
                                                   "map",
                                                   "type",
                                                   "null_type",
                                                   "optional_type",
                                                   "google.protobuf.Timestamp",
                                                   "google.protobuf.Duration"};
  for (const std::string_view one : known)
    if (one == name) return one;
  if (name == "net.IP" || name == "net.CIDR") return name;
  return std::nullopt;
}

} // namespace actord::schema::cel
