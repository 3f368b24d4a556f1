#include "actors/cluster/joining/join_policy.hpp"

#include "actors/cluster/joining/join_client.hpp"
#include "net/pki/node_certificate.hpp"
#include "net/pki/signing_requests.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace actord::actors {
namespace {

error malformed(std::string why) { return {.kind = error_kind::bad_request, .message = std::move(why)}; }

} // namespace

result<node_record> record_asked_for(const join_request& request) {
  if (!net::is_node_name(request.node))
    return malformed(fmt::format(
        "\"{}\" is no node name: lower-case letters, digits, '-' and '.', at most 200", request.node));
  if (!request.serves && !request.works) return malformed("a node is a server, a worker or both");
  const auto facts = net::read_signing_request(request.request_pem);
  if (!facts) return facts.error();
  node_record record;
  record.node = request.node;
  record.key_hash = net::key_hash(facts->public_pem);
  record.works = request.works;
  if (!request.serves) return record;
  for (const auto& [name, text, out] : {std::tuple<const char*, const std::string&, std::string&>{
                                            "rpcAddress", request.rpc_address, record.rpc_address},
                                        {"apiAddress", request.api_address, record.api_address}}) {
    if (auto address = parse_server_address(text); !address)
      return malformed(fmt::format("{}: {}", name, address.error().message));
    out = text;
  }
  return record;
}

std::optional<error> renewal_objection(const caller_identity& caller, std::string_view node,
                                       const node_record& asked, const std::optional<node_record>& known) {
  const auto forbidden = [](std::string why) {
    return error{.kind = error_kind::forbidden, .message = std::move(why)};
  };
  if (caller.user != std::string(net::node_user_prefix) + std::string(node) || asked.node != node)
    return forbidden(fmt::format("only node \"{}\" itself renews its certificate", node));
  if (!known)
    return forbidden(
        fmt::format("node \"{}\" does not belong to this cluster any more: it has to join again", node));
  if (known->key_hash != asked.key_hash)
    return forbidden(fmt::format("node \"{}\" is known here by another key", node));
  return {};
}

bool join_pace::take(steady_time now, int& wait_s) {
  const double passed = std::chrono::duration<double>(now - last_).count();
  left_ = std::min(burst, left_ + std::max(0.0, passed) * per_second);
  last_ = now;
  if (left_ < 1) {
    wait_s = std::max(1, static_cast<int>(std::ceil((1 - left_) / per_second)));
    return false;
  }
  left_ -= 1;
  return true;
}

} // namespace actord::actors
