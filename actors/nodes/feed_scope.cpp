#include "actors/nodes/feed_scope.hpp"

#include "schema/tables/resource_table.hpp"

#include <algorithm>
#include <utility>

namespace actord::actors {

feed_scope::feed_scope(std::string node)
    : node_(std::move(node)), nodes_(schema::builtin("", "nodes").stored_as),
      pods_(schema::builtin("", "pods").stored_as), services_(schema::builtin("", "services").stored_as),
      slices_(schema::builtin("discovery.k8s.io", "endpointslices").stored_as),
      secrets_(schema::builtin("", "secrets").stored_as),
      config_maps_(schema::builtin("", "configmaps").stored_as) {}

std::vector<resource_id> feed_scope::resources() const {
  return {nodes_, pods_, services_, slices_, secrets_, config_maps_};
}

bool feed_scope::concerns(const object_key& key) const {
  if (key.resource == services_ || key.resource == slices_ || key.resource == nodes_) return true;
  if (key.resource == pods_) return pods_here_.contains(key);
  return named_.contains(key);
}

std::vector<object_key> feed_scope::pods_and_named() const {
  std::vector<object_key> out;
  for (const auto& [pod, names] : pods_here_) out.push_back(pod);
  for (const auto& [key, count] : named_) out.push_back(key);
  return out;
}

feed_scope::change feed_scope::pod_changed(const object_key& pod, const schema::pod_references& references) {
  if (references.node != node_) return pod_gone(pod);
  std::vector<object_key> named;
  for (const std::string& name : references.secrets) named.push_back({secrets_, pod.space, name});
  for (const std::string& name : references.config_maps) named.push_back({config_maps_, pod.space, name});
  std::ranges::sort(named);
  const auto same = std::ranges::unique(named);
  named.erase(same.begin(), same.end());
  const bool fresh = !pods_here_.contains(pod);
  change out = replace(pod, std::move(named));
  if (fresh) out.begin.push_back(pod);
  return out;
}

feed_scope::change feed_scope::pod_gone(const object_key& pod) {
  if (!pods_here_.contains(pod)) return {};
  change out = replace(pod, {});
  pods_here_.erase(pod);
  out.cease.push_back(pod);
  return out;
}

feed_scope::change feed_scope::replace(const object_key& pod, std::vector<object_key> named) {
  change out;
  for (const object_key& key : named)
    if (++named_[key] == 1) out.begin.push_back(key);
  for (const object_key& key : std::exchange(pods_here_[pod], named))
    if (const auto found = named_.find(key); --found->second == 0) {
      named_.erase(found);
      out.cease.push_back(key);
    }
  return out;
}

} // namespace actord::actors
