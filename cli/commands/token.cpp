#include "actors/authentication/bootstrap_tokens.hpp"
#include "actors/cluster/joining/join_service.hpp"
#include "cli/command_line/duration.hpp"
#include "cli/commands/command_session.hpp"
#include "cli/output/text_table.hpp"
#include "net/pki/certificates.hpp"
#include "net/pki/join_token.hpp"
#include "schema/base/json.hpp"
#include "schema/base/timestamp.hpp"
#include "schema/codec/base64.hpp"

#include <algorithm>
#include <ostream>

namespace actord::cli {

namespace {

constexpr const char* secrets_path = "/api/v1/namespaces/kube-system/secrets";
constexpr const char* secret_prefix = "bootstrap-token-";
constexpr std::string_view default_port = "6443";

error usage(std::string message) { return {.kind = error_kind::bad_request, .message = std::move(message)}; }

bool has(const std::vector<std::string>& roles, const char* role) {
  return std::find(roles.begin(), roles.end(), role) != roles.end();
}

std::string joined(const std::vector<std::string>& words, const char* between) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : between) + word;
  return text;
}

/// None for one that never expires.
result<std::optional<std::chrono::sys_seconds>> expiry_of(const std::string& ttl,
                                                          std::chrono::sys_seconds now) {
  if (ttl == "0") return std::optional<std::chrono::sys_seconds>();
  const auto seconds = duration_s(ttl);
  if (!seconds || *seconds == 0)
    return usage("--ttl needs a duration such as 30m, 24h or 7d (0 for ever), not \"" + ttl + "\"");
  return std::optional<std::chrono::sys_seconds>(now + std::chrono::seconds(*seconds));
}

/// "https://192.0.2.10:6443" without the scheme; empty for what is reached on this machine only.
std::string reachable(std::string_view url) {
  constexpr std::string_view scheme = "https://";
  if (!url.starts_with(scheme)) return {};
  url.remove_prefix(scheme.size());
  const std::string_view host = url.substr(0, url.find('/'));
  if (host.starts_with("127.") || host.starts_with("localhost") || host.starts_with("[::1]")) return {};
  return std::string(host);
}

/// Where a machine that joins finds the cluster: as the kubeconfig says or, when that is this machine's own
/// address, as the cluster says.
std::string cluster_address(command_session& session) {
  if (std::string host = reachable(session.connection.base_url); !host.empty()) return host;
  const auto answer = session.client.get("/api");
  if (answer) {
    const json* addresses = value_at(answer->body, {"serverAddressByClientCIDRs"});
    if (addresses != nullptr && addresses->is_array())
      for (const json& each : *addresses)
        if (std::string address = text_at(each, {"serverAddress"}); !address.empty()) return address;
  }
  return "HOST:" + std::string(default_port);
}

std::string data_of(const json& secret, const char* key) {
  std::size_t wrong_at = 0;
  return schema::decode_base64(text_at(secret, {"data", key}), wrong_at).value_or(std::string());
}

std::string roles_of(const json& secret) {
  const std::string groups = data_of(secret, "auth-extra-groups");
  std::vector<std::string> roles;
  if (groups.find(actors::server_token_group) != std::string::npos) roles.emplace_back("server");
  if (groups.find(actors::worker_token_group) != std::string::npos) roles.emplace_back("worker");
  return roles.empty() ? "-" : joined(roles, ",");
}

std::string expiry_text(const json& secret, std::chrono::sys_seconds now) {
  const std::string text = data_of(secret, "expiration");
  if (text.empty()) return "never";
  const auto ends = schema::parse_time(text);
  if (!ends) return "<invalid>";
  const auto left = std::chrono::floor<std::chrono::seconds>(*ends - wall_time(now)).count();
  return left <= 0 ? "expired" : "in " + age_text(left);
}

json secret_of(const net::join_token& token, const token_create_command& command,
               const std::optional<std::chrono::sys_seconds>& expires) {
  std::vector<std::string> groups;
  if (has(command.roles, "server")) groups.emplace_back(actors::server_token_group);
  if (has(command.roles, "worker")) groups.emplace_back(actors::worker_token_group);
  json data = {{"token-id", token.id},
               {"token-secret", token.secret},
               {"usage-bootstrap-authentication", "true"},
               {"auth-extra-groups", joined(groups, ",")}};
  if (expires) data["expiration"] = schema::format_time(*expires);
  if (!command.description.empty()) data["description"] = command.description;
  return {{"apiVersion", "v1"},
          {"kind", "Secret"},
          {"metadata", {{"name", secret_prefix + token.id}, {"namespace", "kube-system"}}},
          {"type", actors::bootstrap_secret_type},
          {"stringData", std::move(data)}};
}

} // namespace

result<void> run_token_create(command_session& session, const token_create_command& command) {
  const auto expires = expiry_of(command.ttl, session.context.now());
  if (!expires) return expires.error();
  const auto authorities = net::split_certificates(session.connection.authority_pem);
  if (authorities.empty())
    return usage(
        "the kubeconfig does not hold the cluster's authority, whose hash belongs into a join token; use "
        "the admin.kubeconfig of a server");
  const auto token =
      net::create_join_token(net::key_hash_of_certificate(authorities.front()), system_random_source());
  const auto written = session.client.write("POST", secrets_path, secret_of(token, command, *expires));
  if (!written) return written.error();
  std::ostream& output = session.context.output;
  output << token.text() << '\n';
  if (command.output == "token") return {};
  output << "\nOn the new machine" << (*expires ? ", until " + schema::format_time(**expires) : std::string())
         << ":\n\n  actord --join " << cluster_address(session) << " --roles " << joined(command.roles, ",")
         << " --token " << token.text() << '\n';
  return {};
}

result<void> run_token_list(command_session& session, const token_list_command& command) {
  const auto answer = session.client.get(
      secrets_path + query_text({{"fieldSelector", std::string("type=") + actors::bootstrap_secret_type}}));
  if (!answer) return answer.error();
  text_table rows({"ID", "ROLES", "EXPIRES", "DESCRIPTION"});
  if (const json* items = value_at(answer->body, {"items"}); items != nullptr && items->is_array()) {
    for (const json& secret : *items) {
      const std::string id = data_of(secret, "token-id");
      if (!net::is_token_id(id)) continue;
      rows.add(
          {id, roles_of(secret), expiry_text(secret, session.context.now()), data_of(secret, "description")});
    }
  }
  if (rows.empty()) {
    session.context.errors << "There are no join tokens; 'actctl token create' makes one\n";
    return {};
  }
  rows.print(session.context.output, !command.no_headers);
  return {};
}

result<void> run_token_delete(command_session& session, const token_delete_command& command) {
  for (const std::string& token : command.tokens) {
    const std::string id = token.substr(0, token.find('.'));
    if (!net::is_token_id(id))
      return usage("\"" + id +
                   "\" is no id of a join token: that is six lower-case letters and digits, and "
                   "'actctl token list' shows them");
    const auto answer =
        session.client.write("DELETE", std::string(secrets_path) + "/" + secret_prefix + id, json::object());
    if (!answer && answer.error().kind == error_kind::not_found)
      return usage("there is no join token \"" + id + "\"; 'actctl token list' shows those there are");
    if (!answer) return answer.error();
    session.context.output << "join token " << id << " deleted\n";
  }
  return {};
}

} // namespace actord::cli
