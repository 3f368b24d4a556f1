#include "schema/value/api_time.hpp"

#include "schema/base/timestamp.hpp"

#include <array>
#include <fmt/format.h>

namespace actord::schema {
namespace {

constexpr std::string_view seconds_layout = "2006-01-02T15:04:05Z07:00";
constexpr std::string_view micro_layout = "2006-01-02T15:04:05.000000Z07:00";

std::string go_quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      quoted += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    else
      quoted += c;
  }
  return quoted += '"';
}

/// Reads along a layout and remembers what it could not read.
class layout_reader {
public:
  layout_reader(std::string_view text, std::string_view layout)
      : whole_(text), rest_(text), layout_(layout) {}

  bool literal(char wanted) {
    if (rest_.empty() || rest_.front() != wanted) return cannot(rest_, std::string_view(&wanted, 1));
    rest_.remove_prefix(1);
    return true;
  }

  bool digits(std::size_t count, std::string_view element, int least, int most, std::string_view range) {
    const std::string_view from = rest_;
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (i >= rest_.size() || rest_[i] < '0' || rest_[i] > '9') return cannot(from, element);
      value = value * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(count);
    return (value >= least && value <= most) || out_of_range(range);
  }

  /// Any fraction is welcome after seconds when the layout has none.
  bool free_fraction() {
    if (rest_.size() < 2 || rest_[0] != '.' || rest_[1] < '0' || rest_[1] > '9') return true;
    rest_.remove_prefix(1);
    while (!rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9') rest_.remove_prefix(1);
    return true;
  }

  bool six_digits() {
    const std::string_view from = rest_;
    if (rest_.size() < 7 || rest_[0] != '.') return cannot(from, ".000000");
    for (std::size_t i = 1; i < 7; ++i)
      if (rest_[i] < '0' || rest_[i] > '9') return cannot(from, ".000000");
    rest_.remove_prefix(7);
    return true;
  }

  bool offset() {
    if (!rest_.empty() && rest_.front() == 'Z') {
      rest_.remove_prefix(1);
      return true;
    }
    const std::string_view from = rest_;
    if (rest_.size() < 6 || (rest_[0] != '+' && rest_[0] != '-') || rest_[3] != ':')
      return cannot(from, "Z07:00");
    for (const std::size_t i : {1U, 2U, 4U, 5U})
      if (rest_[i] < '0' || rest_[i] > '9') return cannot(from, "Z07:00");
    rest_.remove_prefix(6);
    return true;
  }

  bool end() {
    if (rest_.empty()) return true;
    message_ = fmt::format("parsing time {}: extra text: {}", go_quoted(whole_), go_quoted(rest_));
    return false;
  }

  bool out_of_range(std::string_view what) {
    message_ = fmt::format("parsing time {}: {} out of range", go_quoted(whole_), what);
    return false;
  }

  [[nodiscard]] const std::string& message() const { return message_; }

private:
  bool cannot(std::string_view from, std::string_view element) {
    message_ = fmt::format("parsing time {} as {}: cannot parse {} as {}", go_quoted(whole_),
                           go_quoted(layout_), go_quoted(from), go_quoted(element));
    return false;
  }

  std::string_view whole_;
  std::string_view rest_;
  std::string_view layout_;
  std::string message_;
};

result<wall_time> read(std::string_view text, std::string_view layout, bool micro) {
  layout_reader in(text, layout);
  const bool fits =
      in.digits(4, "2006", 0, 9999, "year") && in.literal('-') && in.digits(2, "01", 1, 12, "month") &&
      in.literal('-') && in.digits(2, "02", 1, 31, "day") && in.literal('T') &&
      in.digits(2, "15", 0, 23, "hour") && in.literal(':') && in.digits(2, "04", 0, 59, "minute") &&
      in.literal(':') && in.digits(2, "05", 0, 59, "second") &&
      (micro ? in.six_digits() : in.free_fraction()) && in.offset() && in.end();
  if (fits) {
    if (const auto when = parse_time(text)) return *when;
    (void)in.out_of_range("day"); // all digits are fine, so the month is shorter
  }
  return error{.kind = error_kind::bad_request, .message = in.message()};
}

} // namespace

result<wall_time> read_time(std::string_view text) { return read(text, seconds_layout, false); }

result<wall_time> read_micro_time(std::string_view text) { return read(text, micro_layout, true); }

std::string human_duration(std::chrono::nanoseconds duration) {
  using std::chrono::duration_cast;
  const std::int64_t seconds = duration_cast<std::chrono::seconds>(duration).count();
  if (seconds < -1) return "<invalid>";
  if (seconds < 0) return "0s";
  const auto pair = [](std::int64_t large, char large_unit, std::int64_t small, char small_unit) {
    return small == 0 ? fmt::format("{}{}", large, large_unit)
                      : fmt::format("{}{}{}{}", large, large_unit, small, small_unit);
  };
  if (seconds < 60 * 2) return fmt::format("{}s", seconds);
  const std::int64_t minutes = seconds / 60;
  if (minutes < 10) return pair(minutes, 'm', seconds % 60, 's');
  if (minutes < 60 * 3) return fmt::format("{}m", minutes);
  const std::int64_t hours = minutes / 60;
  if (hours < 8) return pair(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return fmt::format("{}h", hours);
  if (hours < 24 * 8) return pair(hours / 24, 'd', hours % 24, 'h');
  if (hours < 24 * 365 * 2) return fmt::format("{}d", hours / 24);
  if (hours < 24 * 365 * 8) return pair(hours / (24 * 365), 'y', (hours / 24) % 365, 'd');
  return fmt::format("{}y", hours / (24 * 365));
}

} // namespace actord::schema
