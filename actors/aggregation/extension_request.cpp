#include "actors/aggregation/extension_request.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace actord::actors {
namespace {

/// A row and the words it views.
struct made_row {
  std::string group;
  std::string version;
  std::string plural;
  std::string part_name;
  schema::resource_type row;
  schema::subresource_type part;
};

/// No kind of the store has it.
constexpr resource_id nowhere{0xffff};

std::optional<std::vector<std::string>> segments_of(std::string_view path) {
  std::vector<std::string> segments;
  if (path.ends_with('/')) path.remove_suffix(1);
  while (!path.empty()) {
    path.remove_prefix(1); // the slash
    const std::size_t end = std::min(path.find('/'), path.size());
    auto segment = percent_decode(path.substr(0, end), false);
    path.remove_prefix(end);
    if (!segment || segment->empty() || *segment == "." || *segment == ".." ||
        segment->find_first_of(std::string_view("/\\\0", 3)) != std::string::npos)
      return {};
    segments.push_back(std::move(*segment));
  }
  return segments;
}

resource_route route_of(const std::string& group, const std::string& version,
                        std::span<const std::string> rest) {
  resource_route route;
  const auto made = std::make_shared<made_row>();
  made->group = group;
  made->version = version;
  if (rest.size() > 1 && rest[0] == "watch") {
    route.legacy_watch = true;
    rest = rest.subspan(1);
  }
  const bool in_namespace = rest.size() > 2 && rest[0] == "namespaces";
  if (in_namespace) {
    route.space = rest[1];
    rest = rest.subspan(2);
  }
  made->plural = rest[0];
  if (rest.size() > 1) route.name = rest[1];
  if (rest.size() > 2) made->part_name = rest[2];
  made->row = {.id = nowhere,
               .group = made->group,
               .version = made->version,
               .plural = made->plural,
               .namespaced = in_namespace,
               .stored_as = nowhere};
  if (!made->part_name.empty()) {
    made->part = {.name = made->part_name};
    route.subresource = &made->part; // lives as long as the row, which the route holds
  }
  for (const std::string& more : rest.subspan(std::min<std::size_t>(rest.size(), 3)))
    route.rest += "/" + more;
  route.type = schema::resource_handle(made, &made->row);
  return route;
}

bool can_be_said(std::string_view value) {
  return std::ranges::none_of(
      value, [](char letter) { return static_cast<unsigned char>(letter) < 0x20 || letter == 0x7f; });
}

/// In a header's name only some letters may stand; all others, and the mark itself, as %XX.
std::string escaped_key(std::string_view key) {
  constexpr std::string_view legal = "!#$&'*+-.^_`|~";
  std::string escaped;
  for (const char letter : key) {
    const bool plain = (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
                       (letter >= '0' && letter <= '9') || legal.find(letter) != std::string_view::npos;
    if (plain)
      escaped += letter;
    else
      escaped += fmt::format("%{:02X}", static_cast<unsigned char>(letter));
  }
  return escaped;
}

} // namespace

std::optional<extension_path> read_extension_path(std::string_view path) {
  if (!path.starts_with("/apis/")) return {};
  const auto segments = segments_of(path);
  if (!segments || segments->size() < 2) return {};
  extension_path read{.group = (*segments)[1], .version = {}, .target = {}};
  if (segments->size() > 2) read.version = (*segments)[2];
  if (segments->size() > 3) read.target = route_of(read.group, read.version, std::span(*segments).subspan(3));
  return read;
}

result<header_fields> identity_headers(const caller_identity& caller) {
  header_fields fields{{"x-remote-user", caller.user}};
  if (!caller.uid.empty()) fields.emplace_back("x-remote-uid", caller.uid);
  for (const std::string& group : caller.groups) fields.emplace_back("x-remote-group", group);
  for (const auto& [key, values] : caller.extra)
    for (const std::string& value : values) fields.emplace_back("x-remote-extra-" + escaped_key(key), value);
  for (const auto& [name, value] : fields)
    if (!can_be_said(value))
      return error{.kind = error_kind::internal,
                   .message = fmt::format(
                       "the caller's identity cannot be passed on: {} has a control character", name)};
  return fields;
}

} // namespace actord::actors
