#pragma once

#include <nghttp2/nghttp2.h>

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

/// nghttp2, of the server's side, with its callbacks as an interface.

namespace actord::net {

/// What nghttp2 reports from within a call. Nothing here may end the session; the codes given back are
/// nghttp2's: 0 to go on, NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE to reset the stream.
class http2_events {
public:
  virtual ~http2_events() = default;

  /// Each frame, also one that will be ignored.
  virtual int on_begin_frame(const nghttp2_frame_hd& frame) = 0;
  virtual int on_begin_headers(const nghttp2_frame& frame) = 0;
  virtual int on_header(const nghttp2_frame& frame, std::string_view name, std::string_view value) = 0;
  /// A field with characters that cannot be.
  virtual int on_invalid_header() = 0;
  /// A frame that keeps the rules, behind its headers and data.
  virtual int on_frame(const nghttp2_frame& frame) = 0;
  virtual int on_data(std::int32_t stream, std::string_view piece) = 0;
  virtual int on_stream_close(std::int32_t stream, std::uint32_t code) = 0;
  virtual int on_frame_sent(const nghttp2_frame& frame) = 0;
  /// Fills `into` with a stream's answer: the count, or NGHTTP2_ERR_DEFERRED while there is none.
  virtual ssize_t read_answer(std::int32_t stream, std::span<char> into, std::uint32_t& flags) = 0;
};

struct nghttp2_release {
  void operator()(nghttp2_session* session) const;
};
using nghttp2_handle = std::unique_ptr<nghttp2_session, nghttp2_release>;

/// The block of 16 KiB in which nghttp2 lays out what it sends, two thirds of what an idle session holds. Its
/// content matters only from one `nghttp2_session_mem_send` to the next.
class frame_buffer {
public:
  /// Gives its pages back to the machine until they are written again. Only while nothing is being sent.
  void release();

  void* blocks = nullptr; ///< set by the session's allocator; null again when nghttp2 frees it
  std::size_t size = 0;
  bool assigned = false; ///< it is the session's first large block, and no other after it
};

/// Limits on settings and unsent acknowledgements included; `events` and `buffer` outlive the session.
nghttp2_handle open_http2_server(http2_events& events, frame_buffer& buffer);

/// The source of an answer's body, which is `read_answer` of the session's events.
nghttp2_data_provider answer_provider();

} // namespace actord::net
