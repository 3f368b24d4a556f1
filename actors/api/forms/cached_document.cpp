#include "actors/api/forms/cached_document.hpp"

#include "schema/base/clock.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <fmt/format.h>

namespace actord::actors {
namespace {

/// If-None-Match: a list of tags, weak ones as good as strong, or any.
bool has_tag(std::string_view header, std::string_view quoted) {
  while (!header.empty()) {
    std::string_view one = header.substr(0, header.find(','));
    header.remove_prefix(std::min(one.size() + 1, header.size()));
    while (one.starts_with(' ')) one.remove_prefix(1);
    while (one.ends_with(' ')) one.remove_suffix(1);
    if (one.starts_with("W/")) one.remove_prefix(2);
    if (one == quoted || one == "*") return true;
  }
  return false;
}

std::string http_date(wall_time at) {
  const std::time_t seconds = std::chrono::duration_cast<std::chrono::seconds>(at.time_since_epoch()).count();
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 64> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return {text.data(), size};
}

} // namespace

std::string content_tag(std::string_view document) {
  // FNV-1a twice, from two offsets.
  std::uint64_t first = 0xcbf29ce484222325ULL;
  std::uint64_t second = 0x84222325cbf29ce4ULL;
  for (const char letter : document) {
    const auto byte = static_cast<unsigned char>(letter);
    first = (first ^ byte) * 0x100000001b3ULL;
    second = (second ^ byte) * 0x100000001b3ULL + 1;
  }
  return fmt::format("{:016X}{:016X}", first, second);
}

void answer_cached(const api_request& request, std::string_view content_type, const std::string& tag,
                   keeping how_long, std::string document) {
  const std::string quoted = '"' + tag + '"';
  net::http_response response;
  response.headers.emplace_back("etag", quoted);
  response.headers.emplace_back("vary", "Accept");
  if (how_long == keeping::forever) {
    response.headers.emplace_back("cache-control", "public, immutable");
    response.headers.emplace_back("expires",
                                  http_date(system_clock_source().wall_now() + std::chrono::hours(24 * 365)));
  } else {
    response.headers.emplace_back("cache-control", "public");
  }
  if (has_tag(request.http.header("if-none-match"), quoted)) {
    response.code = 304;
    return request.exchange->respond(std::move(response));
  }
  response.code = 200;
  response.headers.emplace_back("content-type", content_type);
  response.body = share_bytes(std::move(document));
  request.exchange->respond(std::move(response));
}

} // namespace actord::actors
