#pragma once

#include "net/http/http_server.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace actord::net {

/// What is wrong with a request, in terms of the answer.
struct request_fault {
  int code = 400;
  std::string message;

  bool operator==(const request_fault&) const = default;
};

/// Reads one HTTP/1.x request from bytes as they arrive. Stricter than the grammar where a lenient reading
/// has led to request smuggling: both Content-Length and Transfer-Encoding, repeated or odd framing headers,
/// folded lines, control characters and a missing or repeated Host are refused.
///
///   head ──▶ body ──▶ done         any step can fail; a failed parser is finished
class request_parser {
public:
  explicit request_parser(std::size_t header_limit_bytes);
  ~request_parser();

  /// Reads from the front of `input` and returns how much it used up; what is left over must be presented
  /// again with more behind it. Stops after the head, so that the caller can decide about the body.
  std::size_t put(std::string_view input);

  [[nodiscard]] bool head_done() const;
  [[nodiscard]] bool done() const;
  [[nodiscard]] const std::optional<request_fault>& fault() const;

  /// The head; complete once `head_done`. The body is never put in here.
  http_request& request();
  /// Body bytes of the last `put`, a part of its input.
  [[nodiscard]] std::string_view body_piece() const;
  [[nodiscard]] std::optional<std::uint64_t> content_length() const;
  [[nodiscard]] bool keep_alive() const;
  [[nodiscard]] bool expects_continue() const;
  [[nodiscard]] bool understands_chunks() const; ///< HTTP/1.1

private:
  class machine;
  std::unique_ptr<machine> machine_;
};

} // namespace actord::net
