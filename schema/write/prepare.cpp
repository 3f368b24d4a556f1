#include "schema/write/prepare.hpp"

#include "schema/codec/decode.hpp"
#include "schema/rules/kind_rules.hpp"
#include "schema/tables/resource_table.hpp"
#include "schema/write/finish_write.hpp"
#include "schema/write/object_metadata.hpp"
#include "schema/write/prepare_scale.hpp"

namespace actord::schema {
namespace {

/// The body as a complete object with defaults; warnings about its fields go to `warnings`.
result<json> read_body(const write_context& context, body_format format, std::string_view body,
                       std::vector<std::string>& warnings) {
  auto read =
      decode_object(body_kind_of(context.type, context.subresource), format, body, context.validation);
  if (!read) return std::move(read).error();
  if (context.validation == field_validation::warn) warnings = std::move(read->warnings);
  set_defaults(context.type, read->object);
  return std::move(read->object);
}

} // namespace

result<prepared_write> prepare_create(const versioned_context& context, body_format format,
                                      std::string_view body) {
  std::vector<std::string> warnings;
  auto object = read_body(context, format, body, warnings);
  if (!object) return std::move(object).error();
  return finish_create(context, std::move(*object), std::move(warnings), ownership_state::to_track);
}

result<prepared_write> prepare_update(const versioned_context& context, body_format format,
                                      std::string_view body, const json& current) {
  if (context.subresource == "scale") return prepare_scale_update(context, format, body, current);
  std::vector<std::string> warnings;
  auto object = read_body(context, format, body, warnings);
  if (!object) return std::move(object).error();
  if (auto settled = settle_namespace(context.type, context.space, *object); !settled)
    return std::move(settled).error();
  if (auto named = check_request_name(*object, context.name); !named) return std::move(named).error();
  if (auto warning = drop_repeated_owners(*object, false); !warning.empty())
    warnings.push_back(std::move(warning));
  return finish_update(context, std::move(*object), current, std::move(warnings), ownership_state::to_track);
}

result<prepared_write> prepare_create(const write_context& context, body_format format,
                                      std::string_view body) {
  return prepare_create(versioned_context{context}, format, body);
}

result<prepared_write> prepare_update(const write_context& context, body_format format, std::string_view body,
                                      const json& current) {
  return prepare_update(versioned_context{context}, format, body, current);
}

} // namespace actord::schema
