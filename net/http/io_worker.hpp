#pragma once

#include "net/http/body_account.hpp"
#include "net/http/http_server.hpp"
#include "net/http/tls_context.hpp"

#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_set>
#include <vector>

namespace actord::net {

class connection;

/// A connection's wish to be looked at by its worker. Called on the worker's thread.
class worker_call {
public:
  virtual ~worker_call() = default;
  virtual void run() = 0;
};

/// What all workers of a server share.
struct server_settings {
  std::shared_ptr<const http_server_options> options;
  http_handler handler;
  std::atomic<std::size_t> connections{0};
  std::shared_ptr<body_account> bodies;

  /// What connections begin with; those that are open keep theirs. Any thread.
  [[nodiscard]] std::shared_ptr<SSL_CTX> tls() const {
    const std::lock_guard lock(tls_mutex_);
    return tls_;
  }
  void use_tls(tls_context context) {
    const std::lock_guard lock(tls_mutex_);
    tls_ = std::move(context);
  }

private:
  mutable std::mutex tls_mutex_;
  std::shared_ptr<SSL_CTX> tls_;
};

/// One thread's event loop and its connections. The scratch buffers are shared by all of them, so that an
/// idle connection owns none. Shared by the server, its connections and every exchange, which may outlive the
/// server.
class io_worker : public std::enable_shared_from_this<io_worker> {
public:
  explicit io_worker(std::shared_ptr<server_settings> shared);
  io_worker(const io_worker&) = delete;
  io_worker& operator=(const io_worker&) = delete;
  ~io_worker();

  /// Runs until `stop` has closed everything.
  void run();
  /// From any thread.
  void stop();
  /// From any thread; the socket is open and was counted in `connections`.
  void adopt(int socket, std::string remote_address);
  /// From any thread. One event of the loop serves many that call before it comes: a change that a thousand
  /// watchers see wakes the thread once. A request that arrives meanwhile stands behind a few of them only.
  void call(std::shared_ptr<worker_call> what);

  static constexpr std::size_t record_bytes = std::size_t{16} * 1024; ///< the most a TLS record holds

  boost::asio::io_context context;
  const std::shared_ptr<server_settings> settings;
  std::uint32_t now_s = 1;
  std::array<char, 29> date{};
  std::vector<char> read_scratch = std::vector<char>(record_bytes);
  std::vector<char> write_scratch = std::vector<char>(record_bytes);
  std::unordered_set<std::shared_ptr<connection>> connections;

private:
  void tick();
  void run_calls();

  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  boost::asio::steady_timer timer_;
  bool stopping_ = false;
  std::mutex calls_mutex_;
  std::vector<std::shared_ptr<worker_call>> calls_;
  // Of the worker's thread; kept for its memory.
  std::vector<std::shared_ptr<worker_call>> running_calls_;
  std::size_t next_call_ = 0; ///< of those that run
};

} // namespace actord::net
