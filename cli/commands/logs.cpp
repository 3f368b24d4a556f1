#include "cli/command_line/duration.hpp"
#include "cli/commands/command_session.hpp"

#include "schema/base/json.hpp"

#include <charconv>
#include <ostream>

namespace actord::cli {

namespace {

error usage(std::string message) {
  return error{.kind = error_kind::bad_request, .message = std::move(message)};
}

/// "a=b,c=d" of a workload's selector.
std::string labels_of(const json& workload) {
  const json* labels = value_at(workload, {"spec", "selector", "matchLabels"});
  if (labels == nullptr)
    labels = value_at(workload, {"spec", "selector"}); // services, replication controllers
  std::string text;
  if (labels == nullptr || !labels->is_object()) return text;
  for (const auto& [key, value] : labels->items()) {
    if (value.is_string()) text += (text.empty() ? "" : ",") + key + "=" + value.get<std::string>();
  }
  return text;
}

result<std::vector<json>> pods_with(command_session& session, const std::string& labels) {
  const auto pods = session.names.find_one("pods");
  if (!pods) return pods.error();
  object_selection selection;
  selection.labels = labels;
  return fetch_objects(session, {.resource = *pods, .space = session.space, .name = {}},
                       selector_query(selection));
}

/// The pods the words mean; of a workload, one of its pods.
result<std::vector<json>> find_pods(command_session& session, const logs_command& command) {
  if (!command.labels.empty()) {
    if (!command.words.empty()) return usage("only a selector (-l) or a POD name is allowed");
    return pods_with(session, command.labels);
  }
  if (command.words.empty()) return usage("expected 'logs POD [CONTAINER]' or 'logs TYPE/NAME'");
  const std::string& word = command.words.front();
  const std::size_t slash = word.find('/');
  const auto resource = session.names.find_one(slash == std::string::npos ? "pods" : word.substr(0, slash));
  if (!resource) return resource.error();
  const std::string name = slash == std::string::npos ? word : word.substr(slash + 1);
  auto objects = fetch_objects(session, {.resource = *resource, .space = session.space, .name = name}, {});
  if (!objects || resource->plural == "pods") return objects;
  const std::string labels = labels_of(objects->front());
  if (labels.empty()) return usage("cannot find pods of " + word + ": it has no selector of labels");
  auto pods = pods_with(session, labels);
  if (!pods) return pods;
  if (pods->empty()) return usage("no pods found for " + word);
  if (pods->size() > 1) {
    session.context.errors << "Found " << pods->size() << " pods, using pod/"
                           << text_at(pods->front(), {"metadata", "name"}) << '\n';
    pods->resize(1);
  }
  return pods;
}

/// The container asked for, else the one the pod calls its default, else the first.
std::string choose_container(command_session& session, const logs_command& command, const json& pod) {
  if (!command.container.empty()) return command.container;
  if (command.words.size() > 1) return command.words[1];
  const json* containers = value_at(pod, {"spec", "containers"});
  if (containers == nullptr || !containers->is_array() || containers->empty()) return {};
  std::string chosen = text_at(pod, {"metadata", "annotations", "kubectl.kubernetes.io/default-container"});
  if (chosen.empty()) chosen = text_at(containers->front(), {"name"});
  if (containers->size() > 1) {
    std::string names;
    for (const json& container : *containers)
      names += (names.empty() ? "" : ", ") + text_at(container, {"name"});
    session.context.errors << "Defaulted container \"" << chosen << "\" out of: " << names << '\n';
  }
  return chosen;
}

result<query_list> log_query(const logs_command& command) {
  query_list query;
  if (command.follow) query.emplace_back("follow", "true");
  if (command.previous) query.emplace_back("previous", "true");
  if (command.timestamps) query.emplace_back("timestamps", "true");
  if (command.tail_lines && *command.tail_lines >= 0)
    query.emplace_back("tailLines", std::to_string(*command.tail_lines));
  if (command.limit_bytes) query.emplace_back("limitBytes", std::to_string(*command.limit_bytes));
  if (!command.since.empty()) {
    const auto seconds = duration_s(command.since);
    if (!seconds) return usage("--since needs a duration such as 5m or 1h30m, not \"" + command.since + "\"");
    query.emplace_back("sinceSeconds", std::to_string(*seconds));
  }
  return query;
}

} // namespace

result<void> run_logs(command_session& session, const logs_command& command) {
  const auto query = log_query(command);
  if (!query) return query.error();
  const auto pods = find_pods(session, command);
  if (!pods) return pods.error();
  if (pods->empty()) session.context.errors << "No resources found in " << session.space << " namespace.\n";
  if (command.follow && pods->size() > 1) return usage("only one pod can be followed; name it");
  for (const json& pod : *pods) {
    const auto resource = session.names.find_one("pods");
    if (!resource) return resource.error();
    query_list parameters = *query;
    if (const auto container = choose_container(session, command, pod); !container.empty()) {
      parameters.emplace_back("container", container);
    }
    const std::string target =
        resource->path(session.space, text_at(pod, {"metadata", "name"})) + "/log" + query_text(parameters);
    auto streamed = session.client.bytes(target, [&session](std::string_view piece) {
      session.context.output.write(piece.data(), static_cast<std::streamsize>(piece.size()));
      session.context.output.flush();
      return static_cast<bool>(session.context.output);
    });
    if (!streamed) return streamed;
  }
  return {};
}

} // namespace actord::cli
