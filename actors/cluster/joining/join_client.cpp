#include "actors/cluster/joining/join_client.hpp"

#include "actors/cluster/keys/key_store.hpp"
#include "net/http/curl_connection.hpp"
#include "net/http/http_client.hpp"
#include "net/pki/join_token.hpp"
#include "net/pki/secret_files.hpp"
#include "net/pki/server_chain.hpp"
#include "net/pki/signing_requests.hpp"
#include "schema/base/json.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

namespace actord::actors {
namespace {

constexpr int answer_timeout_s = 20;
constexpr int connect_timeout_s = 10;

error in_context(const error& why, std::string_view what) {
  error explained = why;
  explained.message = fmt::format("{}: {}", what, why.message);
  return explained;
}

/// The error an answer means: the server's own words.
error refusal_of(const net::client_answer& answer, const std::string& server) {
  const json status = json::parse(answer.body, nullptr, false);
  std::string message = status.is_object() && status.value("message", json()).is_string()
                            ? status["message"].get<std::string>()
                            : fmt::format("answer {}", answer.code);
  error_kind kind = error_kind::forbidden;
  if (answer.code == http_code(error_kind::unauthorized)) kind = error_kind::unauthorized;
  if (answer.code == http_code(error_kind::conflict)) kind = error_kind::conflict;
  const bool later = answer.code == http_code(error_kind::too_many_requests) ||
                     answer.code == http_code(error_kind::unavailable) ||
                     answer.code == http_code(error_kind::timeout);
  if (later) kind = error_kind::unavailable;
  if (answer.code == http_code(error_kind::not_found)) message += " (a server that cannot take others in?)";
  return {.kind = kind,
          .message = fmt::format("the cluster at {} does not take this machine in: {}", server, message)};
}

result<std::string> find_authority(const server_address& server, const std::string& hash, wall_time now) {
  net::http_client_options stranger;
  stranger.base_url = server.url();
  stranger.insecure = true; // only looked at: nothing is sent to who is not believed
  stranger.connect_timeout_s = connect_timeout_s;
  const auto connection = net::curl_connection::open(stranger);
  if (!connection) return in_context(connection.error(), "cannot reach the cluster");
  return net::trusted_authority(connection->presented_certificates(), server.host, hash, now);
}

result<join_answer> ask(const net::http_client_options& connection, const std::string& target,
                        const join_request& request, const std::string& server) {
  auto client = net::http_client::create(connection);
  if (!client) return client.error();
  const auto answer = (*client)->send({.method = "POST",
                                       .target = target,
                                       .headers = {{"content-type", "application/json"}},
                                       .body = encode_join_request(request),
                                       .timeout_s = answer_timeout_s});
  if (!answer) return in_context(answer.error(), "the cluster did not answer");
  if (answer->code < 200 || answer->code > 299) return refusal_of(*answer, server);
  return decode_join_answer(answer->body);
}

/// What came back must be what was asked for, signed by who is believed.
result<void> check_answer(const join_answer& answer, const joined_identity& identity) {
  const auto reject = [](const char* why) -> result<void> {
    return error{.kind = error_kind::forbidden,
                 .message = std::string("the cluster's answer to the join request makes no sense: ") + why};
  };
  const auto facts = net::read_certificate(answer.certificate_pem);
  if (!facts) return reject("the certificate cannot be read");
  if (!net::key_matches(identity.key)) return reject("the certificate is for another key");
  if (net::node_identity_of(*facts) != identity.name()) return reject("the certificate is for another node");
  const auto authorities = net::split_certificates(answer.authorities_pem);
  if (std::ranges::none_of(authorities, [&](const std::string& each) {
        return net::is_signed_by(answer.certificate_pem, each);
      }))
    return reject("none of its authorities signed the certificate");
  return {};
}

joined_identity identity_of(const join_answer& answer, const std::string& node, std::string key_pem) {
  return {.cluster = answer.cluster,
          .member = answer.member,
          .node = node,
          .key = {.certificate_pem = answer.certificate_pem, .key_pem = std::move(key_pem)},
          .authorities_pem = answer.authorities_pem,
          .members = answer.members,
          .service_cidr = answer.service_cidr,
          .cluster_cidr = answer.cluster_cidr,
          .slot = answer.slot};
}

/// A directory that is not empty and not one that joined is another cluster's.
result<void> check_unused(const std::filesystem::path& pki_directory) {
  const auto authority = net::read_secret_file(pki_directory / "ca.key");
  if (!authority) return authority.error();
  const auto store = pki_directory.parent_path() / "store";
  if (*authority && std::filesystem::exists(store))
    return error{.kind = error_kind::bad_request,
                 .message = fmt::format("{} holds a cluster of its own: join with an empty data directory",
                                        pki_directory.parent_path().string())};
  return {};
}

result<joined_identity> settled(const joined_identity& identity, const join_order& order) {
  if (identity.node != order.node)
    return error{.kind = error_kind::bad_request,
                 .message = fmt::format("this data directory belongs to node \"{}\": it cannot become \"{}\"",
                                        identity.node, order.node)};
  if (identity.serves() != order.serves)
    return error{.kind = error_kind::bad_request,
                 .message = fmt::format("this machine joined as a {}: --roles cannot change that later",
                                        identity.serves() ? "server" : "worker")};
  return identity;
}

} // namespace

std::string server_address::url() const {
  return host.find(':') == std::string::npos ? fmt::format("https://{}:{}", host, port)
                                             : fmt::format("https://[{}]:{}", host, port);
}

result<server_address> parse_server_address(std::string_view text) {
  const auto wrong = [&](const char* why) {
    return error{.kind = error_kind::bad_request, .message = fmt::format("\"{}\" {}", text, why)};
  };
  if (text.find("://") != std::string_view::npos) return wrong("must be HOST:PORT, without a scheme");
  server_address address;
  std::string_view port;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return wrong("lacks a closing bracket");
    address.host = text.substr(1, end - 1);
    port = text.substr(end + 1);
    if (!port.empty() && !port.starts_with(':')) return wrong("must be [ADDRESS]:PORT");
  } else {
    const std::size_t colon = text.find(':');
    if (colon != text.rfind(':')) return wrong("must have its address in brackets: [ADDRESS]:PORT");
    address.host = text.substr(0, colon);
    port = colon == std::string_view::npos ? std::string_view() : text.substr(colon);
  }
  if (address.host.empty() || address.host.find_first_of("/ @\t") != std::string::npos)
    return wrong("names no host: it must be HOST:PORT");
  if (port.empty()) return address;
  port.remove_prefix(1);
  const auto [end, failure] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (failure != std::errc() || end != port.data() + port.size() || address.port == 0)
    return wrong("must end in a port from 1 to 65535");
  return address;
}

result<joined_identity> join_cluster(const join_order& order, const clock_source& clock) {
  const auto known = read_identity(order.pki_directory);
  if (!known) return known.error();
  if (*known) return settled(**known, order);
  const auto server = parse_server_address(order.server);
  if (!server) return in_context(server.error(), "--join");
  const auto token = net::parse_join_token(order.token);
  if (!token) return in_context(token.error(), "--token");
  if (!net::is_node_name(order.node))
    return error{
        .kind = error_kind::bad_request,
        .message = fmt::format("\"{}\" is no node name: lower-case letters, digits, '-' and '.', at most 200 "
                               "(--node-name chooses one)",
                               order.node)};
  if (auto unused = check_unused(order.pki_directory); !unused) return unused.error();
  const auto authority = find_authority(*server, token->authority_hash, clock.wall_now());
  if (!authority) return authority.error();
  const auto key = open_node_key(order.pki_directory);
  if (!key) return key.error();
  auto request_pem = net::create_signing_request(*key, {std::string(net::node_user_prefix) + order.node, {}});
  if (!request_pem) return request_pem.error();
  net::http_client_options connection;
  connection.base_url = server->url();
  connection.authority_pem = *authority;
  connection.token = token->credential();
  connection.user_agent = "actord";
  connection.connect_timeout_s = connect_timeout_s;
  const auto answer = ask(connection, std::string(joins_path),
                          {.node = order.node,
                           .request_pem = *std::move(request_pem),
                           .serves = order.serves,
                           .works = order.works,
                           .rpc_address = order.rpc_address,
                           .api_address = order.api_address},
                          order.server);
  if (!answer) return answer.error();
  joined_identity identity = identity_of(*answer, order.node, key->private_pem);
  if (auto good = check_answer(*answer, identity); !good) return good.error();
  if (identity.serves() != order.serves)
    return error{.kind = error_kind::forbidden,
                 .message = "the cluster did not give the role that was asked for"};
  if (order.serves)
    if (auto received =
            receive_keys(order.pki_directory, {answer->master_key, answer->key_table}, answer->cluster);
        !received)
      return received.error();
  if (auto saved = save_identity(order.pki_directory, identity); !saved) return saved.error();
  return identity;
}

result<joined_identity> renew_identity(const std::string& server_text, const joined_identity& identity,
                                       const std::filesystem::path& pki_directory) {
  const auto server = parse_server_address(server_text);
  if (!server) return server.error();
  const auto key = net::signing_key_of(identity.key.key_pem);
  if (!key) return key.error();
  auto request_pem =
      net::create_signing_request(*key, {std::string(net::node_user_prefix) + identity.node, {}});
  if (!request_pem) return request_pem.error();
  net::http_client_options connection;
  connection.base_url = server->url();
  connection.authority_pem = identity.authorities_pem;
  connection.client = identity.key;
  connection.user_agent = "actord";
  connection.connect_timeout_s = connect_timeout_s;
  const auto answer = ask(connection, renewal_path(identity.node),
                          {.node = identity.node,
                           .request_pem = *std::move(request_pem),
                           .serves = false, // stays what it is
                           .rpc_address = {},
                           .api_address = {}},
                          server_text);
  if (!answer) return answer.error();
  joined_identity renewed = identity_of(*answer, identity.node, identity.key.key_pem);
  if (auto good = check_answer(*answer, renewed); !good) return good.error();
  if (renewed.name() != identity.name())
    return error{.kind = error_kind::forbidden,
                 .message = "the cluster renewed another identity than was asked for"};
  if (auto saved = save_identity(pki_directory, renewed); !saved) return saved.error();
  return renewed;
}

} // namespace actord::actors
