#include "actors/cluster/joining/join_messages.hpp"

#include "schema/base/json.hpp"
#include "schema/codec/base64.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace actord::actors {
namespace {

constexpr std::size_t request_bytes_max = 16U << 10U;
constexpr std::size_t answer_bytes_max = 1U << 20U;
constexpr std::size_t address_bytes_max = 300;
constexpr std::size_t members_max = 64;
constexpr const char* version = "actord.dev/v1";

error malformed(std::string why) { return {.kind = error_kind::bad_request, .message = std::move(why)}; }

/// Reads members and remembers the first that is not what it should be.
class field_reader {
public:
  explicit field_reader(const json& object) : object_(object) {}

  std::string text(const char* name, std::size_t limit) {
    const auto found = object_.find(name);
    if (found == object_.end()) return {};
    if (!found->is_string()) return complain(name, "must be a text"), std::string();
    std::string value = found->get<std::string>();
    if (value.size() > limit) return complain(name, "is too long"), std::string();
    return value;
  }
  bool flag(const char* name, bool otherwise) {
    const auto found = object_.find(name);
    if (found == object_.end()) return otherwise;
    if (!found->is_boolean()) return complain(name, "must be true or false"), otherwise;
    return found->get<bool>();
  }
  std::uint64_t number(const char* name) {
    const auto found = object_.find(name);
    if (found == object_.end()) return 0;
    if (!found->is_number_unsigned()) return complain(name, "must be a number"), 0;
    return found->get<std::uint64_t>();
  }
  std::string bytes(const char* name, std::size_t limit) {
    std::size_t wrong_at = 0;
    auto decoded = schema::decode_base64(text(name, limit), wrong_at);
    if (!decoded) return complain(name, "is not base64"), std::string();
    return *std::move(decoded);
  }
  void complain(const char* name, const char* what) {
    if (wrong_.empty()) wrong_ = fmt::format("{} {}", name, what);
  }
  [[nodiscard]] const std::string& wrong() const { return wrong_; }

private:
  const json& object_;
  std::string wrong_;
};

result<json> read_document(std::string_view body, std::size_t limit, std::string_view kind) {
  if (body.size() > limit) return malformed(fmt::format("the {} is larger than {} KiB", kind, limit >> 10U));
  json document = json::parse(body, nullptr, false);
  if (!document.is_object()) return malformed(fmt::format("the {} is no JSON object", kind));
  if (document.value("apiVersion", json()) != version || document.value("kind", json()) != kind)
    return malformed(
        fmt::format("not a {} of {}: is the other end another version of actord?", kind, version));
  return document;
}

} // namespace

std::string renewal_path(std::string_view node) { return fmt::format("{}/{}/renew", joins_path, node); }

std::string encode_join_request(const join_request& request) {
  const json document = {{"apiVersion", version},
                         {"kind", "JoinRequest"},
                         {"node", request.node},
                         {"request", request.request_pem},
                         {"server", request.serves},
                         {"worker", request.works},
                         {"rpcAddress", request.rpc_address},
                         {"apiAddress", request.api_address}};
  return document.dump();
}

result<join_request> decode_join_request(std::string_view body) {
  auto document = read_document(body, request_bytes_max, "JoinRequest");
  if (!document) return document.error();
  constexpr std::array<std::string_view, 8> known{"apiVersion", "kind",   "node",       "request",
                                                  "server",     "worker", "rpcAddress", "apiAddress"};
  for (const auto& [name, value] : document->items())
    if (std::ranges::find(known, name) == known.end())
      return malformed(fmt::format("unknown field \"{}\" of a JoinRequest", name));
  field_reader fields(*document);
  join_request request{.node = fields.text("node", 253),
                       .request_pem = fields.text("request", request_bytes_max),
                       .serves = fields.flag("server", false),
                       .works = fields.flag("worker", true),
                       .rpc_address = fields.text("rpcAddress", address_bytes_max),
                       .api_address = fields.text("apiAddress", address_bytes_max)};
  if (!fields.wrong().empty()) return malformed(fields.wrong());
  return request;
}

std::string encode_join_answer(const join_answer& answer) {
  json members = json::array();
  for (const known_server& each : answer.members)
    members.push_back({{"member", each.member},
                       {"node", each.node},
                       {"rpcAddress", each.rpc_address},
                       {"apiAddress", each.api_address}});
  json document = {{"apiVersion", version},
                   {"kind", "JoinAnswer"},
                   {"cluster", answer.cluster},
                   {"member", answer.member},
                   {"certificate", answer.certificate_pem},
                   {"authorities", answer.authorities_pem},
                   {"members", std::move(members)},
                   {"serviceCIDR", answer.service_cidr},
                   {"clusterCIDR", answer.cluster_cidr},
                   {"slot", answer.slot}};
  if (!answer.master_key.empty()) {
    document["masterKey"] = schema::encode_base64(answer.master_key);
    document["keyTable"] = schema::encode_base64(answer.key_table);
  }
  return document.dump();
}

result<join_answer> decode_join_answer(std::string_view body) {
  auto document = read_document(body, answer_bytes_max, "JoinAnswer");
  if (!document) return document.error();
  field_reader fields(*document);
  join_answer answer{.cluster = fields.text("cluster", 100),
                     .member = fields.number("member"),
                     .certificate_pem = fields.text("certificate", answer_bytes_max),
                     .authorities_pem = fields.text("authorities", answer_bytes_max),
                     .members = {},
                     .service_cidr = fields.text("serviceCIDR", 100),
                     .cluster_cidr = fields.text("clusterCIDR", 100),
                     .slot = fields.number("slot"),
                     .master_key = fields.bytes("masterKey", 100),
                     .key_table = fields.bytes("keyTable", answer_bytes_max)};
  const json members = document->value("members", json::array());
  if (!members.is_array() || members.size() > members_max)
    fields.complain("members", "is no list of members");
  if (members.is_array()) {
    for (const json& each : members) {
      if (!each.is_object()) return malformed("members must be objects");
      field_reader member(each);
      answer.members.push_back({.member = member.number("member"),
                                .node = member.text("node", 253),
                                .rpc_address = member.text("rpcAddress", address_bytes_max),
                                .api_address = member.text("apiAddress", address_bytes_max)});
      if (!member.wrong().empty()) return malformed("members: " + member.wrong());
    }
  }
  if (!fields.wrong().empty()) return malformed(fields.wrong());
  if (answer.cluster.empty() || answer.certificate_pem.empty() || answer.authorities_pem.empty())
    return malformed("the answer to the join request is not complete");
  return answer;
}

} // namespace actord::actors
