#include "tests/conformance/golden_replay/compare.hpp"

#include "schema/base/json.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <tuple>

namespace actord::golden {

namespace {

constexpr std::size_t shown_bytes = 160;

std::string shown(const json& value) { return value.dump().substr(0, shown_bytes); }

/// Ownership that other writers take while a case runs is not compared, nor is what they write.
json trimmed(const json& value, std::string_view key) {
  constexpr std::array<std::string_view, 5> managers{"golden", "m1", "m2", "f", "g"};
  if (value.is_array()) {
    json items = json::array();
    for (const json& item : value) {
      const auto& manager = item.is_object() ? item.value("manager", "") : std::string{};
      if (key == "managedFields" && std::ranges::find(managers, manager) == managers.end()) continue;
      items.push_back(trimmed(item, {}));
    }
    return items;
  }
  if (!value.is_object()) return value;
  json members = json::object();
  for (const auto& [name, member] : value.items())
    if (key != "annotations" || name != "deployment.kubernetes.io/revision")
      members[name] = trimmed(member, name);
  return members;
}

auto owner_key(const json& entry) {
  return std::tuple(entry.value("manager", ""), entry.value("operation", ""), entry.value("subresource", ""));
}

void compare(const json& wanted, const json& got, const std::string& place, std::vector<difference>& found) {
  if (wanted == "*") return;
  if (wanted.is_string() && got.is_string() &&
      matches_text(wanted.get_ref<const std::string&>(), got.get_ref<const std::string&>()))
    return;
  if (wanted.is_object() && got.is_object()) {
    std::set<std::string> names;
    for (const auto& [name, value] : wanted.items()) names.insert(name);
    for (const auto& [name, value] : got.items()) names.insert(name);
    for (const std::string& name : names) {
      const std::string inner = place + "." + name;
      if (!got.contains(name))
        found.push_back({inner, shown(wanted[name]), "(absent)"});
      else if (!wanted.contains(name))
        found.push_back({inner, "(absent)", shown(got[name])});
      else
        compare(wanted[name], got[name], inner, found);
    }
    return;
  }
  if (wanted.is_array() && got.is_array()) {
    std::vector<json> left = wanted;
    std::vector<json> right = got;
    if (place.ends_with("managedFields")) {
      std::ranges::stable_sort(left, {}, owner_key);
      std::ranges::stable_sort(right, {}, owner_key);
    }
    if (left.size() != right.size())
      found.push_back(
          {place, std::to_string(left.size()) + " items", std::to_string(right.size()) + " items"});
    for (std::size_t index = 0; index < std::min(left.size(), right.size()); ++index)
      compare(left[index], right[index], place + "[]", found);
    return;
  }
  if (wanted != got) found.push_back({place, shown(wanted), shown(got)});
}

/// Reason, kind, name and the sorted causes of a Status.
json gist(const json& status) {
  const json details =
      status.contains("details") && status["details"].is_object() ? status["details"] : json::object();
  std::vector<std::pair<std::string, std::string>> causes;
  if (details.contains("causes") && details["causes"].is_array())
    for (const json& cause : details["causes"])
      causes.emplace_back(cause.value("field", ""), cause.value("reason", ""));
  std::ranges::sort(causes);
  return {status.value("reason", ""), details.value("kind", ""), details.value("name", ""), causes};
}

} // namespace

bool matches_text(std::string_view pattern, std::string_view text) {
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) return pattern == text;
  if (!text.starts_with(pattern.substr(0, star))) return false;
  const std::string_view rest = pattern.substr(star + 1);
  for (std::size_t skip = star; skip <= text.size(); ++skip)
    if (matches_text(rest, text.substr(skip))) return true;
  return false;
}

std::vector<difference> differences(const json& wanted, const json& got) {
  std::vector<difference> found;
  compare(trimmed(wanted, {}), trimmed(got, {}), {}, found);
  return found;
}

std::vector<difference> error_differences(const json& wanted, const json& got) {
  const json left = gist(wanted);
  const json right = gist(got);
  if (left == right) return {};
  return {{"error", left.dump(), right.dump()}};
}

} // namespace actord::golden
