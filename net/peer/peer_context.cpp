#include "net/peer/peer_context.hpp"

#include <algorithm>
#include <array>

#include <spdlog/spdlog.h>

namespace actord::net {

namespace {

/// In calls of one connection that are not answered.
constexpr std::size_t flow_limit_words = (64U << 20U) / sizeof(capnp::word);

constexpr capnp::ReaderOptions read_limits{.traversalLimitInWords = 8U << 20U, .nestingLimit = 64};

constexpr std::array<std::pair<error_kind, wire::FailureKind>, 17> kinds{{
    {error_kind::bad_request, wire::FailureKind::BAD_REQUEST},
    {error_kind::unauthorized, wire::FailureKind::UNAUTHORIZED},
    {error_kind::forbidden, wire::FailureKind::FORBIDDEN},
    {error_kind::not_found, wire::FailureKind::NOT_FOUND},
    {error_kind::method_not_allowed, wire::FailureKind::METHOD_NOT_ALLOWED},
    {error_kind::not_acceptable, wire::FailureKind::NOT_ACCEPTABLE},
    {error_kind::already_exists, wire::FailureKind::ALREADY_EXISTS},
    {error_kind::conflict, wire::FailureKind::CONFLICT},
    {error_kind::gone, wire::FailureKind::GONE},
    {error_kind::expired, wire::FailureKind::EXPIRED},
    {error_kind::too_large, wire::FailureKind::TOO_LARGE},
    {error_kind::unsupported_media_type, wire::FailureKind::UNSUPPORTED_MEDIA_TYPE},
    {error_kind::invalid, wire::FailureKind::INVALID},
    {error_kind::too_many_requests, wire::FailureKind::TOO_MANY_REQUESTS},
    {error_kind::internal, wire::FailureKind::INTERNAL},
    {error_kind::unavailable, wire::FailureKind::UNAVAILABLE},
    {error_kind::timeout, wire::FailureKind::TIMEOUT},
}};

} // namespace

wire::FailureKind failure_kind_of(error_kind kind) {
  for (const auto& [ours, theirs] : kinds) {
    if (ours == kind) return theirs;
  }
  return wire::FailureKind::INTERNAL;
}

error_kind kind_of(wire::FailureKind kind) {
  for (const auto& [ours, theirs] : kinds) {
    if (theirs == kind) return ours;
  }
  return error_kind::internal;
}

void write_error(wire::Failure::Builder to, const error& why) {
  to.setKind(failure_kind_of(why.kind));
  to.setMessage(kj_string(why.message));
  to.setRetryAfterS(static_cast<std::uint32_t>(std::max(why.retry_after_s, 0)));
}

error error_of(wire::Failure::Reader failure) {
  return {.kind = kind_of(failure.getKind()),
          .message = string_of(failure.getMessage()),
          .retry_after_s = static_cast<int>(std::min<std::uint32_t>(failure.getRetryAfterS(), 3600))};
}

void peer_context::log_refusal(std::string_view whom, std::string_view why) {
  const auto left_out = refusal_lines.spend(clock.steady_now());
  if (!left_out) return;
  if (*left_out > 0) spdlog::warn("{} more refusals of peers", *left_out);
  spdlog::warn("peer {} refused: {}", whom, why);
}

void rpc_connection::begin(peer_side side, kj::Maybe<capnp::Capability::Client> offered) {
  const auto end =
      side == peer_side::accepted ? capnp::rpc::twoparty::Side::SERVER : capnp::rpc::twoparty::Side::CLIENT;
  vat = kj::heap<capnp::TwoPartyVatNetwork>(stream, end, read_limits);
  rpc = std::make_unique<capnp::RpcSystem<capnp::rpc::twoparty::VatId>>(*vat, kj::mv(offered));
  rpc->setFlowLimit(flow_limit_words);
}

} // namespace actord::net
