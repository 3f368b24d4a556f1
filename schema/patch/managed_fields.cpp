#include "schema/patch/managed_fields.hpp"

#include "schema/base/json.hpp"
#include "schema/codec/json_text.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <tuple>

namespace actord::schema {
namespace {

std::string text_member(const json& entry, const char* name) {
  const auto found = entry.find(name);
  return found != entry.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::optional<managed_entry> decode_entry(const json& value, bool trusted) {
  if (!value.is_object()) return std::nullopt;
  const std::string operation = text_member(value, "operation");
  if (operation != "Apply" && operation != "Update") return std::nullopt;
  field_manager_id id{text_member(value, "manager"),
                      operation == "Apply" ? ownership::apply : ownership::update,
                      text_member(value, "apiVersion"), text_member(value, "subresource")};
  if (id.api_version.empty() || text_member(value, "fieldsType") != "FieldsV1") return std::nullopt;
  const auto fields = value.find("fieldsV1");
  managed_entry entry(std::move(id), text_member(value, "time"),
                      fields == value.end() || fields->is_null() ? json::object() : *fields);
  field_set decoded;
  if (!trusted && !from_fields_v1(entry.fields_v1(), decoded)) return std::nullopt;
  return entry;
}

/// In order of the members' names, each put behind the last: every write makes one.
json encode_entry(const managed_entry& entry) {
  json::object_t members;
  const auto add = [&](const char* name, json value) {
    members.emplace_hint(members.end(), name, std::move(value));
  };
  add("apiVersion", entry.id.api_version);
  add("fieldsType", "FieldsV1");
  add("fieldsV1", entry.fields_v1());
  if (!entry.id.manager.empty()) add("manager", entry.id.manager);
  add("operation", entry.id.operation == ownership::apply ? "Apply" : "Update");
  if (!entry.id.subresource.empty()) add("subresource", entry.id.subresource);
  if (!entry.time.empty()) add("time", entry.time);
  return members;
}

} // namespace

managed_entry::managed_entry(field_manager_id of, std::string at, json fields_v1)
    : id(std::move(of)), time(std::move(at)), source_(std::move(fields_v1)) {}

managed_entry::managed_entry(field_manager_id of, std::string at, field_set fields)
    : id(std::move(of)), time(std::move(at)), fields_(std::move(fields)) {}

bool managed_entry::empty() const { return source_.is_null() ? fields_->empty() : source_.empty(); }

bool managed_entry::overlaps(const field_set& set) const {
  return source_.is_null() ? !set_intersection(*fields_, set).empty() : fields_v1_overlap(source_, set);
}

const field_set& managed_entry::fields() const {
  if (!fields_) {
    fields_.emplace();
    if (!from_fields_v1(source_, *fields_)) *fields_ = {};
  }
  return *fields_;
}

field_set& managed_entry::change_fields() {
  (void)fields();
  source_ = nullptr;
  return *fields_;
}

json managed_entry::fields_v1() const { return source_.is_null() ? to_fields_v1(*fields_) : source_; }

std::optional<managed_entries> decode_managed_fields(const json& value, bool trusted) {
  managed_entries entries;
  if (value.is_null()) return entries;
  if (!value.is_array()) return std::nullopt;
  for (const json& item : value) {
    auto entry = decode_entry(item, trusted);
    if (!entry) return std::nullopt;
    const auto same = std::find_if(entries.begin(), entries.end(), [&](const managed_entry& other) {
      return other.id.same_writer(entry->id);
    });
    if (same == entries.end())
      entries.push_back(std::move(*entry));
    else
      *same = std::move(*entry);
  }
  return entries;
}

json encode_managed_fields(managed_entries entries) {
  // Times in one form sort as text. "Apply" sorts before "Update".
  std::sort(entries.begin(), entries.end(), [](const managed_entry& a, const managed_entry& b) {
    const bool a_updates = a.id.operation == ownership::update;
    const bool b_updates = b.id.operation == ownership::update;
    return std::tie(a_updates, a.time, a.id.manager, a.id.api_version, a.id.subresource) <
           std::tie(b_updates, b.time, b.id.manager, b.id.api_version, b.id.subresource);
  });
  json list = json::array();
  for (const managed_entry& entry : entries) list.push_back(encode_entry(entry));
  return list;
}

void store_managed_fields(json& object, managed_entries entries) {
  std::erase_if(entries, [](const managed_entry& entry) { return entry.empty(); });
  json& metadata = object["metadata"];
  if (entries.empty())
    metadata.erase("managedFields");
  else
    metadata["managedFields"] = encode_managed_fields(std::move(entries));
}

const json& managed_fields_of(const json& object) {
  static const json null;
  const auto metadata = object.find("metadata");
  if (metadata == object.end() || !metadata->is_object()) return null;
  const auto found = metadata->find("managedFields");
  return found == metadata->end() ? null : *found;
}

managed_entry* find_entry(managed_entries& entries, const field_manager_id& id) {
  const auto found = std::find_if(entries.begin(), entries.end(),
                                  [&](const managed_entry& entry) { return entry.id.same_writer(id); });
  return found == entries.end() ? nullptr : &*found;
}

const field_set& nobodys_fields() {
  static const field_set fields = [] {
    field_set set;
    set.insert({"f:apiVersion"});
    set.insert({"f:kind"});
    set.insert({"f:metadata"});
    for (const char* name : {"f:name", "f:namespace", "f:creationTimestamp", "f:selfLink", "f:uid",
                             "f:clusterName", "f:generation", "f:managedFields", "f:resourceVersion"})
      set.insert({"f:metadata", name});
    return set;
  }();
  return fields;
}

std::string printed_manager(const field_manager_id& id) {
  std::string text;
  append_json_string(text, id.manager);
  if (!id.subresource.empty()) text += fmt::format(" with subresource \"{}\"", id.subresource);
  if (id.operation == ownership::update) text += " using " + id.api_version;
  return text;
}

} // namespace actord::schema
