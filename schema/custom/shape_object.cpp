#include "schema/custom/shape_object.hpp"

#include "schema/base/always.hpp"
#include "schema/base/json.hpp"
#include "schema/codec/decode.hpp"
#include "schema/custom/structural_schema.hpp"
#include "schema/tables/type_table.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace actord::schema::custom {
namespace {

bool is_meta_name(std::string_view name) {
  return name == "apiVersion" || name == "kind" || name == "metadata";
}

std::string below(const std::string& path, const std::string& name) {
  return path.empty() ? name : path + "." + name;
}

/// Walks a value along its schema and takes out what the schema does not know.
class pruner {
public:
  std::vector<std::string> unknown;

  /// `schema` is null where nothing is known: everything goes.
  void prune_value(const schema_node* schema, json& value, const std::string& path, bool embedded) {
    if (schema != nullptr && schema->preserve_unknown) return keep_unknown(*schema, value, path, embedded);
    if (value.is_object()) {
      prune_members(schema, value.get_ref<json::object_t&>(), path, embedded);
    } else if (value.is_array()) {
      const schema_node* items = schema == nullptr ? nullptr : schema->items.get();
      for (std::size_t i = 0; i < value.size(); ++i)
        prune_value(items, value[i], fmt::format("{}[{}]", path, i), items != nullptr && items->embedded);
    }
  }

private:
  void prune_members(const schema_node* schema, json::object_t& members, const std::string& path,
                     bool embedded) {
    for (auto member = members.begin(); member != members.end();) {
      if (schema != nullptr && embedded && is_meta_name(member->first)) {
        ++member;
        continue;
      }
      const schema_node* known = schema == nullptr ? nullptr : schema->property(member->first);
      if (known == nullptr && schema != nullptr && schema->open) {
        const schema_node* rest = schema->rest.get();
        prune_value(rest, member->second, below(path, member->first), rest != nullptr && rest->embedded);
      } else if (known != nullptr) {
        prune_value(known, member->second, below(path, member->first), known->embedded);
      } else {
        if (!is_meta_name(member->first) || !path.empty()) unknown.push_back(below(path, member->first));
        member = members.erase(member);
        continue;
      }
      ++member;
    }
  }

  void keep_unknown(const schema_node& schema, json& value, const std::string& path, bool embedded) {
    if (value.is_object()) {
      for (auto& [name, member] : value.get_ref<json::object_t&>()) {
        if (embedded && is_meta_name(name)) continue;
        if (const schema_node* known = schema.property(name))
          prune_value(known, member, below(path, name), known->embedded);
        else if (schema.open)
          prune_value(schema.rest.get(), member, below(path, name),
                      schema.rest != nullptr && schema.rest->embedded);
      }
    } else if (value.is_array() && schema.items != nullptr) {
      for (std::size_t i = 0; i < value.size(); ++i)
        keep_unknown(*schema.items, value[i], fmt::format("{}[{}]", path, i), schema.items->embedded);
    }
  }
};

const schema_node* schema_of_member(const schema_node* schema, std::string_view name) {
  if (schema == nullptr) return nullptr;
  const schema_node* known = schema->property(name);
  return known != nullptr ? known : schema->rest.get();
}

void drop_nulls_of(const schema_node* schema, json& value) {
  if (value.is_object()) {
    auto& members = value.get_ref<json::object_t&>();
    for (auto member = members.begin(); member != members.end();) {
      const schema_node* known = schema_of_member(schema, member->first);
      if (member->second.is_null() && known != nullptr && !known->nullable && !known->fallback) {
        member = members.erase(member);
        continue;
      }
      drop_nulls_of(known, member->second);
      ++member;
    }
  } else if (value.is_array()) {
    for (json& item : value) drop_nulls_of(schema == nullptr ? nullptr : schema->items.get(), item);
  }
}

bool unwanted_null(const json& value, const schema_node* schema) {
  return value.is_null() && schema != nullptr && !schema->nullable;
}

const object_type& metadata_type() {
  static const object_type* type = find_type("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta");
  ALWAYS(type != nullptr);
  return *type;
}

/// `unknown field "a.b"` to the path.
std::string path_in(const std::string& complaint) {
  const auto open = complaint.find('"');
  return open == std::string::npos ? complaint : complaint.substr(open + 1, complaint.size() - open - 2);
}

class metadata_reader {
public:
  explicit metadata_reader(bad_metadata how) : how_(how) {}

  std::vector<std::string> unknown;
  std::optional<error> failure;

  void read_at(json& object, const std::string& path) {
    const auto found = object.find("metadata");
    if (found == object.end()) return;
    if (found->is_null()) *found = json::object();
    auto read = decode_tree(metadata_type(), *found, field_validation::warn);
    if (!read && how_ == bad_metadata::drop) {
      keep_readable(*found);
      return;
    }
    if (!read) {
      failure = std::move(read).error();
      return;
    }
    for (const std::string& complaint : read->warnings)
      unknown.push_back(below(below(path, "metadata"), path_in(complaint)));
    *found = std::move(read->object);
  }

  /// Embedded resources; the root's own metadata was read already.
  void read_below(const schema_node& schema, json& value, const std::string& path, bool embedded) {
    if (failure) return;
    if (value.is_object()) {
      if (embedded) read_embedded(value, path);
      for (auto& [name, member] : value.get_ref<json::object_t&>()) {
        if (const schema_node* known = schema.property(name))
          read_below(*known, member, below(path, name), known->embedded);
        else if (schema.rest != nullptr)
          read_below(*schema.rest, member, fmt::format("{}[{}]", path, name), schema.rest->embedded);
      }
    } else if (value.is_array() && schema.items != nullptr) {
      for (std::size_t i = 0; i < value.size(); ++i)
        read_below(*schema.items, value[i], fmt::format("{}[{}]", path, i), schema.items->embedded);
    }
  }

private:
  void read_embedded(json& resource, const std::string& path) {
    for (const char* name : {"apiVersion", "kind"}) {
      const auto found = resource.find(name);
      if (found == resource.end() || found->is_string()) continue;
      if (how_ == bad_metadata::drop) {
        resource.erase(name);
      } else {
        failure = error{.kind = error_kind::bad_request,
                        .message = fmt::format("{}: Invalid value: {}: must be a string", below(path, name),
                                               found->dump())};
        return;
      }
    }
    read_at(resource, path);
    if (const auto found = resource.find("metadata");
        found != resource.end() && found->is_object() && found->value("creationTimestamp", json()).is_null())
      found->erase("creationTimestamp");
  }

  /// Member by member, leaving out what cannot be read.
  static void keep_readable(json& metadata) {
    json kept = json::object();
    if (metadata.is_object())
      for (const auto& [name, value] : metadata.items()) {
        json one = json::object();
        one[name] = value;
        if (auto read = decode_tree(metadata_type(), one, field_validation::ignore))
          kept.update(read->object);
      }
    metadata = std::move(kept);
  }

  bad_metadata how_;
};

} // namespace

std::vector<std::string> prune(const schema_node& schema, json& object) {
  pruner work;
  work.prune_value(&schema, object, {}, true);
  std::ranges::sort(work.unknown);
  return std::move(work.unknown);
}

std::vector<std::string> prune_part(const schema_node& schema, json& value) {
  pruner work;
  work.prune_value(&schema, value, {}, schema.embedded);
  return std::move(work.unknown);
}

void drop_nulls(const schema_node& schema, json& object) { drop_nulls_of(&schema, object); }

void fill_defaults(const schema_node& schema, json& value) {
  if (value.is_object()) {
    for (const schema_property& property : schema.properties) {
      if (!property.schema.fallback) continue;
      const auto found = value.find(property.name);
      if (found == value.end() || unwanted_null(*found, &property.schema))
        value[property.name] = *property.schema.fallback;
    }
    for (auto& [name, member] : value.get_ref<json::object_t&>()) {
      if (const schema_node* known = schema.property(name)) {
        fill_defaults(*known, member);
      } else if (schema.rest != nullptr) {
        if (unwanted_null(member, schema.rest.get()) && schema.rest->fallback)
          member = *schema.rest->fallback;
        fill_defaults(*schema.rest, member);
      }
    }
  } else if (value.is_array() && schema.items != nullptr) {
    for (json& item : value) {
      if (unwanted_null(item, schema.items.get()) && schema.items->fallback) item = *schema.items->fallback;
      fill_defaults(*schema.items, item);
    }
  }
}

result<std::vector<std::string>> read_metadata(const schema_node& schema, json& object, bad_metadata how) {
  metadata_reader work(how);
  work.read_at(object, {});
  if (!work.failure) work.read_below(schema, object, {}, false);
  if (work.failure) return std::move(*work.failure);
  return std::move(work.unknown);
}

} // namespace actord::schema::custom
