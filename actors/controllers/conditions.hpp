#pragma once

#include "schema/base/clock.hpp"
#include "schema/base/json_fwd.hpp"
#include "schema/view/meta_view.hpp"

#include <vector>

/// status.conditions as the API's controllers keep them.

namespace actord::actors {

/// Times in objects have no fraction: what is compared with what was read must have none either.
wall_time whole_seconds(wall_time when);

/// Replaces the condition of that type. One with the same status and reason stays as it is; one with the same
/// status keeps its transition time. Returns whether anything changed.
bool set_condition(std::vector<schema::condition_view>& conditions, schema::condition_view condition);
bool remove_condition(std::vector<schema::condition_view>& conditions, std::string_view type);

/// With lastTransitionTime, and lastUpdateTime where it is set.
json to_json(const std::vector<schema::condition_view>& conditions);

} // namespace actord::actors
