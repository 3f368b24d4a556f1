#pragma once

#include "cli/client/api_client.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace actord::cli {

/// A type the server has, as far as a client must know it.
struct resource_info {
  std::string group;
  std::string version;
  std::string kind;
  std::string plural;
  std::string singular;
  bool namespaced = false;
  std::vector<std::string> short_names;
  std::vector<std::string> categories;
  std::vector<std::string> verbs;

  [[nodiscard]] std::string api_version() const { return group.empty() ? version : group + "/" + version; }
  /// "/apis/apps/v1/namespaces/NS/deployments/NAME"; empty `space` means all namespaces, empty `name` the
  /// collection.
  [[nodiscard]] std::string path(std::string_view space, std::string_view name = {}) const;
  /// "deployment.apps", as results name it.
  [[nodiscard]] std::string qualified_singular() const;
};

/// Knows the types: the built-in ones at once, all others when one is asked for that it does not know.
class resource_names {
public:
  explicit resource_names(api_client& client);

  /// By plural, singular, short name, kind, each perhaps with ".group" or ".version.group"; or the types of a
  /// category
  /// ("all"). The error names the closest type.
  result<std::vector<resource_info>> find(std::string_view name);
  result<resource_info> find_one(std::string_view name);
  result<resource_info> find_kind(std::string_view api_version, std::string_view kind);
  /// What the server says it has, in its order.
  result<std::vector<resource_info>> discover();

private:
  std::vector<resource_info> match(std::string_view name) const;

  api_client& client_;
  std::vector<resource_info> known_;
  bool discovered_ = false;
};

} // namespace actord::cli
