#pragma once

#include "schema/tables/resource_table.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

/// What a request line asks for: a pure function of method, path and query.

namespace actord::actors {

/// Decoded "name=value" pairs in the order sent.
class query_values {
public:
  static query_values parse(std::string_view query);

  /// The first value; empty when absent.
  [[nodiscard]] std::string_view get(std::string_view name) const;
  [[nodiscard]] bool has(std::string_view name) const;
  /// All values of a repeatable option.
  [[nodiscard]] std::vector<std::string_view> all(std::string_view name) const;
  /// "1", "true" and "" (a bare name) are true, as with Kubernetes.
  [[nodiscard]] bool flag(std::string_view name) const;

private:
  std::vector<std::pair<std::string, std::string>> values_;
};

/// %XX decoded; none when an escape is broken.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space);

/// A path below a resource.
struct resource_route {
  schema::resource_handle type;
  std::string space;                                     ///< empty: cluster-wide, or all namespaces
  std::string name;                                      ///< empty: the collection
  const schema::subresource_type* subresource = nullptr; ///< null: the object itself
  std::string rest;                                      ///< what follows a connecting subresource (proxy)
  bool legacy_watch = false;                             ///< /api/v1/watch/...
};

/// /api, /apis, /apis/G, /apis/G/V, /api/V and the like: the discovery documents.
struct discovery_route {
  enum class document : std::uint8_t { core_versions, groups, group, resources } what;
  std::string group;
  std::string version;
};

/// Anything else that is served: "/version", "/readyz", "/metrics", "/openapi/v3/...",
/// "/apis/actord.dev/v1/...".
struct plain_route {
  std::string path;
};

/// Nothing is served there. Below /api and groups we know the answer is a Status, elsewhere plain text, as
/// Kubernetes.
struct no_route {
  bool status = false;
};

using request_route = std::variant<resource_route, discovery_route, plain_route, no_route>;

request_route find_route(std::string_view path);

/// The verb of an authorization question; empty when the method is not one of the API's.
std::string_view api_verb(std::string_view method, const resource_route& route, bool watch);
/// Whether the resource or subresource answers to that verb.
bool verb_is_served(const resource_route& route, std::string_view verb);

} // namespace actord::actors
