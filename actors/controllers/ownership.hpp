#pragma once

#include "actors/controllers/plan.hpp"
#include "schema/view/meta_view.hpp"
#include "schema/view/selector_view.hpp"

#include <string_view>

/// Who controls whom. A controller adopts what its selector matches and nobody controls, and releases what it
/// controls and its selector no longer matches. Both name the object's uid and revision, so two controllers
/// cannot both adopt.

namespace actord::actors {

enum class claim : std::uint8_t {
  none,    ///< not ours: somebody else's, or no match
  ours,    ///< controlled by us and matched
  adopt,   ///< matched, free and alive
  release, ///< controlled by us, no longer matched
};

/// `owner_alive` false (being deleted) adopts nothing.
claim claim_of(const schema::meta_view& object, std::string_view owner_uid, bool owner_alive,
               const schema::selector_view& selector);

schema::owner_view controller_reference(std::string_view api_version, std::string_view kind,
                                        const schema::meta_view& owner);
json to_json(const schema::owner_view& owner);

planned_patch adopt(const object_key& key, const schema::meta_view& object, revision at,
                    const schema::owner_view& owner);
planned_patch release(const object_key& key, const schema::meta_view& object, revision at,
                      std::string_view owner_uid);

} // namespace actord::actors
