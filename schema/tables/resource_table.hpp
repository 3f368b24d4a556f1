#pragma once

#include "schema/base/ids.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace actord::schema {

struct object_type; // schema/tables/type_table.hpp
struct custom_kind; // schema/custom/custom_kind.hpp

/// Verbs of a resource or subresource as a bit set.
enum class verb : std::uint16_t {
  get = 1,
  list = 2,
  watch = 4,
  create = 8,
  update = 16,
  patch = 32,
  remove = 64,
  remove_collection = 128,
};

struct subresource_type {
  std::string_view name{};       ///< "status", "scale", "log"
  std::string_view kind{};       ///< kind of its body: "Pod", "Scale", "Eviction"
  std::string_view body_group{}; ///< group of that kind when it is not the resource's own
  std::string_view body_version{};
  std::uint16_t verbs = 0;
};

/// One line of the printed form (kubectl get).
struct table_column {
  std::string_view name{};
  std::string_view type{};
  std::string_view format{};
  int priority = 0;
};

/// A resource that is served: a row of the resource table. Rows are immutable. Those of built-in kinds live
/// as long as the process; those of custom kinds as long as a handle holds them.
struct resource_type {
  resource_id id{};         ///< of a custom kind's version: of this process only; keys hold `stored_as`
  std::string_view group{}; ///< empty for the core group
  std::string_view version{};
  std::string_view kind{};
  std::string_view plural{};
  std::string_view singular{};
  bool namespaced = false;
  std::uint16_t verbs = 0;
  std::span<const std::string_view> short_names{};
  std::span<const std::string_view> categories{};
  std::span<const subresource_type> subresources{};
  std::span<const table_column> columns{};
  const object_type* type = nullptr; ///< null for resources without a body of their own
  std::uint64_t schema_hash = 0;
  /// Resource whose stored objects this one shows (autoscaling/v1 shows autoscaling/v2's); its own id
  /// otherwise. All versions of a custom kind share the number their definition was given.
  resource_id stored_as{};
  /// What discovery shows as storageVersionHash; empty for resources that are not stored.
  std::string_view storage_hash{};
  const custom_kind* custom = nullptr; ///< null for built-in kinds

  [[nodiscard]] bool has(verb what) const { return (verbs & static_cast<std::uint16_t>(what)) != 0; }
  /// "v1" or "apps/v1".
  [[nodiscard]] std::string api_version() const;
  [[nodiscard]] const subresource_type* subresource(std::string_view name) const;
};

/// A group of the API with the versions it is served in, best first.
struct api_group {
  std::string_view name{}; ///< empty for the core group, which is the first
  std::string_view preferred{};
  std::span<const std::string_view> versions{};
};

/// A row and a share in its life. Null: there is no such row. Handles of built-in rows cost no counting.
using resource_handle = std::shared_ptr<const resource_type>;

/// All built-in rows, in order of id. The ids are those of resource_ids.txt: add a line there for a new
/// resource.
std::span<const resource_type> resource_table();
/// All built-in rows, in the order in which discovery documents list them.
std::vector<const resource_type*> resources_in_discovery_order();
/// All built-in groups, in the order in which discovery documents list them.
std::span<const api_group> api_groups();
/// Null when nothing of that name is served. Custom kinds included.
resource_handle find_resource(std::string_view group, std::string_view version, std::string_view plural);
resource_handle find_kind(std::string_view group, std::string_view version, std::string_view kind);
/// The row with that id, or the one objects are stored as under that number; null when there is none (any
/// more).
resource_handle resource_of(resource_id id);
/// One row for each resource that objects are stored as, custom kinds included.
std::vector<resource_handle> stored_resources();
/// Whether a group (and version, unless empty) has any resource.
bool is_group_served(std::string_view group, std::string_view version);
/// A handle for a row that lives as long as the process.
resource_handle builtin_handle(const resource_type& row);
/// The preferred version of a built-in resource that must exist ("apps", "deployments"); for code that names
/// kinds.
const resource_type& builtin(std::string_view group, std::string_view plural);

/// The roles and bindings a new cluster starts with, as JSON text:
/// {"clusterRoles": [...], "clusterRoleBindings": [...], "roles": [...], "roleBindings": [...]}, each a
/// complete object but for apiVersion and kind.
std::string_view default_rbac();

} // namespace actord::schema
