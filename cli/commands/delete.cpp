#include "cli/commands/command_session.hpp"

#include "schema/base/json.hpp"

#include <algorithm>
#include <ostream>

namespace actord::cli {

namespace {

constexpr std::chrono::milliseconds first_pause{20};
constexpr std::chrono::milliseconds longest_pause{500};

struct doomed {
  selected_objects object;
  std::string uid;
};

std::string propagation(const std::string& cascade) {
  if (cascade == "orphan") return "Orphan";
  return cascade == "foreground" ? "Foreground" : "Background";
}

json delete_options(const delete_command& command) {
  json options = {
      {"apiVersion", "v1"}, {"kind", "DeleteOptions"}, {"propagationPolicy", propagation(command.cascade)}};
  if (command.grace_period_s) options["gracePeriodSeconds"] = *command.grace_period_s;
  if (command.now) options["gracePeriodSeconds"] = 1;
  if (command.force && !command.grace_period_s) options["gracePeriodSeconds"] = 0;
  return options;
}

/// Collections become the objects they hold now.
result<std::vector<doomed>> find_doomed(command_session& session, const delete_command& command,
                                        const std::vector<selected_objects>& selection) {
  std::vector<doomed> all;
  for (const auto& selected : selection) {
    if (!selected.name.empty()) {
      all.push_back({.object = selected, .uid = {}});
      continue;
    }
    const auto objects = fetch_objects(session, selected, selector_query(command.selection));
    if (!objects) return objects.error();
    for (const json& object : *objects) {
      doomed each{.object = selected, .uid = text_at(object, {"metadata", "uid"})};
      each.object.name = text_at(object, {"metadata", "name"});
      if (selected.resource.namespaced) each.object.space = text_at(object, {"metadata", "namespace"});
      all.push_back(std::move(each));
    }
  }
  return all;
}

void tell(command_session& session, const delete_command& command, const selected_objects& object) {
  if (command.output == "name") {
    session.context.output << qualified_name(object.resource, object.name) << '\n';
  } else {
    session.context.output << object.resource.qualified_singular() << " \"" << object.name << "\" "
                           << (command.force ? "force deleted" : "deleted")
                           << (object.space.empty() ? "" : " from " + object.space + " namespace") << '\n';
  }
  session.context.output.flush();
}

/// The answer to a delete is the object (that ends later) or a Status that names its uid.
std::string uid_in(const json& answer) {
  const std::string uid = text_at(answer, {"metadata", "uid"});
  return uid.empty() ? text_at(answer, {"details", "uid"}) : uid;
}

result<void> await_end(command_session& session, const delete_command& command, const doomed& object) {
  auto pause = first_pause;
  std::chrono::milliseconds waited{0};
  while (true) {
    const auto answer = session.client.get(object.object.path());
    if (!answer && answer.error().kind == error_kind::not_found) return {};
    if (!answer) return answer.error();
    if (!object.uid.empty() && text_at(answer->body, {"metadata", "uid"}) != object.uid) return {};
    if (command.timeout_s > 0 && waited >= std::chrono::seconds(command.timeout_s)) {
      return error{.kind = error_kind::timeout,
                   .message = "timed out waiting for the condition on " +
                              qualified_name(object.object.resource, object.object.name)};
    }
    session.context.pause(pause);
    waited += pause;
    pause = std::min(pause * 2, longest_pause);
  }
}

} // namespace

result<void> run_delete(command_session& session, const delete_command& command) {
  if (command.now && command.grace_period_s) {
    return error{.kind = error_kind::bad_request,
                 .message = "--now and --grace-period cannot be specified together"};
  }
  const auto selection = select_objects(session, command.selection);
  if (!selection) return selection.error();
  const bool collection = selection->front().name.empty();
  if (collection && !command.selection.all && command.selection.labels.empty() &&
      command.selection.fields.empty()) {
    return error{.kind = error_kind::bad_request,
                 .message = "resource(s) were provided, but no name was specified"};
  }
  auto found = find_doomed(session, command, *selection);
  if (!found) return found.error();
  std::optional<error> failure;
  std::vector<doomed> ending;
  for (auto& each : *found) {
    const auto answer = session.client.write("DELETE", each.object.path(), delete_options(command));
    if (!answer) {
      if (command.ignore_not_found && answer.error().kind == error_kind::not_found) continue;
      if (failure) session.context.errors << describe_error(*failure) << '\n';
      failure = answer.error();
      continue;
    }
    tell(session, command, each.object);
    if (each.uid.empty()) each.uid = uid_in(answer->body);
    ending.push_back(std::move(each));
  }
  if (found->empty() && !command.ignore_not_found) session.context.errors << "No resources found\n";
  if (command.wait && !command.force) {
    for (const auto& each : ending) {
      if (auto ended = await_end(session, command, each); !ended) return ended;
    }
  }
  if (failure) return *failure;
  return {};
}

} // namespace actord::cli
