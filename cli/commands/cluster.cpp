#include "cli/commands/command_session.hpp"
#include "cli/output/text_table.hpp"
#include "schema/base/json.hpp"
#include "schema/base/timestamp.hpp"

#include <ostream>

namespace actord::cli {

namespace {

constexpr const char* members_path = "/apis/actord.dev/v1/members";

bool flag_at(const json& object, const char* key) {
  const json* value = value_at(object, {key});
  return value != nullptr && value->is_boolean() && value->get<bool>();
}

std::string number_at(const json& object, const char* key) {
  const json* value = value_at(object, {key});
  return value != nullptr && value->is_number_unsigned() ? value->dump() : "-";
}

std::string or_dash(std::string text) { return text.empty() ? "-" : text; }

std::string roles_of(const json& member) {
  const bool serves = flag_at(member, "server");
  const bool works = flag_at(member, "worker");
  return serves && works ? "server,worker" : serves ? "server" : "worker";
}

std::string age_of(const json& member, std::chrono::sys_seconds now) {
  const auto joined = schema::parse_time(text_at(member, {"joined"}));
  if (!joined) return "-";
  return age_text(std::chrono::floor<std::chrono::seconds>(wall_time(now) - *joined).count());
}

const json& items_of(const json& document) {
  static const json none = json::array();
  const json* items = value_at(document, {"items"});
  return items != nullptr && items->is_array() ? *items : none;
}

} // namespace

result<void> run_cluster_members(command_session& session, const cluster_members_command& command) {
  const auto answer = session.client.get(members_path);
  if (!answer) return answer.error();
  text_table rows({"NODE", "ROLES", "MEMBER", "STATE", "API", "RPC", "AGE"});
  for (const json& member : items_of(answer->body))
    rows.add({text_at(member, {"node"}), roles_of(member),
              flag_at(member, "server") ? number_at(member, "member") : "-",
              or_dash(text_at(member, {"state"})), or_dash(text_at(member, {"apiAddress"})),
              or_dash(text_at(member, {"rpcAddress"})), age_of(member, session.context.now())});
  if (rows.empty()) {
    session.context.errors << "No members found\n";
    return {};
  }
  rows.print(session.context.output, !command.no_headers);
  return {};
}

result<void> run_cluster_remove(command_session& session, const cluster_remove_command& command) {
  const auto answer =
      session.client.write("DELETE", std::string(members_path) + "/" + command.node, json::object());
  if (!answer) return answer.error();
  session.context.output << "node " << command.node << " removed\n";
  return {};
}

result<void> run_cluster_rotate(command_session& session) {
  const auto answer = session.client.write("POST", "/apis/actord.dev/v1/authorities", json::object());
  if (!answer) return answer.error();
  session.context.output << text_at(answer->body, {"did"}) << '\n';
  if (const std::string next = text_at(answer->body, {"next"}); !next.empty())
    session.context.output << "next: " << next << '\n';
  return {};
}

result<void> run_cluster_status(command_session& session, const cluster_status_command& command) {
  const auto answer = session.client.get(members_path);
  if (!answer) return answer.error();
  std::ostream& output = session.context.output;
  if (command.output == "json") {
    output << answer->body.dump(2) << '\n';
    return {};
  }
  const json& body = answer->body;
  const json* status = value_at(body, {"status"});
  static const json none = json::object();
  const json& shown = status != nullptr && status->is_object() ? *status : none;
  std::size_t voters = 0;
  std::size_t learners = 0;
  std::size_t workers = 0;
  for (const json& member : items_of(body)) {
    if (flag_at(member, "worker")) ++workers;
    if (!flag_at(member, "server")) continue;
    ++(text_at(member, {"state"}) == "learner" ? learners : voters);
  }
  output << "Cluster:   " << or_dash(text_at(body, {"cluster"})) << "\n"
         << "Leader:    " << or_dash(text_at(shown, {"leader"})) << "\n"
         << "Servers:   " << voters
         << (learners > 0 ? " and " + std::to_string(learners) + " catching up" : "");
  if (voters > 0) output << " (survives the loss of " << (voters - 1) / 2 << ")";
  output << "\n"
         << "Workers:   " << workers << "\n"
         << "Term:      " << number_at(shown, "term") << "\n"
         << "Revision:  " << number_at(shown, "revision") << "\n"
         << "Writable:  " << (flag_at(shown, "writable") ? "yes" : "no: the disk or the store is full")
         << "\n";
  return {};
}

} // namespace actord::cli
