#include "runtime/oci/user_lookup.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

namespace actord::runtime {
namespace {

std::optional<std::uint32_t> as_number(std::string_view text) {
  std::uint32_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  return parsed.ec == std::errc{} && parsed.ptr == text.data() + text.size() ? std::optional(number)
                                                                             : std::nullopt;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

struct passwd_row {
  std::string_view name;
  std::uint32_t user = 0;
  std::uint32_t group = 0;
  std::string_view home;
};

std::optional<passwd_row> find_user(std::string_view passwd, std::string_view name,
                                    std::optional<std::uint32_t> number) {
  for (const std::string_view line : split(passwd, '\n')) {
    const auto fields = split(line, ':');
    if (fields.size() < 6) continue;
    const auto user = as_number(fields[2]);
    const auto group = as_number(fields[3]);
    if (!user || !group) continue;
    if (number ? *user == *number : fields[0] == name) return passwd_row{fields[0], *user, *group, fields[5]};
  }
  return std::nullopt;
}

std::optional<std::uint32_t> find_group(std::string_view group_file, std::string_view name) {
  for (const std::string_view line : split(group_file, '\n')) {
    const auto fields = split(line, ':');
    if (fields.size() >= 3 && fields[0] == name) return as_number(fields[2]);
  }
  return std::nullopt;
}

void add_memberships(std::string_view group_file, std::string_view name, std::vector<std::uint32_t>& groups) {
  for (const std::string_view line : split(group_file, '\n')) {
    const auto fields = split(line, ':');
    if (fields.size() < 4) continue;
    const auto members = split(fields[3], ',');
    const auto group = as_number(fields[2]);
    if (group && std::find(members.begin(), members.end(), name) != members.end()) groups.push_back(*group);
  }
}

result<std::uint32_t> checked(std::int64_t number, const char* what) {
  if (number < 0 || number > std::numeric_limits<std::int32_t>::max())
    return error{.kind = error_kind::invalid,
                 .message = std::string(what) + " " + std::to_string(number) + " is out of range"};
  return static_cast<std::uint32_t>(number);
}

} // namespace

result<resolved_user> resolve_user(const user_wish& wish, std::string_view passwd,
                                   std::string_view group_file) {
  const std::size_t colon = wish.image_user.find(':');
  std::string user_text = wish.image_user.substr(0, colon);
  std::string group_text = colon == std::string::npos ? std::string{} : wish.image_user.substr(colon + 1);
  if (wish.user) {
    const auto number = checked(*wish.user, "user");
    if (!number) return number.error();
    // The image's group belonged to the image's user.
    if (user_text != std::to_string(*number)) group_text.clear();
    user_text = std::to_string(*number);
  }
  resolved_user resolved;
  const auto number = user_text.empty() ? std::optional<std::uint32_t>(0) : as_number(user_text);
  const auto row = find_user(passwd, user_text, number);
  if (row) {
    resolved.user = row->user;
    resolved.group = row->group;
    if (!row->home.empty()) resolved.home = row->home;
    add_memberships(group_file, row->name, resolved.groups);
  } else if (number) {
    resolved.user = *number;
  } else {
    return error{.kind = error_kind::invalid,
                 .message = "unable to find user " + user_text + ": no matching entries in passwd file"};
  }
  if (wish.group) {
    const auto group = checked(*wish.group, "group");
    if (!group) return group.error();
    resolved.group = *group;
  } else if (!group_text.empty()) {
    const auto group = as_number(group_text) ? as_number(group_text) : find_group(group_file, group_text);
    if (!group)
      return error{.kind = error_kind::invalid,
                   .message = "unable to find group " + group_text + ": no matching entries in group file"};
    resolved.group = *group;
  }
  for (const std::int64_t supplemental : wish.supplemental_groups) {
    const auto group = checked(supplemental, "group");
    if (!group) return group.error();
    resolved.groups.push_back(*group);
  }
  std::sort(resolved.groups.begin(), resolved.groups.end());
  resolved.groups.erase(std::unique(resolved.groups.begin(), resolved.groups.end()), resolved.groups.end());
  return resolved;
}

} // namespace actord::runtime
