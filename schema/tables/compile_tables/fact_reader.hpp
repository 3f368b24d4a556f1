#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace compile_tables {

using json = nlohmann::json;

/// The files of schema/api, joined: what OpenAPI says about a field, its protobuf numbers and its Go shape.
struct field_fact {
  std::string name;
  json schema; ///< the field's row of types.json
  bool required = false;
  std::vector<int> protobuf; ///< numbers from the outermost message; empty: not in protobuf
  std::string shown;         ///< "always", "given", "null" or ""
  std::string go_name;       ///< of a scalar, list or map with a named type
  std::string go_embedded;   ///< Go structs between the type and the field
};

struct type_fact {
  std::string name;
  std::string go_name;
  std::vector<field_fact> fields; ///< sorted by name
  json schema;
  std::uint64_t hash = 0; ///< of the type and everything it refers to
};

struct resource_fact {
  int id = 0;
  json row; ///< of resources.json
  std::string group;
  std::string version;
  std::vector<json> subresources;
  json columns;
  std::string type; ///< name in types.json, empty for none
  int stored_as = 0;
  std::string storage_hash; ///< empty for what is never stored
  int discovery_order = 0;
};

struct facts {
  std::vector<type_fact> types;         ///< sorted by name
  std::vector<resource_fact> resources; ///< in order of id
  json groups;
  std::string default_rbac;
};

/// Throws std::exception with the file and row that is wrong.
facts read_facts(const std::string& api_folder, const std::string& resource_ids);

/// The type a field, item or map value refers to when it is one of the types with a form of their own in JSON
/// (Quantity, Time, ...): the value_kind's name. Empty for structures.
std::string special_kind(const std::string& type_name);

} // namespace compile_tables
