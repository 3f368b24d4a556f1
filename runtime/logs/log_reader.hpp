#pragma once

#include "schema/base/clock.hpp"
#include "schema/base/result.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace actord::runtime {

struct log_options {
  bool follow = false;
  bool timestamps = false;
  std::optional<std::int64_t> tail_lines = {};
  std::optional<std::int64_t> limit_bytes = {};
  std::optional<wall_time> since = {};
  enum class stream : std::uint8_t { both, standard_output, standard_error } which = stream::both;
};

/// `more` gets pieces of text, an empty one first when there is a log; false from it ends the reading.
/// `running`, asked when the end of the file is reached in follow mode, says whether more can still come;
/// also a way to stop a follower.
struct log_sink {
  std::function<bool(std::string_view piece)> more;
  std::function<bool()> running;
};

/// Reads a log in CRI format ("2006-01-02T15:04:05.9Z stdout F text"). Blocks; a follower holds its thread. A
/// symlink at `path`, or anything but a regular file, is refused; a missing file is not_found. When the
/// writer starts the file anew (size limit), a follower goes on with the new one.
result<void> read_log(const std::string& path, const log_options& options, const log_sink& sink);

/// One line of such a file, without its end.
struct log_line {
  std::string_view time_text;
  std::string_view stream; ///< "stdout" or "stderr"
  bool partial = false;    ///< the text goes on in the stream's next line
  std::string_view text;
};

/// Nothing for a line that is not in the format.
std::optional<log_line> parse_log_line(std::string_view line);

} // namespace actord::runtime
