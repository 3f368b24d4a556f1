#include "actors/controllers/ownership.hpp"

namespace actord::actors {

claim claim_of(const schema::meta_view& object, std::string_view owner_uid, bool owner_alive,
               const schema::selector_view& selector) {
  const bool matched = selector.matches(object.labels);
  const schema::owner_view* const controller = object.controller();
  if (controller != nullptr) {
    if (controller->uid != owner_uid) return claim::none;
    if (matched) return claim::ours;
    // What is being deleted keeps its owner: there is nothing to set free any more.
    return owner_alive && !object.being_deleted() ? claim::release : claim::none;
  }
  return matched && owner_alive && !object.being_deleted() ? claim::adopt : claim::none;
}

schema::owner_view controller_reference(std::string_view api_version, std::string_view kind,
                                        const schema::meta_view& owner) {
  return {std::string(api_version), std::string(kind), owner.name, owner.uid, true, true};
}

json to_json(const schema::owner_view& owner) {
  json out{{"apiVersion", owner.api_version}, {"kind", owner.kind}, {"name", owner.name}, {"uid", owner.uid}};
  if (owner.controller) out["controller"] = true;
  if (owner.blocks_deletion) out["blockOwnerDeletion"] = true;
  return out;
}

namespace {

planned_patch owners_patch(const object_key& key, const schema::meta_view& object, revision at, json owners,
                           std::string note) {
  if (owners.empty()) owners = nullptr;
  return {key, "", object.uid, at, {{"metadata", {{"ownerReferences", std::move(owners)}}}}, std::move(note)};
}

} // namespace

planned_patch adopt(const object_key& key, const schema::meta_view& object, revision at,
                    const schema::owner_view& owner) {
  json owners = json::array();
  for (const auto& other : object.owners)
    if (other.uid != owner.uid) owners.push_back(to_json(other));
  owners.push_back(to_json(owner));
  return owners_patch(key, object, at, std::move(owners), "adopt for " + owner.kind + ' ' + owner.name);
}

planned_patch release(const object_key& key, const schema::meta_view& object, revision at,
                      std::string_view owner_uid) {
  json owners = json::array();
  for (const auto& other : object.owners)
    if (other.uid != owner_uid) owners.push_back(to_json(other));
  return owners_patch(key, object, at, std::move(owners), "release: the selector no longer matches");
}

} // namespace actord::actors
