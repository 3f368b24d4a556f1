#include "actors/controllers/batch/index_set.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace actord::actors {

namespace {

std::optional<std::int64_t> number_in(std::string_view text) {
  std::int64_t out = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (failure != std::errc() || end != text.data() + text.size() || out < 0) return std::nullopt;
  return out;
}

} // namespace

index_set index_set::parse(std::string_view text, std::int64_t end) {
  index_set out;
  while (!text.empty()) {
    const std::string_view part = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
    const auto dash = part.find('-');
    const auto first = number_in(part.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : number_in(part.substr(dash + 1));
    if (!first || !last) continue;
    for (std::int64_t index = *first; index <= *last && index < end; ++index) out.add(index);
  }
  return out;
}

std::string index_set::text() const {
  std::string out;
  for (auto at = members_.begin(); at != members_.end();) {
    const std::int64_t first = *at;
    std::int64_t last = first;
    for (++at; at != members_.end() && *at == last + 1; ++at) ++last;
    if (!out.empty()) out += ',';
    out += std::to_string(first);
    if (last == first + 1) out += ',' + std::to_string(last);
    if (last > first + 1) out += '-' + std::to_string(last);
  }
  return out;
}

} // namespace actord::actors
