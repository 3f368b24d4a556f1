#pragma once

#include "schema/base/json_fwd.hpp"
#include "schema/base/result.hpp"

#include <functional>
#include <optional>
#include <string_view>
#include <vector>

/// What admission does for storage and ingress classes, claims and volumes.

namespace actord::actors {

/// The newest class that is marked as default by an annotation; of equally old ones the first by name. Empty:
/// none.
std::string_view newest_default(const std::vector<json>& classes,
                                const std::vector<std::string_view>& annotations);

/// A claim that names no class, not even the empty one, gets the default class.
void set_default_storage_class(json& claim, const std::function<std::vector<json>()>& classes);
/// The same for an Ingress.
void set_default_ingress_class(json& ingress, const std::function<std::vector<json>()>& classes);

/// Kept until nothing uses the object any more; the protection controllers take it off again.
void add_finalizer(json& object, const char* finalizer);

/// Only a bound claim of a class that allows it may grow.
result<void> check_claim_resize(const json& claim, const json& old,
                                const std::function<std::optional<json>(std::string_view)>& find_class);

} // namespace actord::actors
