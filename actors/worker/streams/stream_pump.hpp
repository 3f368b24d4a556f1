#pragma once

#include "actors/worker/streams/node_streams.hpp"
#include "net/streams/descriptor_stream.hpp"
#include "runtime/command_process.hpp"

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

namespace actord::actors {

/// One stream of this machine: carries bytes between the descriptors of a process, a monitor or a connection
/// and whoever asked for it. Everything on the loop's thread.
///
///   starting ──run_*──▶ running ──all is over──▶ ended        any ──leave──▶ the process is hung up, then
///   killed
///
/// Invariant: kept alive by the loop (a watch or a timer) while a process of it runs, so that none is left
/// as a zombie.
class stream_pump : public std::enable_shared_from_this<stream_pump> {
public:
  stream_pump(std::shared_ptr<net::stream_loop> loop, node_stream_events events)
      : loop_(std::move(loop)), events_(std::move(events)) {}

  void run_command(std::unique_ptr<runtime::command_process> process);
  /// `resize` is called for terminals.
  void run_attached(runtime::unique_fd socket, stream_terms terms,
                    std::function<void(net::terminal_size)> resize);
  void run_connection(runtime::unique_fd socket);
  void fail(error why);

  /// The size a client has named so far, from any thread: waits a moment for it, as clients with a terminal
  /// name it at once and a shell should begin with it.
  [[nodiscard]] std::optional<net::terminal_size> await_size();
  void note_size(net::terminal_size size);

  void send(shared_bytes bytes);
  void finish();
  void resize(net::terminal_size size);
  void taken(stream_part part, std::size_t bytes);
  /// Whoever asked is gone.
  void leave();

private:
  /// A source of output.
  struct outlet {
    net::descriptor_stream_handle stream;
    std::size_t credit = stream_window_bytes; ///< what may still be received before `taken`
    bool open = false;
    bool moved = false; ///< since the last look
  };

  outlet& outlet_of(stream_part part) { return part == stream_part::output ? output_ : error_output_; }
  void open_input(net::descriptor_stream_handle stream);
  void open_outlet(stream_part part, net::descriptor_stream_handle stream);
  net::descriptor_events output_events(stream_part part);
  void add_input_events(net::descriptor_events& events);
  void receive(stream_part part, std::string_view bytes);
  void receive_packet(std::string_view packet);
  void outlet_ended(stream_part part);
  void started();
  void on_process_end();
  /// A command has ended, but something it left behind may hold its output open: waits while there is more,
  /// not for ever.
  void look_for_rest();
  void settle();
  void report(stream_end end);
  void close_streams();
  void input_lost(int error_number);

  const std::shared_ptr<net::stream_loop> loop_;
  node_stream_events events_;
  net::descriptor_stream_handle input_;
  outlet output_;
  outlet error_output_;
  std::unique_ptr<runtime::command_process> process_;
  std::function<void(net::terminal_size)> resize_;
  std::optional<stream_end> process_end_;
  std::mutex size_mutex_;
  std::condition_variable size_known_;
  std::optional<net::terminal_size> named_size_;
  std::deque<shared_bytes> early_input_;
  std::optional<net::terminal_size> early_size_;
  bool early_finish_ = false;
  std::size_t input_queued_ = 0; ///< sent to us and not reported as `sent`
  bool input_gone_ = false;      ///< nobody reads input: it is reported at once
  bool running_ = false;
  bool attached_ = false; ///< output comes in packets
  bool is_connection_ = false;
  bool left_ = false;
  bool ended_ = false;
};

} // namespace actord::actors
