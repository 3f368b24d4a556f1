#pragma once

#include "net/streams/stream_loop.hpp"
#include "schema/base/bytes.hpp"
#include "schema/base/unique_fd.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string_view>

namespace actord::net {

/// What happens on a descriptor. Any of them may be empty.
struct descriptor_events {
  std::function<void(std::string_view bytes)> received; ///< never more than was granted (see `packets`)
  std::function<void()> ended;                          ///< nothing more will be received
  std::function<void(std::size_t count)> sent;          ///< so much of what was queued is with the other side
  std::function<void(int error_number)> broken;         ///< nothing more can be sent, what is queued is lost
};

/// A non-blocking pipe end, terminal or socket on a stream_loop, with credit in both directions: it reads
/// only what it was granted and reports what it has sent, so that each side holds the other back. A reading
/// stream without credit is not watched at all. Everything on the loop's thread.
class descriptor_stream : public std::enable_shared_from_this<descriptor_stream> {
public:
  enum class direction : std::uint8_t { reads, writes, both };
  struct traits {
    direction way = direction::both;
    bool connecting = false;                            ///< a socket whose connect is under way
    std::size_t piece_max_bytes = std::size_t{1} << 20; ///< of one write: packets have a limit
    bool shuts_down = false; ///< ends sending by shutdown (sockets), else by closing
    /// Keeps packets apart, so that one must be read whole: the last one may go beyond what was granted, and
    /// counts against what is granted next.
    bool packets = false;
  };

  descriptor_stream(std::shared_ptr<stream_loop> loop, unique_fd descriptor, traits what);
  ~descriptor_stream();
  descriptor_stream(const descriptor_stream&) = delete;
  descriptor_stream& operator=(const descriptor_stream&) = delete;

  void open(descriptor_events events);
  /// May read this much more.
  void grant(std::size_t bytes);
  void send(shared_bytes bytes);
  /// Once everything queued is sent, tells the other side that nothing follows. A terminal has no such thing:
  /// there it does nothing.
  void finish();
  /// Lets go of the descriptor and the callbacks; what is queued is lost.
  void close();

  [[nodiscard]] int descriptor() const { return descriptor_.get(); }
  [[nodiscard]] bool is_open() const { return static_cast<bool>(descriptor_); }

private:
  void update();
  void on_ready(std::uint32_t happened);
  void read_some();
  void write_some();
  void end_reading();
  void break_writing(int error_number);

  const std::shared_ptr<stream_loop> loop_;
  unique_fd descriptor_;
  const traits traits_;
  std::shared_ptr<descriptor_events> events_ = std::make_shared<descriptor_events>();
  bool connecting_;
  bool may_read_;
  bool may_write_;
  bool finishing_ = false;
  std::ptrdiff_t credit_ = 0; ///< below 0: as far as the last packet went beyond it
  std::deque<shared_bytes> queue_;
  std::size_t front_offset_ = 0;
  std::uint32_t watched_ = unwatched;
  static constexpr std::uint32_t unwatched = ~std::uint32_t{0};
};
using descriptor_stream_handle = std::shared_ptr<descriptor_stream>;

} // namespace actord::net
