#include "actors/api/streams/spdy_upgrade.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <vector>

namespace actord::actors {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::vector<std::string_view> client_protocols(const api_request& request) {
  std::vector<std::string_view> offered;
  for (const auto& [name, value] : request.http.headers) {
    if (name != protocol_header) continue;
    std::string_view list = value;
    while (!list.empty()) {
      const std::size_t comma = std::min(list.find(','), list.size());
      if (const std::string_view word = trimmed(list.substr(0, comma)); !word.empty())
        offered.push_back(word);
      list.remove_prefix(std::min(comma + 1, list.size()));
    }
  }
  return offered;
}

} // namespace

std::optional<std::string_view> negotiate_spdy(const api_request& request,
                                               std::span<const std::string_view> ours) {
  const auto offered = client_protocols(request);
  if (offered.empty()) {
    answer_text(*request.exchange, 400, "unable to upgrade: X-Stream-Protocol-Version is required\n");
    return std::nullopt;
  }
  for (const std::string_view wanted : offered)
    if (const auto found = std::ranges::find(ours, wanted); found != ours.end()) return *found;
  net::http_response refusal;
  refusal.code = 403;
  refusal.headers.emplace_back("content-type", "text/plain; charset=utf-8");
  for (const std::string_view protocol : ours)
    refusal.headers.emplace_back("x-accepted-stream-protocol-versions", protocol);
  refusal.body = share_bytes(fmt::format(
      "unable to upgrade: unable to negotiate protocol: client supports [{}], server accepts [{}]\n",
      fmt::join(offered, " "), fmt::join(ours, " ")));
  request.exchange->respond(std::move(refusal));
  return std::nullopt;
}

error cannot_upgrade() {
  return {
      .kind = error_kind::bad_request, .message = "Upgrade request required", .causes = {}, .subject = {}};
}

} // namespace actord::actors
