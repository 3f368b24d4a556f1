#pragma once

#include "net/proxy/upstream_connection.hpp"
#include "schema/base/result.hpp"
#include "schema/base/rng.hpp"
#include "schema/view/endpoint_slice_view.hpp"
#include "schema/view/pod_view.hpp"
#include "schema/view/service_view.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Where a proxied request goes. Pure.

namespace actord::actors {

/// "name", "name:port" or "scheme:name:port", as the path of a pod, service or node names it.
struct proxied_name {
  std::string scheme; ///< "", "http" or "https"
  std::string name;
  std::string port; ///< number or name; may be empty

  bool operator==(const proxied_name&) const = default;
};
std::optional<proxied_name> split_proxied_name(std::string_view text);

/// Addresses a proxy may connect to: those of other machines. Loopback, link-local, multicast and unspecified
/// ones would reach this server itself, or a cloud's metadata, in a pod's name.
bool may_be_proxied(std::string_view address);

/// A pod's port, and where the pod is.
struct proxied_target {
  net::upstream_target to;
  std::string node;
  std::string pod_uid;
};

/// The pod's address and the port named, else the first any of its containers names, else the scheme's own.
result<proxied_target> pod_target(const proxied_name& name, const schema::pod_view& pod);

using pod_lookup =
    std::function<std::optional<schema::pod_view>(const std::string& space, const std::string& name)>;

/// A ready endpoint of the service, picked by chance among those that are pods and have the port. `text` is
/// the name as the client wrote it.
result<proxied_target> service_target(const proxied_name& name, std::string_view text,
                                      const schema::service_view& service,
                                      const std::vector<schema::endpoint_slice_view>& slices,
                                      const pod_lookup& find_pod, random_source& random);

} // namespace actord::actors
