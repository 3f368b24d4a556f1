#pragma once

#include "schema/base/json_fwd.hpp"
#include "schema/base/result.hpp"

#include <string>

namespace actord::actors {

/// A document by its own kind and apiVersion (a Status, a Scale, a PodList) as a protobuf body. Kinds without
/// a message of their own are `not_acceptable`.
result<std::string> protobuf_document(const json& document);

} // namespace actord::actors
