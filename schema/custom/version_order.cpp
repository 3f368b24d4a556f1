#include "schema/custom/version_order.hpp"

#include <charconv>
#include <cstdint>
#include <optional>
#include <tuple>

namespace actord::schema::custom {
namespace {

/// Stage 2 is stable, 1 beta, 0 alpha.
using rank = std::tuple<int, std::uint32_t, std::uint32_t>;

std::optional<std::uint32_t> take_number(std::string_view& text) {
  std::uint32_t number = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), number);
  if (end.ec != std::errc() || number == 0) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end.ptr - text.data()));
  return number;
}

std::optional<rank> rank_of(std::string_view version) {
  if (!version.starts_with('v')) return std::nullopt;
  version.remove_prefix(1);
  const auto major = take_number(version);
  if (!major) return std::nullopt;
  if (version.empty()) return rank{2, *major, 0};
  const bool beta = version.starts_with("beta");
  if (!beta && !version.starts_with("alpha")) return std::nullopt;
  version.remove_prefix(beta ? 4 : 5);
  const auto minor = take_number(version);
  if (!minor || !version.empty()) return std::nullopt;
  return rank{beta ? 1 : 0, *major, *minor};
}

} // namespace

bool is_better_version(std::string_view left, std::string_view right) {
  const auto a = rank_of(left);
  const auto b = rank_of(right);
  if (a && b) return *a > *b;
  if (a || b) return a.has_value();
  return left < right;
}

} // namespace actord::schema::custom
