#include "actors/api/streams/stream_request.hpp"

#include "actors/objects/refusals.hpp"
#include "schema/base/json.hpp"
#include "schema/codec/status.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace actord::actors {
namespace {

constexpr std::size_t forwarded_ports_max = 100;

std::vector<std::string> names_in(const json& spec, const char* list) {
  std::vector<std::string> names;
  if (const auto found = spec.find(list); found != spec.end())
    for (const json& container : *found) names.push_back(container.value("name", std::string()));
  return names;
}

std::string in_brackets(const std::vector<std::string>& names) {
  return fmt::format("[{}]", fmt::join(names, " "));
}

bool contains(const std::vector<std::string>& names, std::string_view wanted) {
  return std::ranges::find(names, wanted) != names.end();
}

std::string exit_text(int code) {
  return fmt::format("command terminated with non-zero exit code: exit status {}", code);
}

std::string failure_text(const error& why) { return "error executing command in container: " + why.message; }

} // namespace

streamed_pod read_streamed_pod(std::string_view pod_text) {
  const json pod = json::parse(pod_text, nullptr, false);
  streamed_pod read;
  if (!pod.is_object()) return read;
  const json none = json::object();
  const auto part = [&](const char* name) -> const json& {
    const auto found = pod.find(name);
    return found == pod.end() ? none : *found;
  };
  const json& metadata = part("metadata");
  read.space = metadata.value("namespace", std::string());
  read.name = metadata.value("name", std::string());
  read.uid = metadata.value("uid", std::string());
  const json& spec = part("spec");
  read.node = spec.value("nodeName", std::string());
  read.phase = part("status").value("phase", std::string());
  read.containers = names_in(spec, "containers");
  read.init_containers = names_in(spec, "initContainers");
  read.ephemeral_containers = names_in(spec, "ephemeralContainers");
  return read;
}

result<std::string> choose_container(const streamed_pod& pod, std::string_view wanted) {
  if (wanted.empty()) {
    if (pod.containers.size() == 1) return pod.containers.front();
    std::string why = fmt::format("a container name must be specified for pod {}", pod.name);
    if (!pod.containers.empty()) why += ", choose one of: " + in_brackets(pod.containers);
    if (!pod.init_containers.empty())
      why += " or one of the init containers: " + in_brackets(pod.init_containers);
    return bad_request(std::move(why));
  }
  if (!contains(pod.containers, wanted) && !contains(pod.init_containers, wanted) &&
      !contains(pod.ephemeral_containers, wanted))
    return bad_request(fmt::format("container {} is not valid for pod {}", wanted, pod.name));
  return std::string(wanted);
}

result<command_request> read_command_request(const streamed_pod& pod, const query_values& query,
                                             bool attach) {
  auto container = choose_container(pod, query.get("container"));
  if (!container) return std::move(container).error();
  if (pod.node.empty()) return bad_request(fmt::format("pod {} does not have a host assigned", pod.name));
  command_request request;
  request.target = {pod.space, pod.name, pod.uid, std::move(*container)};
  request.terms = {.input = query.flag("stdin"),
                   .output = query.flag("stdout"),
                   .error_output = query.flag("stderr"),
                   .terminal = query.flag("tty")};
  if (!request.terms.input && !request.terms.output && !request.terms.error_output)
    return bad_request("you must specify at least 1 of stdin, stdout, stderr");
  if (request.terms.terminal) request.terms.error_output = false;
  if (attach) return request;
  for (const std::string_view word : query.all("command")) request.command.emplace_back(word);
  if (request.command.empty()) return bad_request("you must specify at least one command for the container");
  return request;
}

std::optional<std::uint16_t> read_port(std::string_view text) {
  unsigned number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (number == 0 || number > UINT16_MAX) return std::nullopt;
  return static_cast<std::uint16_t>(number);
}

result<std::vector<std::uint16_t>> read_forwarded_ports(const query_values& query) {
  std::vector<std::uint16_t> ports;
  for (std::string_view list : query.all("ports")) {
    while (!list.empty()) {
      const std::size_t comma = std::min(list.find(','), list.size());
      const auto port = read_port(list.substr(0, comma));
      if (!port) return bad_request(fmt::format("invalid port \"{}\"", list.substr(0, comma)));
      ports.push_back(*port);
      list.remove_prefix(std::min(comma + 1, list.size()));
    }
  }
  if (ports.empty()) return bad_request("query parameter \"ports\" is required");
  if (ports.size() > forwarded_ports_max) return bad_request("too many ports");
  return ports;
}

std::string command_status(const stream_end& end) {
  if (end.failure)
    return schema::status_text(
        {.kind = error_kind::internal,
         .message = "Internal error occurred: " + failure_text(*end.failure),
         .causes = {{.reason = {}, .message = failure_text(*end.failure), .field = {}}},
         .subject = {}});
  json status = {{"metadata", json::object()}, {"status", "Success"}};
  if (end.exit_code != 0) {
    status["status"] = "Failure";
    status["message"] = exit_text(end.exit_code);
    status["reason"] = "NonZeroExitCode";
    const json cause = {{"reason", "ExitCode"}, {"message", std::to_string(end.exit_code)}};
    status["details"]["causes"] = json::array({cause});
  }
  return status.dump();
}

std::string command_failure_text(const stream_end& end) {
  if (end.failure) return failure_text(*end.failure);
  return end.exit_code == 0 ? std::string() : exit_text(end.exit_code);
}

} // namespace actord::actors
