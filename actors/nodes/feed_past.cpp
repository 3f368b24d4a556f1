#include "actors/nodes/feed_past.hpp"

#include "schema/object/stored_object.hpp"
#include "schema/tables/resource_table.hpp"

#include <algorithm>
#include <utility>

namespace actord::actors {

feed_past::feed_past(std::string node)
    : node_(std::move(node)), nodes_(schema::builtin("", "nodes").stored_as),
      pods_(schema::builtin("", "pods").stored_as), services_(schema::builtin("", "services").stored_as),
      slices_(schema::builtin("discovery.k8s.io", "endpointslices").stored_as) {}

bool feed_past::is_ours(std::string_view pod) const {
  const auto view = schema::object_view::open_envelope(pod);
  return !pod.empty() && view && view->node_name() == node_;
}

void feed_past::add(const storage::store_event& event) {
  first_.try_emplace(event.key, event.previous);
  if (event.key.resource != pods_ || !is_ours(*event.value)) return;
  const auto view = schema::object_view::open(*event.value);
  if (!view) return;
  feed_scope passing(node_);
  for (object_key& key : passing.pod_changed(event.key, schema::parse_pod_references(view->text())).begin)
    perhaps_.insert(std::move(key));
}

std::string_view feed_past::before(const object_key& key, const storage::snapshot& now) const {
  const auto found = first_.find(key);
  if (found == first_.end()) return now.get(key);
  return found->second ? std::string_view(*found->second) : std::string_view();
}

feed_past::picture feed_past::as_of(const storage::snapshot& now) const {
  picture out{std::make_unique<feed_scope>(node_), {}, {}};
  std::set<object_key> pods;
  for (object_key& key : now.on_node(node_)) pods.insert(std::move(key));
  for (const auto& [key, previous] : first_)
    if (key.resource == pods_) pods.insert(key);
  for (const object_key& key : pods) {
    const std::string_view bytes = before(key, now);
    if (!is_ours(bytes)) continue;
    if (const auto view = schema::object_view::open(bytes))
      out.scope->pod_changed(key, schema::parse_pod_references(view->text()));
  }
  // What concerns the node because its pods do, and what does in itself.
  std::set<object_key> candidates;
  for (object_key& key : out.scope->pods_and_named()) candidates.insert(std::move(key));
  for (const auto& [key, previous] : first_)
    if (out.scope->concerns(key)) candidates.insert(key);
  for (const resource_id resource : {nodes_, services_, slices_})
    now.scan(resource, {}, [&](std::string_view bytes) {
      const auto view = schema::object_view::open_envelope(bytes);
      if (view && out.scope->concerns(view->key())) candidates.insert(view->key());
      return true;
    });
  for (const object_key& key : candidates) {
    const std::string_view bytes = before(key, now);
    const auto view = schema::object_view::open_envelope(bytes);
    if (!bytes.empty() && view) out.held[key] = view->at();
  }
  std::set<object_key> changed;
  for (const object_key& key : perhaps_) {
    out.held.try_emplace(key, revision{0});
    changed.insert(key);
  }
  for (const object_key& key : candidates)
    if (first_.contains(key)) {
      out.held.try_emplace(key, revision{0});
      changed.insert(key);
    }
  out.to_look_at.assign(changed.begin(), changed.end());
  std::ranges::stable_partition(out.to_look_at, [&](const object_key& key) { return key.resource == pods_; });
  return out;
}

} // namespace actord::actors
