#pragma once

#include "net/cni/address_pool.hpp"
#include "net/cni/pod_network.hpp"

#include <memory>
#include <string>

namespace actord::net {

/// What the plugins bridge and host-local do for the default configuration, in this process: two Go programs
/// for each pod cost 25 ms of processor time, this costs one. It leaves the same things behind and answers
/// with the same JSON.
class bridge_attachment {
public:
  static result<std::unique_ptr<bridge_attachment>> open(const cni_options& options);

  /// A CNI result (1.0.0). Repeating it gives the same address.
  result<std::string> add(const pod_attachment& pod);
  result<void> remove(const std::string& id);

private:
  bridge_attachment(cni_options options, address_range range);

  cni_options options_;
  address_range range_;
  address_pool pool_;
};

/// Type of the plugin configuration that means this class.
constexpr const char* in_process_bridge_type = "actord-bridge";

} // namespace actord::net
