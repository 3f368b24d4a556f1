#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace actord::cli {

/// Rows printed in columns, three spaces apart, like kubectl's.
class text_table {
public:
  explicit text_table(std::vector<std::string> header = {}) : header_(std::move(header)) {}

  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  [[nodiscard]] bool empty() const { return rows_.empty(); }
  /// Columns are at least as wide as in `widths`, which is brought up to date: a table that grows stays
  /// aligned.
  void print(std::ostream& output, bool with_header, std::vector<std::size_t>& widths) const;
  void print(std::ostream& output, bool with_header = true) const;

private:
  std::vector<std::string> header_;
  std::vector<std::vector<std::string>> rows_;
};

/// "3d4h", "5m12s": a span of time the way kubectl shows ages.
std::string age_text(long long seconds);

} // namespace actord::cli
