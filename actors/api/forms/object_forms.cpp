#include "actors/api/forms/object_forms.hpp"

#include "actors/api/forms/protobuf_document.hpp"
#include "actors/api/forms/yaml_text.hpp"
#include "schema/base/json.hpp"
#include "schema/base/prefetch.hpp"
#include "schema/codec/json_text.hpp"
#include "schema/codec/protobuf.hpp"
#include "schema/custom/custom_kind.hpp"
#include "schema/object/append_stored.hpp"
#include "schema/print/table.hpp"
#include "schema/tables/resource_table.hpp"

#include <array>
#include <charconv>
#include <fmt/format.h>
#include <span>
#include <utility>

namespace actord::actors {
namespace {

using schema::object_view;
using schema::resource_type;

schema::row_object row_object_of(table_objects include) {
  switch (include) {
  case table_objects::none:
    return schema::row_object::none;
  case table_objects::metadata:
    return schema::row_object::metadata;
  case table_objects::whole:
    return schema::row_object::whole;
  }
  return schema::row_object::metadata;
}

/// Lists of custom kinds say it when nothing is left; others leave it out.
void append_list_metadata(std::string& out, const list_metadata& metadata, bool always_continue) {
  out += fmt::format("{{\"resourceVersion\":\"{}\"", metadata.at.value);
  if (always_continue || !metadata.continue_token.empty())
    out += fmt::format(",\"continue\":\"{}\"", metadata.continue_token);
  if (metadata.remaining && *metadata.remaining > 0)
    out += fmt::format(",\"remainingItemCount\":{}", *metadata.remaining);
  out += '}';
}

std::string list_kind(const resource_type& type) {
  return type.custom != nullptr ? type.custom->list_kind : std::string(type.kind) + "List";
}

/// Canonical texts, copied one after the other.
constexpr std::size_t piece_bytes = std::size_t{256} * 1024;

/// Hands the list to `take` in pieces that are full from `full_bytes` on, or in one when that is 0; the last
/// one is what is left.
template <class Take>
result<void> write_json_list(const resource_type& type, std::span<const std::string_view> items,
                             const list_metadata& metadata, std::size_t full_bytes, Take take) {
  constexpr std::size_t added_bytes = 40; // to what is stored of an item
  std::size_t left = 256;
  for (const std::string_view item : items) left += item.size() + added_bytes;
  std::string out;
  const auto start_piece = [&] {
    out.reserve(full_bytes == 0 ? left : std::min(left, full_bytes + full_bytes / 8));
  };
  start_piece();
  out += fmt::format("{{\"kind\":\"{}\",\"apiVersion\":\"{}\",\"metadata\":", list_kind(type),
                     type.api_version());
  append_list_metadata(out, metadata, type.custom != nullptr);
  out += ",\"items\":[";
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i + objects_prefetched < items.size()) prefetch(items[i + objects_prefetched]);
    if (i > 0) out += ',';
    const std::string_view item = items[i];
    // Custom items say what they are.
    if (auto appended = schema::append_stored(out, item, type, type.custom != nullptr); !appended)
      return appended;
    left -= item.size() + added_bytes;
    if (full_bytes == 0 || out.size() < full_bytes) continue;
    take(std::exchange(out, {}));
    start_piece();
  }
  out += "]}\n";
  take(std::move(out));
  return {};
}

result<std::string> json_list(const resource_type& type, std::span<const std::string_view> items,
                              const list_metadata& metadata) {
  std::string whole;
  auto written =
      write_json_list(type, items, metadata, 0, [&whole](std::string all) { whole = std::move(all); });
  if (!written) return written.error();
  return whole;
}

struct owned_list_meta {
  std::string resource_version;
  const list_metadata& from;

  [[nodiscard]] schema::list_meta view() const {
    return {resource_version, from.continue_token, from.remaining};
  }
};

result<std::string> in_format(result<void> appended, std::string json_document, wire_format format) {
  if (!appended) return appended.error();
  if (format == wire_format::json) return json_document + "\n";
  return convert_document(json_document, format);
}

schema::table_options table_options_of(table_objects include, bool headers) {
  return {.object = row_object_of(include), .now = system_clock_source().wall_now(), .headers = headers};
}

} // namespace

result<std::string> render_object(const resource_type& type, const object_view& object,
                                  const answer_form& form, table_objects include, bool column_definitions) {
  std::string out;
  if (form.form == object_form::table) {
    const std::array<std::string_view, 1> one{object.bytes()};
    const std::string version = std::to_string(object.at().value);
    auto appended = schema::append_table(out, type, one, {version, {}, {}},
                                         table_options_of(include, column_definitions));
    return in_format(std::move(appended), std::move(out), form.format);
  }
  if (form.form == object_form::metadata) {
    auto appended = schema::append_partial_metadata(out, type, object.bytes());
    return in_format(std::move(appended), std::move(out), form.format);
  }
  if (form.format == wire_format::json) {
    object.append_as(out, type, true);
    out += '\n';
    return out;
  }
  if (form.format == wire_format::protobuf) {
    object.append_as(out, type, true);
    return schema::encode_protobuf_text(*type.type, out);
  }
  return yaml_text(object.to_json(type));
}

result<std::string> render_scale(const json& scale, const answer_form& form, table_objects include) {
  std::string out;
  if (form.form == object_form::table)
    schema::append_scale_table(out, scale, table_options_of(include, true));
  else if (form.form == object_form::metadata)
    schema::append_scale_metadata(out, scale);
  else
    out = scale.dump();
  return in_format({}, std::move(out), form.format);
}

result<std::string> render_list(const resource_type& type, const std::vector<std::string_view>& items,
                                const list_metadata& metadata, const answer_form& form,
                                table_objects include) {
  const owned_list_meta meta{std::to_string(metadata.at.value), metadata};
  std::string out;
  if (form.form == object_form::table) {
    auto appended = schema::append_table(out, type, items, meta.view(), table_options_of(include, true));
    return in_format(std::move(appended), std::move(out), form.format);
  }
  if (form.form == object_form::metadata) {
    auto appended = schema::append_partial_metadata_list(out, type, items, meta.view());
    return in_format(std::move(appended), std::move(out), form.format);
  }
  auto list = json_list(type, items, metadata);
  if (!list || form.format == wire_format::json) return list;
  return convert_document(*list, form.format);
}

result<void> render_list_in_pieces(const resource_type& type, std::span<const std::string_view> items,
                                   const list_metadata& metadata,
                                   const std::function<void(std::string piece)>& take) {
  return write_json_list(type, items, metadata, piece_bytes, take);
}

result<std::string> convert_document(std::string_view document, wire_format format) {
  auto tree = schema::parse_json(document);
  if (!tree) return tree.error();
  if (format == wire_format::yaml) return yaml_text(*tree);
  return protobuf_document(*tree);
}

} // namespace actord::actors
