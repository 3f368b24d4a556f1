#pragma once

#include "schema/base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace actord::net {

/// The head of a backend's answer.
struct upstream_head {
  int code = 0;
  std::vector<std::pair<std::string, std::string>> headers; ///< names in lower case, in the order sent
  std::optional<std::uint64_t> length;                      ///< of the body, where the head says it
  [[nodiscard]] std::string_view header(std::string_view lower_case_name) const;
};

inline constexpr std::size_t upstream_head_max_bytes = std::size_t{64} * 1024;

/// Reads one HTTP/1.x answer from bytes as they arrive; bounded, and strict where a lenient reading could let
/// a backend smuggle a second answer. Interim answers (100, 103) are skipped; after 101 the bytes are no
/// longer HTTP and left alone.
///
///   head ──▶ body ──▶ done         any step can fail; a failed parser is finished
class response_parser {
public:
  /// `expects_body`: false for the answer to HEAD.
  explicit response_parser(bool expects_body) : expects_body_(expects_body) {}

  /// Reads from the front of `input`, appends what belongs to the body to `body`, and returns how much it
  /// used up: all, unless the answer is done before.
  result<std::size_t> put(std::string_view input, std::string& body);
  /// The backend sends nothing more. An error when that is too early.
  result<void> end();

  [[nodiscard]] bool head_done() const { return phase_ > phase::head; }
  [[nodiscard]] bool done() const { return phase_ == phase::done; }
  [[nodiscard]] const upstream_head& head() const { return head_; }

private:
  enum class phase : std::uint8_t {
    head,
    body_by_length,
    body_to_end,
    chunk_size,
    chunk,
    chunk_end,
    trailer,
    done
  };

  result<void> read_head(std::string_view text);
  result<void> choose_framing();
  result<void> read_chunk_size(std::string_view line);
  /// A line without its end, once it is there; used up from `input` either way.
  result<std::optional<std::string>> take_line(std::string_view& input);

  const bool expects_body_;
  phase phase_ = phase::head;
  upstream_head head_;
  std::string partial_; ///< of the head or of a line
  std::uint64_t left_bytes_ = 0;
};

} // namespace actord::net
