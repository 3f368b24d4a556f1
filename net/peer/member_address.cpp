#include "net/peer/member_address.hpp"

#include "net/peer/flat_message.hpp"
#include "net/peer/peer_decisions.hpp"
#include "schema/members.capnp.h"

namespace actord::net {
namespace {

namespace wire = actord::schema::wire;

constexpr std::size_t max_bytes = 2048;

error malformed() { return {.kind = error_kind::bad_request, .message = "malformed address of a member"}; }

} // namespace

std::string encode_member_address(const member_address& address) {
  capnp::MallocMessageBuilder message(128);
  auto root = message.initRoot<wire::MemberAddress>();
  root.setRpcAddress(reader_of(address.rpc));
  root.setApiAddress(reader_of(address.api));
  return flat_bytes_of(message);
}

result<member_address> decode_member_address(std::string_view bytes) {
  auto read =
      read_flat<wire::MemberAddress>(bytes, max_bytes, malformed(), [](wire::MemberAddress::Reader root) {
        return member_address{text_of(root.getRpcAddress()), text_of(root.getApiAddress())};
      });
  if (read && (!parse_host_and_port(read->rpc) || !parse_host_and_port(read->api))) return malformed();
  return read;
}

} // namespace actord::net
