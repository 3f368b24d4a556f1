#include "actors/objects/refusals.hpp"

#include "schema/tables/resource_table.hpp"

#include <fmt/format.h>

namespace actord::actors {
namespace {

error about(error_kind kind, const schema::resource_type& type, std::string_view name, std::string message) {
  return {.kind = kind,
          .message = std::move(message),
          .causes = {},
          .subject = error_subject{std::string(type.group), std::string(type.plural), std::string(name), {}}};
}

} // namespace

std::string qualified_resource(const schema::resource_type& type) {
  return type.group.empty() ? std::string(type.plural) : fmt::format("{}.{}", type.plural, type.group);
}

error object_not_found(const schema::resource_type& type, std::string_view name) {
  return about(error_kind::not_found, type, name,
               fmt::format("{} \"{}\" not found", qualified_resource(type), name));
}

error object_exists(const schema::resource_type& type, std::string_view name) {
  return about(error_kind::already_exists, type, name,
               fmt::format("{} \"{}\" already exists", qualified_resource(type), name));
}

error object_conflict(const schema::resource_type& type, std::string_view name, std::string_view why) {
  return about(
      error_kind::conflict, type, name,
      fmt::format("Operation cannot be fulfilled on {} \"{}\": {}", qualified_resource(type), name, why));
}

error object_modified(const schema::resource_type& type, std::string_view name) {
  return object_conflict(
      type, name,
      "the object has been modified; please apply your changes to the latest version and try again");
}

error object_forbidden(const schema::resource_type& type, std::string_view name, std::string_view why) {
  return about(error_kind::forbidden, type, name,
               fmt::format("{} \"{}\" is forbidden: {}", qualified_resource(type), name, why));
}

error no_such_resource() {
  return {.kind = error_kind::not_found,
          .message = "the server could not find the requested resource",
          .causes = {},
          .subject = error_subject{}};
}

error bad_request(std::string message) {
  return {.kind = error_kind::bad_request, .message = std::move(message), .causes = {}, .subject = {}};
}

} // namespace actord::actors
