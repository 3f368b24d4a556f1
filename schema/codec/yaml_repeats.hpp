#pragma once

#include <string>
#include <string_view>

namespace actord::schema {

/// What Go's strict YAML reader says of keys that stand twice in one map: "yaml: unmarshal errors:" and a
/// line for each ("  line 9: key "a" already set in map"). Empty when there are none. `text` is YAML that
/// yaml_to_json reads.
std::string repeated_yaml_keys(std::string_view text);

} // namespace actord::schema
