#pragma once

#include "schema/base/json_fwd.hpp"

#include <string>

namespace actord::schema {

/// A label selector as one line, as in Scale.status.selector: `a=b,tier in (x,y),!old`. Empty for an empty
/// selector.
std::string selector_text(const json& label_selector);
/// A plain map of labels as one line, in order of the keys. Empty for no labels.
std::string label_text(const json& labels);

} // namespace actord::schema
