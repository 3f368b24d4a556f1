#include "net/peer/peer_decisions.hpp"

#include <algorithm>
#include <charconv>

namespace actord::net {

namespace {

error refused(std::string why) { return {.kind = error_kind::forbidden, .message = std::move(why)}; }

std::string in_words(const peer_versions& versions) {
  return versions.lowest == versions.highest
             ? "version " + std::to_string(versions.lowest)
             : "versions " + std::to_string(versions.lowest) + " to " + std::to_string(versions.highest);
}

} // namespace

std::string in_words(const node_identity& of) {
  return of.member == 0 ? "worker " + of.node : "member " + std::to_string(of.member) + " (" + of.node + ")";
}

result<std::uint32_t> admit(const greeting& caller, const node_identity& certificate,
                            const peer_options& own) {
  if (caller.member != certificate.member || caller.node_name != certificate.node) {
    return refused("the certificate of " + in_words(certificate) + " used by " +
                   in_words(node_identity{{}, caller.node_name, caller.member}));
  }
  if (certificate.member == own.self) return refused("the certificate of this member itself");
  if (caller.cluster_id != own.cluster_id || certificate.cluster != own.cluster_id) {
    return refused(in_words(certificate) + " is of cluster " +
                   (caller.cluster_id != own.cluster_id ? caller.cluster_id : certificate.cluster) +
                   ", this is cluster " + own.cluster_id);
  }
  const std::uint32_t version = std::min(caller.versions.highest, own.versions.highest);
  if (version < std::max(caller.versions.lowest, own.versions.lowest)) {
    return refused(in_words(certificate) + " speaks " + in_words(caller.versions) +
                   " of the protocol, this member " + in_words(own.versions));
  }
  if (caller.meant != own.self) {
    return refused(in_words(certificate) + " means member " + std::to_string(caller.meant) +
                   ", this is member " + std::to_string(own.self));
  }
  return version;
}

result<void> expect(storage::member_id meant, const node_identity& certificate, const peer_options& own) {
  if (certificate.member != meant) {
    return refused("the certificate of " + in_words(certificate) + " where member " + std::to_string(meant) +
                   " is expected");
  }
  if (certificate.cluster != own.cluster_id) {
    return refused(in_words(certificate) + " is of cluster " + certificate.cluster + ", this is cluster " +
                   own.cluster_id);
  }
  return {};
}

result<void> may_use(const node_identity& certificate, const peer_options& own) {
  if (certificate.member == own.self && certificate.node == own.node_name &&
      certificate.cluster == own.cluster_id) {
    return {};
  }
  return refused("the certificate is of " + in_words(certificate) + " of cluster " + certificate.cluster +
                 ", this is " + in_words(node_identity{{}, own.node_name, own.self}) + " of cluster " +
                 own.cluster_id);
}

result<void> may_call(std::optional<callers> who, std::string_view method, const node_identity& by) {
  const std::string quoted = "\"" + std::string(method.substr(0, method_bytes_max)) + "\"";
  if (!who) return error{.kind = error_kind::method_not_allowed, .message = "no method " + quoted + " here"};
  const callers is = by.member == 0 ? callers::nodes : callers::members;
  if (*who == callers::everyone || *who == is) return {};
  return refused(in_words(by) + " may not call " + quoted + ": it is for " +
                 (*who == callers::members ? "servers" : "workers") + " only");
}

std::chrono::milliseconds retry_delay(unsigned failures, bool broke_lately, const peer_timing& timing,
                                      std::uint64_t chance) {
  constexpr std::array<int, 5> fast_ms{0, 5, 10, 20, 40};
  if (broke_lately && failures < fast_ms.size()) return std::chrono::milliseconds(fast_ms[failures]);
  const auto doublings = std::min(failures, 20U);
  const auto full =
      std::min<std::int64_t>(timing.retry_first.count() << doublings, timing.retry_last.count());
  const auto half = full / 2;
  return std::chrono::milliseconds(
      half + static_cast<std::int64_t>(chance % static_cast<std::uint64_t>(full - half + 1)));
}

std::optional<host_and_port> parse_host_and_port(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return {};
  std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  host_and_port parsed;
  const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), parsed.port);
  if (fault != std::errc{} || end != digits.data() + digits.size() || parsed.port == 0) return {};
  if (host.front() == '[') {
    if (host.size() < 3 || host.back() != ']') return {};
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return {};
  }
  parsed.host = host;
  return parsed;
}

std::optional<std::uint64_t> line_budget::spend(steady_time now) {
  const std::chrono::duration<double> passed = now - at_;
  at_ = now;
  left_ = std::min(burst, left_ + std::max(0.0, passed.count()));
  if (left_ < 1) {
    ++left_out_;
    return {};
  }
  left_ -= 1;
  return std::exchange(left_out_, 0);
}

} // namespace actord::net
