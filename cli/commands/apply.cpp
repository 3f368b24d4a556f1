#include "cli/commands/command_session.hpp"

#include "actors/api/forms/yaml_text.hpp"
#include "schema/base/json.hpp"

#include <ostream>

namespace actord::cli {

namespace {

std::string field_validation(const std::string& chosen) {
  if (chosen == "true" || chosen == "strict") return "Strict";
  return chosen == "warn" ? "Warn" : "Ignore";
}

/// Which field an error without causes is about: `unknown field "spec.replcas"`, or with server-side apply
/// "failed to create typed patch object (...): .spec.replcas: field not declared in schema".
std::string field_in(const std::string& message) {
  for (const std::string_view start : {"unknown field \"", "duplicate field \""}) {
    const std::size_t at = message.find(start);
    if (at == std::string::npos) continue;
    const std::size_t from = at + start.size();
    return message.substr(from, message.find('"', from) - from);
  }
  constexpr std::string_view path_start = "): .";
  const std::size_t path = message.find(path_start);
  if (!message.starts_with("failed to create typed") || path == std::string::npos) return {};
  const std::size_t from = path + path_start.size();
  return message.substr(from, message.find(": ", from) - from);
}

/// The server's error with file, line and field of each fault in front.
error locate(const manifest_object& manifest, const resource_info& resource, const std::string& name,
             error failure) {
  const auto place = [&manifest](const std::string& field) {
    return manifest.file + ":" + std::to_string(line_of_field(manifest, field)) + ": ";
  };
  std::string text;
  if (failure.kind == error_kind::invalid && !failure.causes.empty()) {
    text = "the " + resource.kind + " \"" + name + "\" is invalid:";
    for (const auto& cause : failure.causes)
      text += "\n" + place(cause.field) + cause.field + ": " + cause.message;
  } else if (const std::string field = field_in(failure.message); !field.empty()) {
    text = place(field) + failure.message;
  } else if (failure.kind == error_kind::bad_request || failure.kind == error_kind::invalid) {
    text = place("") + failure.message;
  } else {
    return failure;
  }
  return error{.kind = failure.kind, .message = text};
}

struct apply_outcome {
  json object;
  const char* word = "unchanged";
};

/// What a user would call the object: a controller may have written its status between our reading and
/// applying it.
json without_bookkeeping(json object) {
  object.erase("status");
  if (object.contains("metadata") && object["metadata"].is_object()) {
    for (const auto* key : {"resourceVersion", "managedFields", "generation"}) object["metadata"].erase(key);
  }
  return object;
}

result<apply_outcome> apply_one(command_session& session, const apply_command& command,
                                const selected_objects& selected) {
  json body = selected.manifest->object;
  if (!selected.space.empty()) body["metadata"]["namespace"] = selected.space;
  const auto present = session.client.get(selected.path());
  if (!present && present.error().kind != error_kind::not_found) return present.error();
  if (command.dry_run == "client") {
    return apply_outcome{.object = std::move(body), .word = present ? "configured" : "created"};
  }
  query_list query = {{"fieldManager", command.field_manager},
                      {"fieldValidation", field_validation(command.validation)}};
  if (command.force_conflicts) query.emplace_back("force", "true");
  if (command.dry_run == "server") query.emplace_back("dryRun", "All");
  auto answer = session.client.write("PATCH", selected.path() + query_text(query), body,
                                     "application/apply-patch+yaml");
  if (!answer) return answer.error();
  tell_warnings(session, answer->warnings);
  apply_outcome outcome{.object = std::move(answer->body)};
  if (!present) {
    outcome.word = "created";
  } else if (without_bookkeeping(present->body) != without_bookkeeping(outcome.object)) {
    outcome.word = "configured";
  }
  return outcome;
}

void tell(command_session& session, const apply_command& command, const selected_objects& selected,
          const apply_outcome& outcome) {
  std::ostream& output = session.context.output;
  if (command.output == "json") {
    output << outcome.object.dump(4) << '\n';
  } else if (command.output == "yaml") {
    output << "---\n" << actors::yaml_text(outcome.object);
  } else if (command.output == "name") {
    output << qualified_name(selected.resource, selected.name) << '\n';
  } else {
    const bool dry = command.dry_run == "server" || command.dry_run == "client";
    output << qualified_name(selected.resource, selected.name) << ' ' << outcome.word
           << (dry ? " (" + command.dry_run + " dry run)" : "") << '\n';
  }
  output.flush();
}

} // namespace

result<void> run_apply(command_session& session, const apply_command& command) {
  if (command.selection.files.empty()) {
    return error{.kind = error_kind::bad_request, .message = "must specify -f with a file, a folder or -"};
  }
  const auto selection = select_objects(session, command.selection);
  if (!selection) return selection.error();
  std::optional<error> failure;
  for (const auto& selected : *selection) {
    if (selected.name.empty()) {
      return error{.kind = error_kind::bad_request,
                   .message = selected.manifest->file + ":" +
                              std::to_string(line_of_field(*selected.manifest, "metadata.generateName")) +
                              ": metadata.name is needed to apply an object; generateName cannot be used"};
    }
    const auto outcome = apply_one(session, command, selected);
    if (outcome) {
      tell(session, command, selected, *outcome);
      continue;
    }
    if (failure) session.context.errors << describe_error(*failure) << '\n'; // the others are still tried
    failure = locate(*selected.manifest, selected.resource, selected.name, outcome.error());
    if (failure->kind == error_kind::unavailable && !failure->subject) break;
  }
  if (failure) return *failure;
  return {};
}

} // namespace actord::cli
