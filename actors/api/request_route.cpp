#include "actors/api/request_route.hpp"

#include <algorithm>
#include <array>

namespace actord::actors {
namespace {

int hex_digit(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

/// "/api/v1/nodes/x/proxy" or "/api/v1/namespaces/x/pods/y/proxy": what follows is the backend's.
bool ends_in_proxy(const std::vector<std::string>& segments) {
  if (segments.size() != 5 && segments.size() != 7) return false;
  return segments[0] == "api" && segments[2] == (segments.size() == 5 ? "nodes" : "namespaces") &&
         segments.back() == "proxy";
}

/// None for empty segments and broken escapes, unless they are a backend's business.
std::optional<std::vector<std::string>> split_path(std::string_view path) {
  std::vector<std::string> segments;
  segments.reserve(8);
  while (!path.empty()) {
    if (ends_in_proxy(segments)) {
      if (path != "/") segments.emplace_back(path.substr(1));
      return segments;
    }
    path.remove_prefix(1); // the slash
    const std::size_t end = std::min(path.find('/'), path.size());
    auto segment = percent_decode(path.substr(0, end), false);
    if (!segment) return {};
    segments.push_back(std::move(*segment));
    path.remove_prefix(end);
  }
  if (!segments.empty() && segments.back().empty()) segments.pop_back();
  if (std::ranges::any_of(segments, [](const std::string& segment) { return segment.empty(); })) return {};
  return segments;
}

class resource_path {
public:
  /// `first`: of the segments, behind the version.
  resource_path(std::string_view group, std::string_view version, const std::vector<std::string>& segments,
                std::size_t first)
      : group_(group), version_(version), segments_(segments), at_(first) {}

  request_route resolve() {
    resource_route route;
    if (peek() == "watch") {
      route.legacy_watch = true;
      ++at_;
    }
    if (peek() == "namespaces" && group_.empty() && left() <= 3 && !names_namespaced_resource())
      return resource(std::move(route), false);
    if (peek() == "namespaces" && left() >= 3) {
      route.space = segments_[at_ + 1];
      at_ += 2;
      return resource(std::move(route), true);
    }
    return resource(std::move(route), false);
  }

private:
  [[nodiscard]] std::size_t left() const { return segments_.size() - at_; }
  [[nodiscard]] std::string_view peek() const { return left() == 0 ? std::string_view() : segments_[at_]; }

  /// /api/v1/namespaces/x/status is the namespace's status; /api/v1/namespaces/x/pods are the pods in it.
  [[nodiscard]] bool names_namespaced_resource() const {
    if (left() < 3) return false;
    const auto type = schema::find_resource(group_, version_, segments_[at_ + 2]);
    return type != nullptr && type->namespaced;
  }

  request_route resource(resource_route route, bool in_namespace) {
    if (left() == 0) return no_route{true};
    route.type = schema::find_resource(group_, version_, segments_[at_++]);
    if (route.type == nullptr || (in_namespace && !route.type->namespaced)) return no_route{true};
    if (route.space == "." || route.space == "..") return no_route{true};
    // A namespaced resource outside a namespace is the list of all of them.
    if (route.type->namespaced && !in_namespace && left() > 0) return no_route{true};
    if (left() > 0) route.name = segments_[at_++];
    if (left() > 0) {
      route.subresource = route.type->subresource(segments_[at_++]);
      if (route.subresource == nullptr) return no_route{true};
      if (left() > 0 && route.subresource->name != "proxy") return no_route{true};
      while (left() > 0) route.rest += "/" + segments_[at_++];
    }
    return route;
  }

  std::string_view group_;
  std::string_view version_;
  const std::vector<std::string>& segments_;
  std::size_t at_;
};

/// What stands before the first `mark` and what behind it; all of it and nothing when there is none.
std::pair<std::string_view, std::string_view> cut(std::string_view text, char mark) {
  const auto at = std::find(text.begin(), text.end(), mark);
  if (at == text.end()) return {text, {}};
  return {std::string_view(text.begin(), at), std::string_view(at + 1, text.end())};
}

} // namespace

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  if (text.find('%') == std::string_view::npos &&
      !(plus_is_space && text.find('+') != std::string_view::npos))
    return std::string(text);
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      decoded += ' ';
    } else if (text[i] == '%') {
      const int high = i + 1 < text.size() ? hex_digit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0) return {};
      decoded += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  return decoded;
}

query_values query_values::parse(std::string_view query) {
  query_values values;
  while (!query.empty()) {
    const auto [pair, rest] = cut(query, '&');
    query = rest;
    if (pair.empty()) continue;
    const auto [raw_name, raw_value] = cut(pair, '=');
    auto name = percent_decode(raw_name, true);
    auto value = percent_decode(raw_value, true);
    // As Kubernetes: a pair that cannot be decoded is left out, the others count.
    if (name && value) values.values_.emplace_back(std::move(*name), std::move(*value));
  }
  return values;
}

std::string_view query_values::get(std::string_view name) const {
  for (const auto& [key, value] : values_)
    if (key == name) return value;
  return {};
}

bool query_values::has(std::string_view name) const {
  return std::ranges::any_of(values_, [&](const auto& pair) { return pair.first == name; });
}

std::vector<std::string_view> query_values::all(std::string_view name) const {
  std::vector<std::string_view> found;
  for (const auto& [key, value] : values_)
    if (key == name) found.push_back(value);
  return found;
}

bool query_values::flag(std::string_view name) const {
  if (!has(name)) return false;
  const std::string_view value = get(name);
  return value != "0" && value != "false" && value != "False" && value != "FALSE" && value != "f" &&
         value != "F";
}

request_route find_route(std::string_view path) {
  if (path.empty() || path.front() != '/') return no_route{};
  const auto segments = split_path(path);
  if (!segments) return no_route{};
  if (segments->empty()) return plain_route{"/"};
  const std::string& root = segments->front();
  if (root == "api") {
    if (segments->size() == 1) return discovery_route{discovery_route::document::core_versions, {}, {}};
    const std::string& version = (*segments)[1];
    if (!schema::is_group_served("", version)) return no_route{true};
    if (segments->size() == 2) return discovery_route{discovery_route::document::resources, {}, version};
    return resource_path("", version, *segments, 2).resolve();
  }
  if (root == "apis") {
    if (segments->size() == 1) return discovery_route{discovery_route::document::groups, {}, {}};
    const std::string& group = (*segments)[1];
    if (group == "actord.dev") return plain_route{std::string(path)};
    if (group.empty() || !schema::is_group_served(group, {})) return no_route{segments->size() > 2};
    if (segments->size() == 2) return discovery_route{discovery_route::document::group, group, {}};
    const std::string& version = (*segments)[2];
    // Of a group that is only custom, versions that are not served are no part of the API at all.
    if (!schema::is_group_served(group, version))
      return no_route{std::ranges::any_of(schema::api_groups(),
                                          [&](const schema::api_group& one) { return one.name == group; })};
    if (segments->size() == 3) return discovery_route{discovery_route::document::resources, group, version};
    return resource_path(group, version, *segments, 3).resolve();
  }
  constexpr std::array<std::string_view, 9> plain{"version", "healthz", "readyz", "livez",      "metrics",
                                                  "openapi", "logs",    "openid", ".well-known"};
  if (std::ranges::find(plain, root) == plain.end()) return no_route{};
  // Generated clients ask for "/version/".
  return plain_route{std::string(path.substr(0, path.size() - (path.back() == '/' ? 1 : 0)))};
}

std::string_view api_verb(std::string_view method, const resource_route& route, bool watch) {
  const bool item = !route.name.empty();
  if (method == "GET" || method == "HEAD") {
    if (route.legacy_watch || (watch && !item)) return "watch";
    return item ? "get" : "list";
  }
  if (method == "POST") return "create";
  if (method == "PUT") return "update";
  if (method == "PATCH") return "patch";
  if (method == "DELETE") return item ? "delete" : "deletecollection";
  return {};
}

bool verb_is_served(const resource_route& route, std::string_view word) {
  using schema::verb;
  constexpr std::array<std::pair<std::string_view, verb>, 8> words{
      {{"get", verb::get},
       {"list", verb::list},
       {"watch", verb::watch},
       {"create", verb::create},
       {"update", verb::update},
       {"patch", verb::patch},
       {"delete", verb::remove},
       {"deletecollection", verb::remove_collection}}};
  const auto* row = std::ranges::find(words, word, &std::pair<std::string_view, verb>::first);
  if (row == words.end()) return false;
  if (route.subresource != nullptr)
    return (route.subresource->verbs & static_cast<std::uint16_t>(row->second)) != 0;
  if (!route.type->has(row->second)) return false;
  const bool item = !route.name.empty();
  const bool on_item = word == "get" || word == "update" || word == "patch" || word == "delete";
  if (on_item != item && word != "watch") return false;
  // Across all namespaces one can only look.
  return !(route.type->namespaced && route.space.empty() && word != "list" && word != "watch");
}

} // namespace actord::actors
