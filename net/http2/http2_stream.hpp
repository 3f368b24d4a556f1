#pragma once

#include "net/http/body_account.hpp"
#include "net/http2/http2_answer.hpp"

#include <cstdint>
#include <memory>

namespace actord::net {

/// One request of an HTTP/2 connection as its session knows it.
///
///   head ──▶ body ──▶ waiting ──▶ answering         refused: answered before its body was in
///     └────────┴── refused ─────────▲               A body that is streamed both ways goes on while
///     answering.
struct http2_stream {
  enum class phase : std::uint8_t {
    head,
    body,
    waiting, ///< for the handler
    answering,
  };

  std::int32_t id = 0;
  phase at = phase::head;
  bool request_complete = false; ///< the client has nothing more to send
  bool refused = false;          ///< the handler is not asked (any more)
  bool ready = false;            ///< to be handed over
  bool is_head_request = false;
  bool expects_continue = false;
  bool answer_sent = false;
  std::size_t header_bytes = 0;
  std::uint64_t announced_bytes = 0;
  std::size_t body_bytes = 0;
  std::uint32_t progress_s = 0; ///< when the client last sent or took something of it
  std::size_t seen_bytes = 0;   ///< of the body, since then
  std::size_t ahead_bytes = 0;  ///< of a body streamed both ways: what its handler has not passed on yet
  http_request request;
  body_claim claim;
  std::unique_ptr<body_sink> sink;
  std::shared_ptr<http2_answer> answer;
  exchange_handle exchange; ///< held until the request is handed over
};

} // namespace actord::net
