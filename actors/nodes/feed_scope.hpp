#pragma once

#include "schema/base/ids.hpp"
#include "schema/view/object_references.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace actord::actors {

/// Which objects concern a node: all Nodes (their pods' addresses), Services and EndpointSlices, its own
/// pods, and the Secrets and ConfigMaps that those name. Nothing else leaves the servers. Pure bookkeeping:
/// fed with the pods of the node, it says what begins and ceases to concern it.
class feed_scope {
public:
  /// Raised with every change of what concerns a node.
  static constexpr std::uint32_t rule = 2;

  explicit feed_scope(std::string node);

  struct change {
    std::vector<object_key> begin; ///< concern the node from now on
    std::vector<object_key> cease; ///< and no longer
  };

  /// A pod as it is now. One that is not bound to the node (any more) is as one that is gone.
  change pod_changed(const object_key& pod, const schema::pod_references& references);
  change pod_gone(const object_key& pod);

  [[nodiscard]] bool concerns(const object_key& key) const;
  /// Its pods and what they name, whether or not that exists.
  [[nodiscard]] std::vector<object_key> pods_and_named() const;
  /// The resources whose changes can concern it.
  [[nodiscard]] std::vector<resource_id> resources() const;
  [[nodiscard]] const std::string& node() const { return node_; }

private:
  change replace(const object_key& pod, std::vector<object_key> named);

  const std::string node_;
  const resource_id nodes_;
  const resource_id pods_;
  const resource_id services_;
  const resource_id slices_;
  const resource_id secrets_;
  const resource_id config_maps_;
  std::map<object_key, std::vector<object_key>> pods_here_; ///< and what each names
  std::map<object_key, std::size_t> named_;                 ///< by how many pods
};

} // namespace actord::actors
