#include "net/http2/http2_engine.hpp"

#include "schema/base/always.hpp"

#include <sys/mman.h>

#include <cstdlib>
#include <utility>

namespace actord::net {

namespace {

http2_events& events_of(void* data) { return *static_cast<http2_events*>(data); }

nghttp2_session_callbacks* make_callbacks() {
  nghttp2_session_callbacks* made = nullptr;
  ALWAYS(nghttp2_session_callbacks_new(&made) == 0);
  nghttp2_session_callbacks_set_on_begin_frame_callback(
      made, [](nghttp2_session*, const nghttp2_frame_hd* frame, void* data) {
        return events_of(data).on_begin_frame(*frame);
      });
  nghttp2_session_callbacks_set_on_begin_headers_callback(
      made, [](nghttp2_session*, const nghttp2_frame* frame, void* data) {
        return events_of(data).on_begin_headers(*frame);
      });
  nghttp2_session_callbacks_set_on_header_callback(
      made, [](nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_size,
               const std::uint8_t* value, std::size_t value_size, std::uint8_t, void* data) {
        return events_of(data).on_header(*frame, {reinterpret_cast<const char*>(name), name_size},
                                         {reinterpret_cast<const char*>(value), value_size});
      });
  nghttp2_session_callbacks_set_on_invalid_header_callback(
      made, [](nghttp2_session*, const nghttp2_frame*, const std::uint8_t*, std::size_t, const std::uint8_t*,
               std::size_t, std::uint8_t, void* data) { return events_of(data).on_invalid_header(); });
  nghttp2_session_callbacks_set_on_frame_recv_callback(
      made, [](nghttp2_session*, const nghttp2_frame* frame, void* data) {
        return events_of(data).on_frame(*frame);
      });
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
      made, [](nghttp2_session*, std::uint8_t, std::int32_t stream, const std::uint8_t* bytes,
               std::size_t count, void* data) {
        return events_of(data).on_data(stream, {reinterpret_cast<const char*>(bytes), count});
      });
  nghttp2_session_callbacks_set_on_stream_close_callback(
      made, [](nghttp2_session*, std::int32_t stream, std::uint32_t code, void* data) {
        return events_of(data).on_stream_close(stream, code);
      });
  nghttp2_session_callbacks_set_on_frame_send_callback(
      made, [](nghttp2_session*, const nghttp2_frame* frame, void* data) {
        return events_of(data).on_frame_sent(*frame);
      });
  return made;
}

nghttp2_option* make_options() {
  nghttp2_option* made = nullptr;
  ALWAYS(nghttp2_option_new(&made) == 0);
  nghttp2_option_set_no_closed_streams(made, 1); // closed streams are kept for priorities only
  nghttp2_option_set_max_outbound_ack(made, 100);
  nghttp2_option_set_max_settings(made, 16);
  nghttp2_option_set_no_auto_window_update(made, 1); // who passes a body on says when it may go on
  return made;
}

constexpr std::size_t page_bytes = 4096;
constexpr std::size_t large_bytes = std::size_t{16} * 1024;

/// malloc, but for the first large block, which gets pages of its own.
void* allocate(std::size_t size, void* data) {
  auto& buffer = *static_cast<frame_buffer*>(data);
  if (size < large_bytes || std::exchange(buffer.assigned, true)) return std::malloc(size);
  const std::size_t whole = (size + page_bytes - 1) / page_bytes * page_bytes;
  void* made = std::aligned_alloc(page_bytes, whole);
  if (made != nullptr) {
    buffer.blocks = made;
    buffer.size = whole;
  }
  return made;
}

void forget(const void* block, void* data) {
  auto& buffer = *static_cast<frame_buffer*>(data);
  if (block != nullptr && block == buffer.blocks) buffer.blocks = nullptr;
}

void give_back(void* block, void* data) {
  forget(block, data);
  std::free(block);
}

void* resize(void* block, std::size_t size, void* data) {
  if (block == nullptr) return allocate(size, data); // how nghttp2 asks for its buffers
  forget(block, data);
  return std::realloc(block, size);
}

} // namespace

void frame_buffer::release() {
  if (blocks != nullptr) ::madvise(blocks, size, MADV_DONTNEED);
}

void nghttp2_release::operator()(nghttp2_session* session) const { nghttp2_session_del(session); }

nghttp2_handle open_http2_server(http2_events& events, frame_buffer& buffer) {
  static nghttp2_session_callbacks* const callbacks = make_callbacks();
  static nghttp2_option* const options = make_options();
  nghttp2_mem memory{
      .mem_user_data = &buffer,
      .malloc = allocate,
      .free = give_back,
      .calloc = [](std::size_t count, std::size_t size, void*) { return std::calloc(count, size); },
      .realloc = resize};
  nghttp2_session* made = nullptr;
  ALWAYS(nghttp2_session_server_new3(&made, callbacks, &events, options, &memory) == 0);
  return nghttp2_handle(made);
}

nghttp2_data_provider answer_provider() {
  nghttp2_data_provider provider{};
  provider.read_callback = [](nghttp2_session*, std::int32_t stream, std::uint8_t* into, std::size_t size,
                              std::uint32_t* flags, nghttp2_data_source*, void* data) {
    return events_of(data).read_answer(stream, {reinterpret_cast<char*>(into), size}, *flags);
  };
  return provider;
}

} // namespace actord::net
