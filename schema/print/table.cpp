#include "schema/print/table.hpp"

#include "schema/base/json.hpp"
#include "schema/codec/json_text.hpp"
#include "schema/custom/custom_kind.hpp"
#include "schema/object/stored_object.hpp"
#include "schema/print/column_notes.hpp"
#include "schema/print/custom_printer.hpp"
#include "schema/print/pod_printer.hpp"
#include "schema/print/printer_table.hpp"
#include "schema/tables/resource_table.hpp"

namespace actord::schema {
namespace {

constexpr std::string_view partial_head =
    R"({"apiVersion":"meta.k8s.io/v1","kind":"PartialObjectMetadata","metadata":)";

void append_member(std::string& out, std::string_view name, std::string_view value) {
  append_json_string(out, name);
  out += ':';
  append_json_string(out, value);
}

void append_list_meta(std::string& out, const list_meta& meta) {
  out += '{';
  if (!meta.continue_token.empty()) {
    append_member(out, "continue", meta.continue_token);
    out += ',';
  }
  if (meta.remaining_items) out += "\"remainingItemCount\":" + std::to_string(*meta.remaining_items) + ",";
  append_member(out, "resourceVersion", meta.resource_version);
  out += '}';
}

/// The metadata of daemon sets keeps one thing in an annotation that is a field inside Kubernetes, where
/// Tables and metadata are made.
constexpr const char* template_generation = "deprecated.daemonset.template.generation";

json without_template_generation(json metadata) {
  json& annotations = metadata["annotations"];
  annotations.erase(template_generation);
  if (annotations.empty()) metadata.erase("annotations");
  return metadata;
}

void append_partial(std::string& out, const json& object) {
  out += partial_head;
  const json& metadata = print::at(object, {"metadata"});
  const json& annotations = print::at(object, {"metadata", "annotations"});
  if (annotations.is_object() && annotations.contains(template_generation))
    append_json_text(out, without_template_generation(metadata));
  else if (metadata.is_object())
    append_json_text(out, metadata);
  else
    out += "{}";
  out += '}';
}

/// Without columns of its own a kind shows its name and when it was created.
constexpr table_column default_columns[] = {{"Name", "string", "name", 0}, {"Created At", "date", "", 0}};

/// Part of what clients were recorded to be shown for custom kinds.
constexpr std::string_view custom_name_note =
    "Name must be unique within a namespace. Is required when creating resources, although some resources "
    "may "
    "allow a client to request the generation of an appropriate name automatically. Name is primarily "
    "intended "
    "for creation idempotence and configuration definition. Cannot be updated. More info: "
    "https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names";

struct shown_column {
  table_column column;
  std::string_view note;
};

/// What the scale subresource shows of whatever it scales.
constexpr table_column scale_columns[] = {{"Name", "string", "name", 0},
                                          {"Desired", "integer", "", 0},
                                          {"Available", "integer", "", 0},
                                          {"Age", "string", "", 0}};

std::vector<shown_column> with_notes(std::span<const table_column> columns) {
  std::vector<shown_column> shown;
  for (const table_column& column : columns) shown.push_back({column, print::column_note(column.name)});
  return shown;
}

std::vector<shown_column> columns_of(const resource_type& type) {
  if (type.custom == nullptr)
    return with_notes(type.columns.empty() ? std::span<const table_column>(default_columns) : type.columns);
  std::vector<shown_column> shown{{default_columns[0], custom_name_note}};
  for (const custom_kind::column& one : type.custom->columns)
    shown.push_back({{one.name, one.type, one.format, one.priority}, one.description});
  return shown;
}

void append_columns(std::string& out, const std::vector<shown_column>& columns) {
  out += '[';
  bool first = true;
  for (const auto& [column, note] : columns) {
    out += first ? "{" : ",{";
    first = false;
    append_member(out, "description", note);
    out += ',';
    append_member(out, "format", column.format);
    out += ',';
    append_member(out, "name", column.name);
    out += ",\"priority\":" + std::to_string(column.priority) + ",";
    append_member(out, "type", column.type);
    out += '}';
  }
  out += ']';
}

void append_row_object(std::string& out, const json& object, row_object how) {
  out += ",\"object\":";
  switch (how) {
  case row_object::metadata:
    append_partial(out, object);
    break;
  case row_object::whole:
    append_json_text(out, object);
    break;
  case row_object::none:
    out += "null";
    break;
  }
  out += '}';
}

/// Everything before the rows.
void append_table_head(std::string& out, const std::vector<shown_column>& columns, const list_meta& meta) {
  out += R"({"apiVersion":"meta.k8s.io/v1","columnDefinitions":)";
  append_columns(out, columns);
  out += ",\"kind\":\"Table\",\"metadata\":";
  append_list_meta(out, meta);
  out += ",\"rows\":[";
}

result<void> append_rows(std::string& out, const resource_type& type,
                         std::span<const std::string_view> stored, const table_options& options) {
  bool first = true;
  for (const std::string_view bytes : stored) {
    const auto view = object_view::open(bytes);
    if (!view) return view.error();
    if (!first) out += ',';
    first = false;
    append_table_row(out, type, view->to_json(type), options);
  }
  return {};
}

} // namespace

void append_column_definitions(std::string& out, const resource_type& type) {
  append_columns(out, columns_of(type));
}

void append_table_row(std::string& out, const resource_type& type, const json& object,
                      const table_options& options) {
  json cells = json::array();
  if (type.custom != nullptr)
    print::print_custom(*type.custom, {object, options.now, cells});
  else
    print::printer_of(type)({object, options.now, cells});
  auto& list = cells.get_ref<json::array_t&>();
  list.resize(columns_of(type).size());
  out += "{\"cells\":";
  append_json_text(out, cells);
  if (type.group.empty() && type.plural == "pods")
    if (const json conditions = print::pod_row_conditions(object); !conditions.is_null()) {
      out += ",\"conditions\":";
      append_json_text(out, conditions);
    }
  append_row_object(out, object, options.object);
}

result<void> append_table(std::string& out, const resource_type& type,
                          std::span<const std::string_view> stored, const list_meta& meta,
                          const table_options& options) {
  const std::size_t start = out.size();
  append_table_head(out, options.headers ? columns_of(type) : std::vector<shown_column>(), meta);
  if (auto done = append_rows(out, type, stored, options); !done) {
    out.resize(start);
    return done;
  }
  out += "]}";
  return {};
}

void append_scale_table(std::string& out, const json& scale, const table_options& options) {
  const auto number = [&](const char* where) {
    const json& count = print::at(scale, {where, "replicas"});
    return count.is_number() ? count : json(0);
  };
  append_table_head(out, options.headers ? with_notes(scale_columns) : std::vector<shown_column>(),
                    {print::text(print::at(scale, {"metadata", "resourceVersion"})), {}, {}});
  const std::string age =
      print::age_of(print::text(print::at(scale, {"metadata", "creationTimestamp"})), options.now);
  out += "{\"cells\":";
  append_json_text(
      out, json::array({print::at(scale, {"metadata", "name"}), number("spec"), number("status"), age}));
  append_row_object(out, scale, options.object);
  out += "]}";
}

void append_scale_metadata(std::string& out, const json& scale) { append_partial(out, scale); }

result<void> append_partial_metadata(std::string& out, const resource_type& type, std::string_view stored) {
  const auto view = object_view::open(stored);
  if (!view) return view.error();
  append_partial(out, view->to_json(type));
  return {};
}

result<void> append_partial_metadata_list(std::string& out, const resource_type& type,
                                          std::span<const std::string_view> stored, const list_meta& meta) {
  const std::size_t start = out.size();
  out += R"({"apiVersion":"meta.k8s.io/v1","items":[)";
  for (std::size_t i = 0; i < stored.size(); ++i) {
    if (i > 0) out += ',';
    if (auto done = append_partial_metadata(out, type, stored[i]); !done) {
      out.resize(start);
      return done;
    }
  }
  out += "],\"kind\":\"PartialObjectMetadataList\",\"metadata\":";
  append_list_meta(out, meta);
  out += '}';
  return {};
}

} // namespace actord::schema
