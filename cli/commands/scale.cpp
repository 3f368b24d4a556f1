#include "cli/commands/command_session.hpp"

#include "schema/base/json.hpp"

#include <ostream>

namespace actord::cli {

namespace {

result<void> check_current(command_session& session, const std::string& path, std::int64_t expected) {
  const auto answer = session.client.get(path);
  if (!answer) return answer.error();
  const json* replicas = value_at(answer->body, {"spec", "replicas"});
  const std::int64_t present =
      replicas != nullptr && replicas->is_number() ? replicas->get<std::int64_t>() : 0;
  if (present == expected) return {};
  return error{.kind = error_kind::conflict,
               .message = "Expected replicas to be " + std::to_string(expected) + ", was " +
                          std::to_string(present)};
}

} // namespace

result<void> run_scale(command_session& session, const scale_command& command) {
  const auto selection = select_objects(session, command.selection);
  if (!selection) return selection.error();
  for (const auto& selected : *selection) {
    std::vector<std::string> names = {selected.name};
    if (selected.name.empty()) {
      if (command.selection.labels.empty()) {
        return error{.kind = error_kind::bad_request,
                     .message = "name the object to scale, or select some with -l"};
      }
      const auto objects = fetch_objects(session, selected, selector_query(command.selection));
      if (!objects) return objects.error();
      names.clear();
      for (const json& object : *objects) names.push_back(text_at(object, {"metadata", "name"}));
    }
    for (const auto& name : names) {
      const std::string path = selected.resource.path(selected.space, name) + "/scale";
      if (command.current_replicas) {
        if (auto checked = check_current(session, path, *command.current_replicas); !checked) return checked;
      }
      const json patch = {{"spec", {{"replicas", command.replicas}}}};
      const auto answer = session.client.write("PATCH", path, patch, "application/merge-patch+json");
      if (!answer) return answer.error();
      session.context.output << qualified_name(selected.resource, name) << " scaled\n";
    }
  }
  return {};
}

} // namespace actord::cli
