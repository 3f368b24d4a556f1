#include "schema/tables/compile_tables/fact_reader.hpp"

#include "schema/tables/storage_hash.hpp"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <set>
#include <sstream>
#include <stdexcept>

namespace compile_tables {
namespace {

std::string read_text(const std::string& path) {
  std::ifstream in(path);
  if (!in) throw std::runtime_error("cannot read " + path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

json read_json(const std::string& path) {
  try {
    return json::parse(read_text(path));
  } catch (const json::exception& failure) {
    throw std::runtime_error(path + ": " + failure.what());
  }
}

/// io.k8s.api.core.v1.Pod is the message k8s.io.api.core.v1.Pod; protobuf packages have no dashes.
std::string message_name(const std::string& type_name) {
  std::string name = "k8s.io" + type_name.substr(std::string("io.k8s").size());
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

/// Protobuf knows $ref as ref, uid as uID and x-kubernetes-map-type as xKubernetesMapType.
std::string plain_name(const std::string& name) {
  std::string plain;
  for (const char c : name)
    if (std::isalnum(static_cast<unsigned char>(c)) != 0)
      plain += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return plain;
}

/// Finds the field numbers of a JSON field in a message: by name (whose case may differ: "uID"), else in a
/// message that is embedded, which JSON flattens.
bool find_numbers(const json& messages, const std::string& message, const std::string& field,
                  const json& own_fields, std::vector<int>& numbers) {
  const auto found = messages.find(message);
  if (found == messages.end()) return false;
  for (const auto& [name, row] : found->items()) {
    if (plain_name(name) == plain_name(field)) {
      numbers.push_back(row[0].get<int>());
      return true;
    }
  }
  for (const auto& [name, row] : found->items()) {
    if (own_fields.contains(name) || !messages.contains(row[1].get<std::string>())) continue;
    bool is_own = false;
    for (const auto& [own, ignored] : own_fields.items())
      is_own = is_own || plain_name(own) == plain_name(name);
    if (is_own) continue;
    numbers.push_back(row[0].get<int>());
    if (find_numbers(messages, row[1].get<std::string>(), field, own_fields, numbers)) return true;
    numbers.pop_back();
  }
  return false;
}

std::vector<type_fact> read_types(const json& types, const json& messages, const json& shapes) {
  std::vector<type_fact> all;
  for (const auto& [name, row] : types.items()) {
    if (!special_kind(name).empty()) continue;
    type_fact type;
    type.name = name;
    type.go_name = name.substr(name.rfind('.') + 1);
    type.schema = row;
    const json own = row.value("properties", json::object());
    const json required = row.value("required", json::array());
    const json shape = shapes.value(name, json::object());
    for (const auto& [field_name, schema] : own.items()) {
      field_fact field;
      field.name = field_name;
      field.schema = schema;
      field.required = std::find(required.begin(), required.end(), field_name) != required.end();
      if (!find_numbers(messages, message_name(name), field_name, own, field.protobuf))
        field.protobuf.clear();
      for (const char* shown : {"always", "given", "null"}) {
        const json names = shape.value(shown, json::array());
        if (std::find(names.begin(), names.end(), field_name) != names.end()) field.shown = shown;
      }
      field.go_name = shape.value("go", json::object()).value(field_name, "");
      field.go_embedded = shape.value("embedded", json::object()).value(field_name, "");
      type.fields.push_back(std::move(field));
    }
    all.push_back(std::move(type));
  }
  return all;
}

void collect_references(const json& schema, std::set<std::string>& names) {
  if (schema.is_object()) {
    for (const auto& [key, value] : schema.items()) {
      if (key == "ref" && value.is_string()) names.insert(value.get<std::string>());
      collect_references(value, names);
    }
  } else if (schema.is_array()) {
    for (const json& item : schema) collect_references(item, names);
  }
}

std::uint64_t
hash_text(const std::string& text) { // FNV-1a: this number is stored, so it must not depend on the library
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return hash;
}

std::uint64_t hash_of_type(const json& types, const std::string& root) {
  std::set<std::string> seen{root};
  std::vector<std::string> open{root};
  while (!open.empty()) {
    const std::string name = open.back();
    open.pop_back();
    std::set<std::string> next;
    collect_references(types.value(name, json::object()), next);
    for (const std::string& reference : next)
      if (seen.insert(reference).second) open.push_back(reference);
  }
  std::string text;
  for (const std::string& name : seen) text += name + types.value(name, json::object()).dump();
  return hash_text(text);
}

std::map<std::string, int> read_ids(const std::string& path) {
  std::map<std::string, int> ids;
  std::istringstream lines(read_text(path));
  std::string line;
  int last = 0;
  while (std::getline(lines, line)) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream words(line);
    int id = 0;
    std::string name;
    words >> id >> name;
    if (name.empty() || id <= last || id >= 0x1000) throw std::runtime_error(path + ": bad line: " + line);
    last = id;
    if (!ids.emplace(name, id).second) throw std::runtime_error(path + ": twice: " + name);
  }
  return ids;
}

std::string type_of_kind(const json& types, const std::string& group, const std::string& version,
                         const std::string& kind) {
  for (const auto& [name, row] : types.items()) {
    const json kinds = row.value("gvk", json::array());
    if (!kinds.is_array() || kinds.size() != 1) continue; // options types are of "many" kinds
    if (kinds[0].value("group", "") == group && kinds[0].value("version", "") == version &&
        kinds[0].value("kind", "") == kind)
      return name;
  }
  return {};
}

/// Clients have learnt these hashes of kinds that were stored in another version once.
const std::map<std::string, std::string> versions_in_hashes{
    {"MutatingAdmissionPolicy", "v1beta1"},
    {"MutatingAdmissionPolicyBinding", "v1beta1"},
    {"CustomResourceDefinition", "v1beta1"},
};

std::string hash_of_storage(const resource_fact& resource, const std::vector<resource_fact>& all) {
  const json& verbs = resource.row["verbs"];
  if (std::find(verbs.begin(), verbs.end(), "watch") == verbs.end()) return {};
  const auto stored =
      std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.id == resource.stored_as; });
  const std::string kind = stored->row["kind"].get<std::string>();
  const auto version = versions_in_hashes.find(kind);
  return actord::schema::storage_hash(
      stored->group + "/" + (version == versions_in_hashes.end() ? stored->version : version->second) + "/" +
      kind);
}

std::vector<resource_fact> read_resources(const json& resources, const json& columns, const json& types,
                                          const std::map<std::string, int>& ids) {
  std::vector<resource_fact> all;
  for (const json& row : resources) {
    const std::string group_version = row["groupVersion"].get<std::string>();
    const std::string name = row["name"].get<std::string>();
    if (const auto slash = name.find('/'); slash != std::string::npos) {
      const auto owner = std::find_if(all.begin(), all.end(), [&](const resource_fact& one) {
        return one.row["groupVersion"] == group_version && one.row["name"] == name.substr(0, slash);
      });
      if (owner == all.end()) throw std::runtime_error("subresource before its resource: " + name);
      owner->subresources.push_back(row);
      continue;
    }
    resource_fact resource;
    const std::string path = group_version + "/" + name;
    const auto id = ids.find(path);
    if (id == ids.end()) throw std::runtime_error("resource_ids.txt has no line for " + path);
    resource.id = resource.stored_as = id->second;
    resource.row = row;
    const auto slash = group_version.find('/');
    resource.group = slash == std::string::npos ? "" : group_version.substr(0, slash);
    resource.version = slash == std::string::npos ? group_version : group_version.substr(slash + 1);
    resource.columns = columns.value(path, json::array());
    resource.type = type_of_kind(types, resource.group, resource.version, row["kind"].get<std::string>());
    resource.discovery_order = static_cast<int>(all.size());
    all.push_back(std::move(resource));
  }
  // Two views of one stored object.
  const std::map<std::string, std::string> views{
      {"events.k8s.io/v1/events", "v1/events"},
      {"autoscaling/v1/horizontalpodautoscalers", "autoscaling/v2/horizontalpodautoscalers"},
  };
  for (resource_fact& resource : all) {
    const auto view = views.find(resource.row["groupVersion"].get<std::string>() + "/" +
                                 resource.row["name"].get<std::string>());
    if (view != views.end()) resource.stored_as = ids.at(view->second);
  }
  std::sort(all.begin(), all.end(), [](const auto& left, const auto& right) { return left.id < right.id; });
  for (resource_fact& resource : all) resource.storage_hash = hash_of_storage(resource, all);
  return all;
}

} // namespace

std::string special_kind(const std::string& type_name) {
  static const std::map<std::string, std::string> kinds{
      {"io.k8s.apimachinery.pkg.api.resource.Quantity", "quantity"},
      {"io.k8s.apimachinery.pkg.apis.meta.v1.Time", "time"},
      {"io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime", "micro_time"},
      {"io.k8s.apimachinery.pkg.util.intstr.IntOrString", "int_or_string"},
      {"io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1", "any_object"},
      {"io.k8s.apimachinery.pkg.apis.meta.v1.Patch", "any_object"},
      {"io.k8s.apimachinery.pkg.runtime.RawExtension", "any_object"},
      {"io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON", "any"},
      {"io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray", "schema_or_array"},
      {"io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool", "schema_or_bool"},
      {"io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray",
       "schema_or_strings"},
  };
  const auto found = kinds.find(type_name);
  return found == kinds.end() ? std::string() : found->second;
}

facts read_facts(const std::string& api_folder, const std::string& resource_ids) {
  const json types = read_json(api_folder + "/types.json").at("types");
  const json messages = read_json(api_folder + "/protobuf.json").at("messages");
  const json resources = read_json(api_folder + "/resources.json");
  const json shapes = read_json(api_folder + "/shapes.json").at("types");
  facts all;
  all.types = read_types(types, messages, shapes);
  for (type_fact& type : all.types) type.hash = hash_of_type(types, type.name);
  all.resources = read_resources(resources.at("resources"), read_json(api_folder + "/table-columns.json"),
                                 types, read_ids(resource_ids));
  all.groups = resources.at("groups");
  all.default_rbac = read_json(api_folder + "/default-rbac.json").dump();
  return all;
}

} // namespace compile_tables
