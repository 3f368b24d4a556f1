#include "actors/controllers/collect/garbage_reconciler.hpp"
#include "actors/controllers/controller_kinds.hpp"
#include "actors/controllers/read_objects.hpp"
#include "schema/tables/resource_table.hpp"
#include "schema/view/read.hpp"

#include <algorithm>
#include <set>

namespace actord::actors {

namespace {

schema::meta_view parse_meta_of(std::string_view text) {
  return schema::parse_meta(schema::read::document(text));
}

bool waits_for_dependents(const schema::object_view& object) {
  return object.being_deleted() && object.finalizer_count() > 0;
}

/// Owners with the kinds as they are known now: one may have come to be served after the object was written.
std::vector<schema::owner_reference> owners_of(const schema::object_view& object) {
  auto owners = object.owners();
  const auto unknown = [](const auto& owner) { return owner.resource == schema::unknown_resource; };
  if (std::ranges::none_of(owners, unknown)) return owners;
  const schema::meta_view meta = parse_meta_of(object.text());
  for (std::size_t i = 0; i < owners.size() && i < meta.owners.size(); ++i) {
    if (!unknown(owners[i])) continue;
    const std::string_view version = meta.owners[i].api_version;
    const auto slash = version.find('/');
    const bool core = slash == std::string_view::npos;
    if (const auto kind = schema::find_kind(core ? "" : version.substr(0, slash),
                                            core ? version : version.substr(slash + 1), meta.owners[i].kind))
      owners[i].resource = kind->stored_as;
  }
  return owners;
}

/// Where the owner lies if there is one: of a kind that is gone nobody knows whether it had namespaces.
std::vector<object_key> owner_keys(const schema::owner_reference& owner, std::string_view space) {
  const auto type = schema::resource_of(owner.resource);
  if (type != nullptr)
    return {{type->stored_as, type->namespaced ? std::string(space) : std::string(), owner.name}};
  std::vector<object_key> keys{{owner.resource, {}, owner.name}};
  if (!space.empty()) keys.push_back({owner.resource, std::string(space), owner.name});
  return keys;
}

class garbage_kind final : public controller_kind {
public:
  [[nodiscard]] std::string_view name() const override { return "garbage-collector"; }
  [[nodiscard]] std::vector<resource_id> watches() const override { return {}; }
  [[nodiscard]] std::chrono::milliseconds patience() const override { return std::chrono::milliseconds(20); }

  void all_keys(const storage::snapshot& now, std::vector<object_key>& keys) const override {
    for (const schema::resource_handle& type : schema::stored_resources()) {
      each_object(now, type->stored_as, "", [&](const schema::object_view& object) {
        if (waits_for_dependents(object) || has_lost_owners(now, object)) keys.push_back(object.key());
      });
    }
  }

  void keys_for(const storage::store_event& event, const storage::snapshot& now,
                std::vector<object_key>& keys) const override {
    const auto object = schema::object_view::open(*event.value);
    if (!object) return;
    if (event.kind == storage::event_kind::removed) {
      for (object_key& key : now.owned_by(object->uid())) keys.push_back(std::move(key));
      // Owners that wait for this dependent.
      for (const auto& owner : owners_of(object.value()))
        if (owner.resource != schema::unknown_resource)
          for (object_key& key : owner_keys(owner, event.key.space)) keys.push_back(std::move(key));
      return;
    }
    if (waits_for_dependents(object.value())) {
      keys.push_back(event.key);
      for (object_key& key : now.owned_by(object->uid())) keys.push_back(std::move(key));
      return;
    }
    const auto before = event.previous ? schema::object_view::open(*event.previous) : error{};
    const bool same_owners = before && before->owners() == object->owners();
    // Owners that wait and are no longer held.
    if (!same_owners && before)
      for (const auto& owner : owners_of(before.value()))
        for (object_key& key : owner_keys(owner, event.key.space))
          if (const auto seen = schema::object_view::open(now.get(key));
              seen && waits_for_dependents(seen.value()))
            keys.push_back(std::move(key));
    if (!same_owners && has_lost_owners(now, object.value())) keys.push_back(event.key);
  }

  [[nodiscard]] plan reconcile(const reconcile_input& input) const override {
    const auto object = schema::object_view::open(input.state.get(input.key));
    if (!object) return {};
    garbage_state state;
    state.key = input.key;
    state.object = {parse_meta_of(object->text()), object->at()};
    for (const auto& owner : owners_of(object.value()))
      state.owners.push_back(fate_of(input.state, owner, input.key.space));
    const auto dependents = input.state.owned_by(object->uid());
    state.has_dependents = !dependents.empty();
    if (waits_for_dependents(object.value()))
      for (const object_key& key : dependents)
        if (const auto item = schema::object_view::open(input.state.get(key)))
          state.dependents.push_back({key, std::string(item->uid()), item->at(), parse_meta_of(item->text()),
                                      !input.state.owned_by(item->uid()).empty()});
    state.in_circle =
        state.object.view.has_finalizer(foreground_finalizer) && waits_for_itself(input.state, input.key);
    if (std::ranges::count(state.owners, owner_fate::dangling) > 0)
      state.elsewhere = owners_elsewhere(input.state, input.key.space, state);
    return actors::reconcile(state);
  }

private:
  /// Whether the chain of dependents that hold their owners back comes around to the object.
  static bool waits_for_itself(const storage::snapshot& now, const object_key& start) {
    constexpr std::size_t most_steps = 1000;
    std::vector<object_key> open{start};
    std::set<object_key> known;
    for (std::size_t step = 0; step < most_steps && !open.empty(); ++step) {
      const object_key key = std::move(open.back());
      open.pop_back();
      const auto owner = schema::object_view::open(now.get(key));
      if (!owner || !waits_for_dependents(owner.value())) continue;
      for (object_key& next : now.owned_by(owner->uid())) {
        if (!holds_back(now, next, owner->uid())) continue;
        if (next == start) return true;
        if (known.insert(next).second) open.push_back(std::move(next));
      }
    }
    return false;
  }

  static bool holds_back(const storage::snapshot& now, const object_key& key, std::string_view owner_uid) {
    const auto object = schema::object_view::open(now.get(key));
    if (!object) return false;
    const schema::meta_view meta = parse_meta_of(object->text());
    return std::ranges::any_of(meta.owners, [&](const schema::owner_view& owner) {
      return owner.uid == owner_uid && owner.blocks_deletion;
    });
  }

  /// There is no index by uid: a small kind is looked through, a large one is not worth an Event.
  static std::vector<schema::owner_view>
  owners_elsewhere(const storage::snapshot& now, std::string_view space, const garbage_state& state) {
    constexpr std::size_t most_looked_at = 1000;
    std::vector<schema::owner_view> found;
    const auto object = schema::object_view::open(now.get(state.key));
    if (!object) return found;
    const auto references = owners_of(object.value());
    for (std::size_t i = 0; i < references.size() && i < state.owners.size(); ++i) {
      if (state.owners[i] != owner_fate::dangling || references[i].resource == schema::unknown_resource)
        continue;
      std::size_t looked_at = 0;
      now.scan(references[i].resource, "", [&](std::string_view bytes) {
        const auto other = schema::object_view::open(bytes);
        const bool same = other && other->uid() == references[i].uid && other->space() != space;
        if (same && i < state.object.view.owners.size()) found.push_back(state.object.view.owners[i]);
        return !same && ++looked_at < most_looked_at;
      });
    }
    return found;
  }

  static owner_fate fate_of(const storage::snapshot& now, const schema::owner_reference& reference,
                            std::string_view space) {
    if (reference.resource == schema::unknown_resource) return owner_fate::solid;
    // A namespaced owner of a cluster-wide object cannot be told apart by namespace: never act on it.
    const auto type = schema::resource_of(reference.resource);
    if (type != nullptr && type->namespaced && space.empty()) return owner_fate::solid;
    for (const object_key& key : owner_keys(reference, space)) {
      const auto owner = schema::object_view::open(now.get(key));
      if (!owner || owner->uid() != reference.uid) continue;
      if (!waits_for_dependents(owner.value())) return owner_fate::solid;
      return parse_meta_of(owner->text()).has_finalizer(foreground_finalizer) ? owner_fate::waiting
                                                                              : owner_fate::solid;
    }
    return owner_fate::dangling;
  }

  static bool has_lost_owners(const storage::snapshot& now, const schema::object_view& object) {
    const auto owners = owners_of(object);
    return std::any_of(owners.begin(), owners.end(), [&](const auto& owner) {
      return fate_of(now, owner, object.space()) != owner_fate::solid;
    });
  }
};

} // namespace

std::unique_ptr<controller_kind> garbage_controller() { return std::make_unique<garbage_kind>(); }

} // namespace actord::actors
