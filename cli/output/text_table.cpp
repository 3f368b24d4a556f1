#include "cli/output/text_table.hpp"

#include <algorithm>
#include <ostream>

namespace actord::cli {

namespace {

constexpr std::size_t gap = 3;

/// Characters, not bytes.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U;
  }));
}

void print_row(std::ostream& output, const std::vector<std::string>& row,
               const std::vector<std::size_t>& widths) {
  std::string line;
  for (std::size_t column = 0; column < row.size(); ++column) {
    for (const char character : row[column]) {
      const auto byte = static_cast<unsigned char>(character);
      line += byte < 0x20 || byte == 0x7F ? ' ' : character; // an object's text must not drive the terminal
    }
    if (column + 1 < row.size()) line.append(widths[column] - width_of(row[column]) + gap, ' ');
  }
  line.erase(line.find_last_not_of(' ') + 1);
  output << line << '\n';
}

void widen(std::vector<std::size_t>& widths, const std::vector<std::string>& row) {
  widths.resize(std::max(widths.size(), row.size()));
  for (std::size_t column = 0; column < row.size(); ++column) {
    widths[column] = std::max(widths[column], width_of(row[column]));
  }
}

} // namespace

void text_table::print(std::ostream& output, bool with_header, std::vector<std::size_t>& widths) const {
  if (with_header) widen(widths, header_);
  for (const auto& row : rows_) widen(widths, row);
  if (with_header) print_row(output, header_, widths);
  for (const auto& row : rows_) print_row(output, row, widths);
}

void text_table::print(std::ostream& output, bool with_header) const {
  std::vector<std::size_t> widths;
  print(output, with_header, widths);
}

std::string age_text(long long seconds) {
  const auto unit = [](long long count, const char* name) { return std::to_string(count) + name; };
  if (seconds < 0) return seconds > -2 ? "0s" : "<invalid>";
  if (seconds < 120) return unit(seconds, "s");
  const long long minutes = seconds / 60;
  if (minutes < 10) return unit(minutes, "m") + (seconds % 60 == 0 ? "" : unit(seconds % 60, "s"));
  if (minutes < 180) return unit(minutes, "m");
  const long long hours = minutes / 60;
  if (hours < 8) return unit(hours, "h") + (minutes % 60 == 0 ? "" : unit(minutes % 60, "m"));
  if (hours < 48) return unit(hours, "h");
  const long long days = hours / 24;
  if (days < 8) return unit(days, "d") + (hours % 24 == 0 ? "" : unit(hours % 24, "h"));
  if (days < 2 * 365) return unit(days, "d");
  const long long years = days / 365;
  if (years < 8) return unit(years, "y") + (days % 365 == 0 ? "" : unit(days % 365, "d"));
  return unit(years, "y");
}

} // namespace actord::cli
