#include "net/pki/server_chain.hpp"

#include "schema/base/timestamp.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace actord::net {
namespace {

error refused(std::string why) { return {.kind = error_kind::forbidden, .message = std::move(why)}; }

/// An address in its canonical form; any other name as it is.
std::string canonical(std::string_view host) {
  const std::string text(host);
  std::array<unsigned char, 16> bytes{};
  std::array<char, INET6_ADDRSTRLEN> out{};
  for (const int family : {AF_INET, AF_INET6}) {
    if (inet_pton(family, text.c_str(), bytes.data()) != 1) continue;
    inet_ntop(family, bytes.data(), out.data(), out.size());
    return out.data();
  }
  std::string lower = text;
  for (char& letter : lower)
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  return lower;
}

bool is_called(const certificate_facts& facts, const std::string& host) {
  return std::ranges::find(facts.addresses, host) != facts.addresses.end() ||
         std::ranges::find(facts.dns_names, host) != facts.dns_names.end();
}

std::string names_of(const certificate_facts& facts) {
  std::vector<std::string> all = facts.addresses;
  all.insert(all.end(), facts.dns_names.begin(), facts.dns_names.end());
  return fmt::format("{}", fmt::join(all, ", "));
}

} // namespace

result<std::string> trusted_authority(const std::vector<std::string>& chain, std::string_view host,
                                      std::string_view authority_hash, wall_time now) {
  if (chain.empty()) return refused(fmt::format("{} presents no certificate", host));
  std::string found;
  for (const std::string& each : chain)
    if (key_hash_of_certificate(each) == authority_hash) found = each;
  if (found.empty()) {
    std::vector<std::string> seen;
    for (const std::string& each : chain)
      if (const auto facts = read_certificate(each); facts && facts->is_authority)
        seen.push_back(key_hash_of_certificate(each));
    return refused(
        seen.empty()
            ? fmt::format("{} presents no certificate authority: it is no actord server", host)
            : fmt::format(
                  "{} belongs to another cluster than the join token: the hash of its authority is {}, "
                  "the token's is {}",
                  host, fmt::join(seen, ", "), authority_hash));
  }
  const auto authority = read_certificate(found);
  const auto server = read_certificate(chain.front());
  if (!authority || !server) return refused(fmt::format("the certificate of {} cannot be read", host));
  if (!authority->is_authority || !is_signed_by(found, found))
    return refused(
        fmt::format("the certificate with the join token's hash is no certificate authority at {}", host));
  if (!is_signed_by(chain.front(), found))
    return refused(fmt::format("{} shows a certificate that its cluster's authority did not sign", host));
  for (const auto& facts : {*authority, *server}) {
    if (facts.not_before > now || facts.not_after <= now)
      return refused(fmt::format(
          "the certificate of {} is valid from {} to {}, and here it is {}: is this machine's clock right?",
          host, schema::format_time(facts.not_before), schema::format_time(facts.not_after),
          schema::format_time(now)));
  }
  if (!is_called(*server, canonical(host)))
    return refused(fmt::format("the server at {} is not called so in its certificate: join one of {}", host,
                               names_of(*server)));
  return found;
}

} // namespace actord::net
