#include "tests/conformance/golden_replay/fake_server.hpp"

#include "schema/custom/definition.hpp"
#include "schema/rules/deprecation.hpp"
#include "schema/tables/custom_rows.hpp"
#include "schema/tables/resource_table.hpp"
#include "schema/write/prepare.hpp"
#include "schema/write/scale.hpp"
#include "tests/conformance/golden_replay/fake_admission.hpp"

#include <optional>

namespace actord::golden {

namespace {

using schema::resource_type;

json status_of(const error& failure) {
  json details = json::object();
  if (failure.subject) {
    const auto put = [&](const char* name, const std::string& value) {
      if (!value.empty()) details[name] = value;
    };
    put("name", failure.subject->name);
    put("group", failure.subject->group);
    put("kind", failure.subject->kind);
    put("uid", failure.subject->uid);
  }
  for (const error_cause& cause : failure.causes)
    details["causes"].push_back(
        {{"reason", cause.reason}, {"message", cause.message}, {"field", cause.field}});
  return {{"kind", "Status"},           {"status", "Failure"},
          {"message", failure.message}, {"reason", status_reason(failure.kind)},
          {"details", details},         {"code", http_code(failure.kind)}};
}

std::string option(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    if (pair.starts_with(name) && pair.size() > name.size() && pair[name.size()] == '=')
      return std::string(pair.substr(name.size() + 1));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
  }
  return {};
}

std::vector<std::string> split(std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    const std::string_view part = path.substr(0, path.find('/'));
    if (!part.empty()) parts.emplace_back(part);
    path.remove_prefix(std::min(part.size() + 1, path.size()));
  }
  return parts;
}

std::optional<schema::patch_format> patch_format_of(std::string_view media_type) {
  if (media_type == "application/json-patch+json") return schema::patch_format::json_patch;
  if (media_type == "application/merge-patch+json") return schema::patch_format::merge_patch;
  if (media_type == "application/strategic-merge-patch+json")
    return schema::patch_format::strategic_merge_patch;
  if (media_type == "application/apply-patch+yaml") return schema::patch_format::apply;
  return std::nullopt;
}

} // namespace

/// A request taken apart: /apis/GROUP/VERSION/[namespaces/SPACE/]PLURAL[/NAME[/SUBRESOURCE]]
struct fake_server::request {
  std::string method;
  std::string media_type;
  std::string body;
  std::string query;
  schema::resource_handle type;
  std::string space;
  std::string name;
  std::string subresource;

  explicit request(const json& step) : method(step.at("method")), media_type(step.value("contentType", "")) {
    const std::string target = step.at("path");
    const std::size_t mark = target.find('?');
    query = mark == std::string::npos ? "" : target.substr(mark + 1);
    if (const auto given = step.find("body"); given != step.end() && !given->is_null())
      body = given->is_string() ? given->get<std::string>() : given->dump();
    std::vector<std::string> parts = split(std::string_view(target).substr(0, mark));
    const bool core = !parts.empty() && parts[0] == "api";
    std::size_t next = core ? 2 : 3;
    if (parts.size() <= next) return;
    const std::string group = core ? "" : parts[1];
    const std::string version = core ? parts[1] : parts[2];
    if (parts[next] == "namespaces" && parts.size() > next + 2 && parts[next + 2] != "status" &&
        parts[next + 2] != "finalize") {
      space = parts[next + 1];
      next += 2;
    }
    type = schema::find_resource(group, version, parts[next]);
    if (parts.size() > next + 1) name = parts[next + 1];
    if (parts.size() > next + 2) subresource = parts[next + 2];
  }

  [[nodiscard]] std::string key() const { return std::string(type->plural) + "/" + space + "/" + name; }
};

/// What the answer shows of an object: itself, or its replicas.
json fake_server::shown(const request& asked, json object) {
  if (asked.subresource == "scale" && schema::can_scale(*asked.type))
    return schema::scale_of(*asked.type, object);
  if (asked.type->custom != nullptr) object["apiVersion"] = asked.type->api_version();
  return object;
}

answer fake_server::handle(const json& step, bool& answered) {
  const request asked(step);
  answered = asked.type != nullptr;
  if (!answered) return {};
  answer given = answer_to(asked, answered);
  if (const std::string_view old = schema::deprecation_of(*asked.type); !old.empty())
    given.warnings.emplace_back(old);
  return given;
}

answer fake_server::answer_to(const request& asked, bool& answered) {
  if (asked.method == "POST" && asked.name.empty()) return create(asked);
  if (asked.method == "PUT" || asked.method == "PATCH") return change(asked);
  const auto found = objects_.find(asked.key());
  answered =
      (asked.method == "GET" || asked.method == "DELETE") && !asked.name.empty() && found != objects_.end();
  if (!answered) return {};
  if (asked.method == "GET") return {200, shown(asked, found->second), {}};
  const json metadata = found->second["metadata"];
  objects_.erase(found);
  answered = false; // what a deletion answers is the object actor's affair
  return {200, metadata, {}};
}

namespace {

schema::field_validation validation_of(std::string_view query) {
  const std::string wanted = option(query, "fieldValidation");
  if (wanted == "Strict") return schema::field_validation::strict;
  return wanted == "Ignore" ? schema::field_validation::ignore : schema::field_validation::warn;
}

} // namespace

answer fake_server::create(const request& asked) {
  const std::string manager = option(asked.query, "fieldManager");
  const schema::admission_step mutate = fake_admission(*asked.type);
  schema::write_context context{.type = *asked.type,
                                .subresource = asked.subresource,
                                .space = asked.space,
                                .name = asked.name,
                                .now = clock_.wall_now(),
                                .random = random_,
                                .field_manager = manager.empty() ? std::string_view("golden") : manager,
                                .validation = validation_of(asked.query)};
  context.mutate = &mutate;
  auto prepared = schema::prepare_create(context, schema::body_format::json, asked.body);
  if (!prepared) return {http_code(prepared.error().kind), status_of(prepared.error()), {}};
  return keep(asked, std::move(prepared->object), 201, std::move(prepared->warnings));
}

answer fake_server::change(const request& asked) {
  const std::string manager = option(asked.query, "fieldManager");
  const auto found = objects_.find(asked.key());
  const json* current = found == objects_.end() ? nullptr : &found->second;
  const schema::admission_step mutate = fake_admission(*asked.type);
  schema::write_context context{.type = *asked.type,
                                .subresource = asked.subresource,
                                .space = asked.space,
                                .name = asked.name,
                                .now = clock_.wall_now(),
                                .random = random_,
                                .field_manager = manager.empty() ? std::string_view("golden") : manager,
                                .validation = validation_of(asked.query),
                                .force = option(asked.query, "force") == "true"};
  context.mutate = &mutate;
  const auto format = patch_format_of(asked.media_type);
  if (asked.method == "PUT" && current == nullptr) return {404, json::object(), {}};
  auto prepared = asked.method == "PUT"
                      ? schema::prepare_update(context, schema::body_format::json, asked.body, *current)
                      : schema::prepare_patch(context, format.value_or(schema::patch_format::merge_patch),
                                              asked.body, current);
  if (!prepared) return {http_code(prepared.error().kind), status_of(prepared.error()), {}};
  if (!prepared->changed) return {200, shown(asked, *current), std::move(prepared->warnings)};
  return keep(asked, std::move(prepared->object), current == nullptr ? 201 : 200,
              std::move(prepared->warnings));
}

namespace {

/// Serves the custom kind of a definition, as the controllers would have it served a moment later. For the
/// rest of the run: recordings create the definition in one case and use it in the next.
void serve_definition(json definition) {
  definition["status"]["acceptedNames"] = definition["spec"]["names"];
  definition["status"]["conditions"] = json::array({{{"type", "Established"}, {"status", "True"}}});
  std::vector<resource_id> ids;
  for (std::size_t i = 0; i < definition["spec"]["versions"].size(); ++i)
    ids.emplace_back(static_cast<std::uint16_t>(schema::first_row_id + i));
  const auto made =
      schema::custom::definition::compile(definition, {resource_id(schema::first_stored_number), ids});
  std::vector<schema::resource_handle> served;
  for (const schema::resource_type* row : made->served())
    served.push_back(schema::custom::handle_of(made, *row));
  schema::custom_rows::publish(std::make_shared<const schema::custom_rows>(
      1, std::move(served), std::vector{schema::custom::handle_of(made, made->stored_row())}));
}

} // namespace

answer fake_server::keep(const request& asked, json object, int code, std::vector<std::string> warnings) {
  fake_allocation(*asked.type, object);
  const bool dry = option(asked.query, "dryRun") == "All";
  if (!dry) {
    request place = asked;
    place.name = object["metadata"].value("name", "");
    object["metadata"]["resourceVersion"] = std::to_string(++revision_);
    objects_[place.key()] = object;
    if (place.type->plural == "customresourcedefinitions") serve_definition(object);
  }
  return {code, shown(asked, std::move(object)), std::move(warnings)};
}

} // namespace actord::golden
