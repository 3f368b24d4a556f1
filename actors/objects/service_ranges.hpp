#pragma once

#include "actors/objects/service_allocation.hpp"
#include "schema/view/network/service_range_view.hpp"
#include "storage/store.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

/// The ranges that addresses of services come from: that of `--service-cidr`, always, and those of
/// ServiceCIDR objects, from when the finalizer is on them until they are deleted. Whoever takes an address
/// of such a one requires in the same transaction that its object is still as it was read: so none is taken
/// from a range whose deletion is written, and when that is seen, all addresses taken before are seen too.

namespace actord::actors {

inline constexpr std::string_view range_finalizer = "networking.k8s.io/service-cidr-finalizer";
/// On the IPAddress of each address that a service holds.
inline constexpr std::string_view address_manager_label = "ipaddress.kubernetes.io/managed-by";
inline constexpr std::string_view address_manager = "ipallocator.k8s.io";

/// The block of the range that addresses can be taken from here; none when it has no such.
std::optional<service_network> usable_block(const schema::service_range_view& range);

struct further_range {
  service_network network;
  object_key key;
  revision at;
};

/// Those that addresses may be taken from, by name. The object named "kubernetes" is about the first range
/// and not among them.
std::vector<further_range> further_ranges(const storage::snapshot& now);

/// Where to look for an address for the service: in the range that has the one it wants, else in the first
/// with a free one. Null: in the first range of all.
const further_range* choose_range(const json& service, const service_network& first,
                                  const std::vector<further_range>& further,
                                  const std::function<bool(const std::string&)>& is_taken);

} // namespace actord::actors
