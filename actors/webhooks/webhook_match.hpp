#pragma once

#include "actors/webhooks/webhook.hpp"
#include "schema/tables/resource_table.hpp"
#include "schema/view/meta_view.hpp"

#include <functional>

/// Which webhooks a request concerns. Pure.

namespace actord::actors {

/// What rules look at.
struct reviewed_resource {
  std::string_view operation; ///< "CREATE", "UPDATE", "DELETE" or "CONNECT"
  schema::resource_handle type;
  std::string_view subresource;
  std::string_view space; ///< empty for cluster-wide kinds; of a namespace its own name
};

/// A webhook whose rules name the request, and the version of the resource they name it by.
struct concerned_webhook {
  std::shared_ptr<const webhook> hook;
  schema::resource_handle as;
};

/// Webhooks and policies are not asked about themselves: a wrong one could never be removed.
bool is_beyond_webhooks(const schema::resource_type& type);

/// The webhooks whose rules name the request, in their order.
std::vector<concerned_webhook> concerned_webhooks(const std::vector<std::shared_ptr<const webhook>>& hooks,
                                                  const reviewed_resource& request);

/// What selectors look at. Objects may be null.
struct selected_objects {
  const json* object;
  const json* old;
  /// Of the namespace, looked up when a selector asks; none: there is no such namespace.
  const std::function<std::optional<schema::text_map>()>& space_labels;
};
enum class selection : std::uint8_t { selected, passed_over, no_namespace };

selection select(const webhook& hook, const reviewed_resource& request, const selected_objects& what);

} // namespace actord::actors
