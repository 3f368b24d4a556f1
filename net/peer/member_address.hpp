#pragma once

#include "schema/base/result.hpp"

#include <string>
#include <string_view>

/// Where a member is, as it tells the others (schema/members.capnp).

namespace actord::net {

inline constexpr std::string_view member_address_method = "member.address";

struct member_address {
  std::string rpc; ///< "192.0.2.11:7443"
  std::string api; ///< "192.0.2.11:6443"

  bool operator==(const member_address&) const = default;
};

std::string encode_member_address(const member_address& address);
/// `bad_request` for what is no such message, and for addresses that are none.
result<member_address> decode_member_address(std::string_view bytes);

} // namespace actord::net
