#include "schema/discovery/served_groups.hpp"

#include "schema/custom/version_order.hpp"

#include <algorithm>

namespace actord::schema::discovery {

served_state served_state::now() {
  served_state state;
  state.custom = custom_rows::current();
  state.rows = resources_in_discovery_order();
  for (const api_group& group : api_groups())
    state.groups.push_back({group.name, group.preferred, {group.versions.begin(), group.versions.end()}});
  std::map<std::string_view, std::vector<std::string_view>> added;
  for (const resource_handle& row : state.custom->served()) {
    state.rows.push_back(row.get());
    auto& versions = added[row->group];
    if (std::ranges::find(versions, row->version) == versions.end()) versions.push_back(row->version);
  }
  for (auto& [name, versions] : added) {
    std::ranges::sort(versions, custom::is_better_version);
    const auto known = std::ranges::find(state.groups, name, &served_group::name);
    if (known == state.groups.end()) {
      state.groups.push_back({name, versions.front(), std::move(versions)});
      continue;
    }
    for (const std::string_view version : versions)
      if (std::ranges::find(known->versions, version) == known->versions.end())
        known->versions.push_back(version);
  }
  return state;
}

std::vector<const resource_type*> served_state::rows_of(std::string_view group,
                                                        std::string_view version) const {
  std::vector<const resource_type*> found = rows;
  std::erase_if(found,
                [&](const resource_type* row) { return row->group != group || row->version != version; });
  return found;
}

std::string document_cache::get(const std::string& name, const maker& make) {
  const served_state state = served_state::now();
  const std::uint64_t generation = state.custom->generation();
  {
    const std::scoped_lock hold(guard_);
    if (const auto found = documents_.find(name); generation == generation_ && found != documents_.end())
      return found->second;
  }
  // Large documents take a while: nobody else waits for them.
  std::string made = make(state);
  const std::scoped_lock hold(guard_);
  if (generation < generation_) return made;
  if (generation > generation_) documents_.clear();
  generation_ = generation;
  return documents_.insert_or_assign(name, std::move(made)).first->second;
}

} // namespace actord::schema::discovery
