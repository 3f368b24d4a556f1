#include "cli/command_line/suggestions.hpp"

#include <algorithm>

namespace actord::cli {

namespace {

/// Edits (insert, delete, replace, swap of neighbours) between two words.
std::size_t distance(std::string_view left, std::string_view right) {
  std::vector<std::size_t> before_last(right.size() + 1);
  std::vector<std::size_t> last(right.size() + 1);
  std::vector<std::size_t> current(right.size() + 1);
  for (std::size_t column = 0; column <= right.size(); ++column) last[column] = column;
  for (std::size_t row = 1; row <= left.size(); ++row) {
    current[0] = row;
    for (std::size_t column = 1; column <= right.size(); ++column) {
      const std::size_t replaced = last[column - 1] + (left[row - 1] == right[column - 1] ? 0 : 1);
      current[column] = std::min({last[column] + 1, current[column - 1] + 1, replaced});
      const bool swapped =
          row > 1 && column > 1 && left[row - 1] == right[column - 2] && left[row - 2] == right[column - 1];
      if (swapped) current[column] = std::min(current[column], before_last[column - 2] + 1);
    }
    before_last.swap(last);
    last.swap(current);
  }
  return last[right.size()];
}

} // namespace

std::string closest(std::string_view typed, const std::vector<std::string>& candidates) {
  std::string best;
  std::size_t best_distance = 1 + std::max<std::size_t>(1, typed.size() / 3);
  for (const auto& candidate : candidates) {
    const std::size_t edits = distance(typed, candidate);
    const bool extends = typed.size() >= 3 && candidate.starts_with(typed);
    const std::size_t cost = extends ? std::min<std::size_t>(edits, 1) : edits;
    if (cost < best_distance) {
      best = candidate;
      best_distance = cost;
    }
  }
  return best;
}

std::string suggestion(std::string_view typed, const std::vector<std::string>& candidates) {
  const std::string meant = closest(typed, candidates);
  return meant.empty() ? std::string() : ", did you mean \"" + meant + "\"?";
}

} // namespace actord::cli
