#include "schema/tables/compile_tables/table_writer.hpp"

#include <algorithm>
#include <sstream>
#include <stdexcept>

namespace compile_tables {
namespace {

std::string quote(const std::string& text) { return json(text).dump() + "sv"; }

/// Tables refer to rows of others by number, so they are collected first and written in an order the compiler
/// accepts.
class table_writer {
public:
  explicit table_writer(const facts& all) : all_(all) {
    for (std::size_t i = 0; i < all.types.size(); ++i) type_numbers_[all.types[i].name] = i;
  }

  void write(std::ostream& out) {
    for (const type_fact& type : all_.types) add_type(type);
    for (const resource_fact& resource : all_.resources) add_resource(resource);
    out << "// Written by compile_tables from schema/api.\n"
           "#include \"schema/tables/fact_rows.hpp\"\n\n"
           "namespace actord::schema::fact_rows {\nusing namespace std::string_view_literals;\n"
           "extern const object_type types["
        << all_.types.size() << "];\nextern const value_type values[" << values_.size() << "];\n";
    write_array(out, "static constexpr std::string_view", "names", names_);
    write_array(out, "static constexpr union_member", "members", members_);
    write_array(out, "static constexpr union_type", "unions", unions_);
    write_array(out, "constexpr value_type", "values", values_);
    write_array(out, "static constexpr field_type", "fields", fields_);
    write_array(out, "constexpr object_type", "types", types_);
    write_array(out, "static constexpr table_column", "columns", columns_);
    write_array(out, "static constexpr subresource_type", "subresources", subresources_);
    write_array(out, "static constexpr resource_type", "resources", resources_);
    write_groups(out);
    write_order(out);
    out << "std::span<const object_type> all_types() { return types; }\n"
           "std::span<const resource_type> all_resources() { return resources; }\n"
           "std::span<const api_group> all_groups() { return groups; }\n"
           "std::span<const std::uint16_t> discovery_order() { return order; }\n"
           "std::string_view rbac_text() {\n  return ";
    for (std::size_t at = 0; at < all_.default_rbac.size(); at += 4000)
      out << json(all_.default_rbac.substr(at, 4000)).dump() << "\n         ";
    out << "\"\"sv;\n}\n} // namespace actord::schema::fact_rows\n";
  }

private:
  using rows = std::vector<std::string>;

  static void write_array(std::ostream& out, const char* type, const char* name, const rows& all) {
    out << type << ' ' << name << "[] = {\n";
    for (const std::string& row : all) out << row << ",\n";
    if (all.empty()) out << "{}";
    out << "};\n";
  }

  static std::string span_of(const char* array, std::size_t first, std::size_t count) {
    return count == 0
               ? "{}"
               : "{" + std::string(array) + "+" + std::to_string(first) + "," + std::to_string(count) + "}";
  }

  std::string span_of_names(const json& list) {
    const std::size_t first = names_.size();
    for (const json& name : list) names_.push_back(quote(name.get<std::string>()));
    return span_of("names", first, list.size());
  }

  /// The initializer of a value_type.
  std::string value_of(const json& schema, const std::string& go_name) {
    std::string kind;
    std::string structure = "nullptr";
    std::string items = "nullptr";
    if (schema.contains("ref")) {
      const std::string name = schema["ref"].get<std::string>();
      kind = special_kind(name);
      if (kind.starts_with("schema_or_"))
        structure =
            pointer_to_type("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps");
      if (kind.empty()) {
        kind = "structure";
        structure = pointer_to_type(name);
      }
    } else {
      const std::string type = schema.value("type", "");
      const std::string format = schema.value("format", "");
      if (type == "string") kind = format == "byte" ? "bytes" : "string";
      if (type == "boolean") kind = "boolean";
      if (type == "integer") kind = format;
      if (type == "number") kind = "number";
      if (type == "array") {
        kind = "list";
        items = pointer_to_value(schema.at("items"), go_name.starts_with("[]") ? go_name.substr(2) : "");
      }
      if (type == "object") {
        kind = "map";
        items = pointer_to_value(schema.at("values"), "");
      }
      if (kind.empty())
        throw std::runtime_error("types.json: a type this generator does not know: " + schema.dump());
    }
    return "{value_kind::" + kind + "," + structure + "," + items + "," + quote(go_name) + "}";
  }

  std::string pointer_to_value(const json& schema, const std::string& go_name) {
    const std::string row = value_of(schema, go_name);
    const auto [found, is_new] = value_numbers_.emplace(row, values_.size());
    if (is_new) values_.push_back(row);
    return "&values[" + std::to_string(found->second) + "]";
  }

  std::string pointer_to_type(const std::string& name) const {
    const auto found = type_numbers_.find(name);
    if (found == type_numbers_.end())
      throw std::runtime_error("types.json refers to a type it lacks: " + name);
    return "&types[" + std::to_string(found->second) + "]";
  }

  static const char* presence_of(const field_fact& field) {
    if (field.shown == "always") return "always";
    if (field.shown == "given") return "when_given";
    if (field.shown == "null") return "always_null";
    return "when_not_zero";
  }

  void add_field(const field_fact& field) {
    const json& schema = field.schema;
    const std::string strategy = schema.value("patchStrategy", "");
    std::ostringstream row;
    row << '{' << quote(field.name) << ',' << value_of(schema, field.go_name) << ',' << field.required
        << ",presence::" << presence_of(field) << ",list_merge::" << schema.value("listType", "atomic") << ','
        << (schema.value("mapType", "") == "atomic") << ',' << (schema.value("mapType", "") == "granular")
        << ',' << (strategy.find("merge") != std::string::npos) << ','
        << (strategy.find("retainKeys") != std::string::npos) << ",{";
    if (field.protobuf.size() > 3) throw std::runtime_error("structs embedded too deep: " + field.name);
    for (std::size_t i = 0; i < field.protobuf.size(); ++i) row << (i == 0 ? "" : ",") << field.protobuf[i];
    row << "}," << quote(schema.value("patchMergeKey", "")) << ',' << quote(field.go_embedded) << ','
        << span_of_names(schema.value("listMapKeys", json::array())) << '}';
    fields_.push_back(row.str());
  }

  void add_type(const type_fact& type) {
    const std::size_t first_field = fields_.size();
    for (const field_fact& field : type.fields) add_field(field);
    const std::size_t first_union = unions_.size();
    for (const json& one : type.schema.value("unions", json::array())) {
      const std::size_t first_member = members_.size();
      const json& fields = one.at("fields-to-discriminateBy");
      for (const auto& [field, value] : fields.items())
        members_.push_back("{" + quote(field) + "," + quote(value.get<std::string>()) + "}");
      unions_.push_back("{" + quote(one.value("discriminator", "")) + "," +
                        span_of("members", first_member, fields.size()) + "}");
    }
    types_.push_back("{" + quote(type.name) + "," + quote(type.go_name) + "," +
                     span_of("fields", first_field, type.fields.size()) + "," +
                     span_of("unions", first_union, unions_.size() - first_union) + "," +
                     (type.schema.value("mapType", "") == "atomic" ? "true" : "false") + ",false}");
  }

  static int verb_bits(const json& verbs) {
    static const std::map<std::string, int> bits{
        {"get", 1},     {"list", 2},   {"watch", 4},   {"create", 8},
        {"update", 16}, {"patch", 32}, {"delete", 64}, {"deletecollection", 128}};
    int all = 0;
    for (const json& verb : verbs) all |= bits.at(verb.get<std::string>());
    return all;
  }

  void add_resource(const resource_fact& resource) {
    const json& row = resource.row;
    const std::string plural = row["name"].get<std::string>();
    const std::size_t first_column = columns_.size();
    for (const json& column : resource.columns) {
      columns_.push_back("{" + quote(column.at("name").get<std::string>()) + "," +
                         quote(column.at("type").get<std::string>()) + "," +
                         quote(column.value("format", "")) + "," +
                         std::to_string(column.value("priority", 0)) + "}");
    }
    const std::size_t first_subresource = subresources_.size();
    for (const json& sub : resource.subresources) {
      subresources_.push_back("{" + quote(sub["name"].get<std::string>().substr(plural.size() + 1)) + "," +
                              quote(sub["kind"].get<std::string>()) + "," + quote(sub.value("group", "")) +
                              "," + quote(sub.value("version", "")) + "," +
                              std::to_string(verb_bits(sub["verbs"])) + "}");
    }
    std::uint64_t hash = 0;
    for (const type_fact& type : all_.types)
      if (type.name == resource.type) hash = type.hash;
    std::ostringstream out;
    out << "{resource_id(" << resource.id << ")," << quote(resource.group) << ',' << quote(resource.version)
        << ',' << quote(row["kind"].get<std::string>()) << ',' << quote(plural) << ','
        << quote(row.value("singularName", "")) << ',' << row["namespaced"].get<bool>() << ','
        << verb_bits(row["verbs"]) << ',' << span_of_names(row.value("shortNames", json::array())) << ','
        << span_of_names(row.value("categories", json::array())) << ','
        << span_of("subresources", first_subresource, resource.subresources.size()) << ','
        << span_of("columns", first_column, resource.columns.size()) << ','
        << (resource.type.empty() ? "nullptr" : pointer_to_type(resource.type)) << ',' << hash
        << "ULL,resource_id(" << resource.stored_as << ")," << quote(resource.storage_hash) << "}";
    resources_.push_back(out.str());
  }

  void write_groups(std::ostream& out) const {
    rows versions;
    rows groups{"{\"\"sv,\"v1\"sv,{versions,1}}"};
    versions.push_back("\"v1\"sv");
    for (const json& group : all_.groups) {
      const std::size_t first = versions.size();
      for (const json& version : group.at("versions")) versions.push_back(quote(version.get<std::string>()));
      groups.push_back("{" + quote(group.at("name").get<std::string>()) + "," +
                       quote(group.at("preferred").get<std::string>()) + "," +
                       span_of("versions", first, versions.size() - first) + "}");
    }
    write_array(out, "static constexpr std::string_view", "versions", versions);
    write_array(out, "static constexpr api_group", "groups", groups);
  }

  void write_order(std::ostream& out) const {
    std::vector<std::pair<int, std::size_t>> order;
    for (std::size_t i = 0; i < all_.resources.size(); ++i)
      order.emplace_back(all_.resources[i].discovery_order, i);
    std::sort(order.begin(), order.end());
    rows numbers;
    for (const auto& one : order) numbers.push_back(std::to_string(one.second));
    write_array(out, "static constexpr std::uint16_t", "order", numbers);
  }

  const facts& all_;
  std::map<std::string, std::size_t> type_numbers_;
  std::map<std::string, std::size_t> value_numbers_;
  rows names_, members_, unions_, values_, fields_, types_, columns_, subresources_, resources_;
};

} // namespace

void write_tables(const facts& all, std::ostream& out) { table_writer(all).write(out); }

} // namespace compile_tables
