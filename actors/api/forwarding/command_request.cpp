#include "actors/api/forwarding/command_request.hpp"

#include "schema/base/json.hpp"
#include "schema/tables/resource_table.hpp"

#include <array>
#include <utility>

namespace actord::actors {
namespace {

std::string path_of(const write_command& command, const schema::resource_type& type) {
  std::string path = type.group.empty() ? "/api/" : "/apis/" + std::string(type.group) + "/";
  path += type.version;
  if (!command.key.space.empty()) path += "/namespaces/" + command.key.space;
  path += "/" + std::string(type.plural);
  if (command.verb != write_verb::create || !command.subresource.empty()) path += "/" + command.key.name;
  if (!command.subresource.empty()) path += "/" + command.subresource;
  return path;
}

std::string_view content_type_of(const write_command& command) {
  if (command.verb != write_verb::patch) return "application/json";
  switch (command.patch) {
  case schema::patch_format::json_patch:
    return "application/json-patch+json";
  case schema::patch_format::merge_patch:
    return "application/merge-patch+json";
  case schema::patch_format::strategic_merge_patch:
    return "application/strategic-merge-patch+json";
  case schema::patch_format::apply:
    return "application/apply-patch+yaml";
  }
  return "application/json";
}

std::string removal_body(const write_command& command) {
  json options = {{"kind", "DeleteOptions"}, {"apiVersion", "v1"}};
  if (command.removal.grace_period_s) options["gracePeriodSeconds"] = *command.removal.grace_period_s;
  const std::string& uid = command.removal.uid.empty() ? command.only_uid : command.removal.uid;
  if (!uid.empty()) options["preconditions"]["uid"] = uid;
  if (!command.removal.resource_version.empty())
    options["preconditions"]["resourceVersion"] = command.removal.resource_version;
  return options.dump();
}

/// A patch that is meant for one very object says so as clients do: by its uid.
std::string body_of(const write_command& command) {
  if (command.only_uid.empty() || command.verb != write_verb::patch ||
      command.patch == schema::patch_format::json_patch)
    return command.body;
  json patch = json::parse(command.body, nullptr, false);
  if (!patch.is_object()) return command.body;
  patch["metadata"]["uid"] = command.only_uid;
  return patch.dump();
}

error error_of(const net::http_response& response) {
  const json status = response.body == nullptr ? json() : json::parse(*response.body, nullptr, false);
  const bool told = status.is_object() && status.value("message", json()).is_string();
  error failed{.kind = error_kind::internal,
               .message = told ? status["message"].get<std::string>()
                               : "the leader answered " + std::to_string(response.code),
               .causes = {},
               .subject = {}};
  const std::string reason = status.is_object() && status.value("reason", json()).is_string()
                                 ? status["reason"].get<std::string>()
                                 : "";
  constexpr std::array kinds{
      error_kind::bad_request, error_kind::unauthorized,      error_kind::forbidden,   error_kind::not_found,
      error_kind::conflict,    error_kind::already_exists,    error_kind::too_large,   error_kind::invalid,
      error_kind::gone,        error_kind::too_many_requests, error_kind::unavailable, error_kind::timeout};
  for (const error_kind kind : kinds)
    if (http_code(kind) == response.code && (reason.empty() || status_reason(kind) == reason))
      failed.kind = kind;
  return failed;
}

class command_exchange final : public net::http_exchange {
public:
  explicit command_exchange(std::function<void(result<write_answer>)> done) : done_(std::move(done)) {}
  ~command_exchange() override {
    settle(error{.kind = error_kind::unavailable, .message = "nobody answered", .causes = {}, .subject = {}});
  }
  command_exchange(const command_exchange&) = delete;
  command_exchange& operator=(const command_exchange&) = delete;

  void respond(net::http_response response) override {
    if (response.code >= 300) return settle(error_of(response));
    write_answer answer;
    answer.stored = share_bytes({});
    answer.created = response.code == 201;
    settle(std::move(answer));
  }
  void begin(net::http_response head) override { respond(std::move(head)); }
  void write(shared_bytes) override {}
  void end() override {}
  [[nodiscard]] std::size_t pending_bytes() const override { return 0; }
  void on_drained(std::function<void()>) override {}
  void on_closed(std::function<void()>) override {}

private:
  void settle(result<write_answer> answer) {
    if (const auto done = std::exchange(done_, nullptr)) done(std::move(answer));
  }

  std::function<void(result<write_answer>)> done_; ///< empty once it was called
};

} // namespace

net::forwarded_request travelling_form(const write_command& command, std::string request_id) {
  net::forwarded_request request;
  request.request_id = std::move(request_id);
  request.user = command.caller.user;
  request.uid = command.caller.uid;
  request.groups = command.caller.groups;
  for (const auto& [name, values] : command.caller.extra) request.extra.emplace_back(name, values);
  const auto type = schema::resource_of(command.key.resource);
  if (type != nullptr) request.http.path = path_of(command, *type);
  constexpr std::array<const char*, 4> methods{"POST", "PUT", "PATCH", "DELETE"};
  request.http.method = methods.at(static_cast<std::size_t>(command.verb));
  if (!command.field_manager.empty()) request.http.query = "fieldManager=" + command.field_manager;
  if (command.force) request.http.query += "&force=true";
  request.http.headers = {{"content-type", std::string(content_type_of(command))},
                          {"accept", "application/json"},
                          {"user-agent", "actord"}};
  request.http.body = command.verb == write_verb::remove ? removal_body(command) : body_of(command);
  return request;
}

net::exchange_handle answer_to(std::function<void(result<write_answer>)> done) {
  return std::make_shared<command_exchange>(std::move(done));
}

} // namespace actord::actors
