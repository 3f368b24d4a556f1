#include "net/http/gzip_body.hpp"

#include "net/http/header_lists.hpp"

#include <zlib.h>

#include <atomic>
#include <memory>

namespace actord::net {

namespace {

constexpr std::size_t piece_bytes = std::size_t{64} * 1024;
constexpr int compressors_max = 64; ///< each holds 256 KiB beside the body
constexpr int gzip_window_bits = 15 + 16;
constexpr int memory_level = 8;

std::atomic<int>& compressors() {
  static std::atomic<int> count{0};
  return count;
}

/// One answer on its way. The exchange holds it by the callback for room, until the exchange is over; at any
/// time at most one thread is in `more`, since each call ends with the write that leads to the next.
class compressed_answer : public std::enable_shared_from_this<compressed_answer> {
public:
  compressed_answer(exchange_handle exchange, shared_bytes body)
      : exchange_(std::move(exchange)), body_(std::move(body)) {
    usable_ = deflateInit2(&stream_, Z_BEST_SPEED, Z_DEFLATED, gzip_window_bits, memory_level,
                           Z_DEFAULT_STRATEGY) == Z_OK;
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body_->data())); // zlib only reads
    stream_.avail_in = static_cast<uInt>(body_->size());
    compressors().fetch_add(1, std::memory_order_relaxed);
  }
  compressed_answer(const compressed_answer&) = delete;
  compressed_answer& operator=(const compressed_answer&) = delete;
  ~compressed_answer() {
    if (usable_) deflateEnd(&stream_);
    compressors().fetch_sub(1, std::memory_order_relaxed);
  }

  [[nodiscard]] bool usable() const { return usable_; }

  void start(http_response head) {
    exchange_->on_drained([self = shared_from_this()] { self->more(); });
    exchange_->begin(std::move(head));
    more();
  }

private:
  void more() {
    if (complete_) return;
    std::string piece(piece_bytes, '\0');
    stream_.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream_.avail_out = static_cast<uInt>(piece.size());
    const int outcome = deflate(&stream_, Z_FINISH);
    piece.resize(piece.size() - stream_.avail_out);
    const bool last = outcome == Z_STREAM_END;
    complete_ = last;
    exchange_->write(share_bytes(std::move(piece)));
    if (last) exchange_->end();
  }

  const exchange_handle exchange_;
  const shared_bytes body_;
  z_stream stream_{};
  bool usable_ = false;
  bool complete_ = false;
};

bool fits(const shared_bytes& body) {
  constexpr std::size_t largest_bytes = std::size_t{2} << 30U; // zlib counts in 32 bits
  return body && body->size() < largest_bytes &&
         compressors().load(std::memory_order_relaxed) < compressors_max;
}

} // namespace

bool accepts_gzip(const http_request& request) {
  bool accepted = false;
  for_each_element(request, "accept-encoding", [&accepted](std::string_view element) {
    const std::size_t end = element.find(';');
    std::string_view name = element.substr(0, end);
    while (name.ends_with(' ')) name.remove_suffix(1);
    if (!equals_ignoring_case(name, "gzip")) return;
    const std::string_view quality =
        end == std::string_view::npos ? std::string_view() : element.substr(end + 1);
    const std::size_t value = quality.find("q=");
    accepted = value == std::string_view::npos ||
               quality.find_first_of("123456789", value) != std::string_view::npos;
  });
  return accepted;
}

void respond_gzip(const exchange_handle& exchange, http_response response) {
  response.headers.emplace_back("vary", "Accept-Encoding");
  if (!fits(response.body)) return exchange->respond(std::move(response));
  const auto answer = std::make_shared<compressed_answer>(exchange, response.body);
  if (!answer->usable()) return exchange->respond(std::move(response));
  response.body.reset();
  response.headers.emplace_back("content-encoding", "gzip");
  answer->start(std::move(response));
}

} // namespace actord::net
