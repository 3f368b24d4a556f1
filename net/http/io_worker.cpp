#include "net/http/io_worker.hpp"

#include "net/http/connection.hpp"
#include "schema/base/clock.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <ctime>

namespace actord::net {

namespace {

constexpr std::size_t calls_at_once = 32;

/// RFC 9110's date: "Sun, 06 Nov 1994 08:49:37 GMT", in English whatever the locale.
std::array<char, 29> http_date(wall_time now) {
  static constexpr const char* days = "SunMonTueWedThuFriSat";
  static constexpr const char* months = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const std::time_t seconds =
      std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 29> text{};
  std::memcpy(text.data(), days + std::ptrdiff_t{3} * parts.tm_wday, 3);
  std::memcpy(text.data() + 3, ", 00 ___ 0000 00:00:00 GMT", 26);
  const auto put_two = [&text](std::size_t at, int number) {
    text[at] = static_cast<char>('0' + number / 10 % 10);
    text[at + 1] = static_cast<char>('0' + number % 10);
  };
  put_two(5, parts.tm_mday);
  std::memcpy(text.data() + 8, months + std::ptrdiff_t{3} * parts.tm_mon, 3);
  put_two(12, (parts.tm_year + 1900) / 100);
  put_two(14, parts.tm_year % 100);
  put_two(17, parts.tm_hour);
  put_two(20, parts.tm_min);
  put_two(23, parts.tm_sec);
  return text;
}

} // namespace

io_worker::io_worker(std::shared_ptr<server_settings> shared)
    : context(1), settings(std::move(shared)), work_(context.get_executor()), timer_(context) {}

io_worker::~io_worker() = default;

void io_worker::run() {
  tick();
  context.run();
}

void io_worker::stop() {
  boost::asio::post(context, [self = shared_from_this()] {
    self->stopping_ = true;
    self->timer_.cancel();
    self->work_.reset();
    const std::vector<std::shared_ptr<connection>> open(self->connections.begin(), self->connections.end());
    for (const auto& each : open) each->close(true);
  });
}

void io_worker::adopt(int socket, std::string remote_address) {
  boost::asio::post(context,
                    [self = shared_from_this(), socket, address = std::move(remote_address)]() mutable {
                      if (self->stopping_) {
                        ::close(socket);
                        self->settings->connections.fetch_sub(1);
                        return;
                      }
                      auto added = std::make_shared<connection>(self, socket, std::move(address));
                      self->connections.insert(added);
                      added->start();
                    });
}

void io_worker::call(std::shared_ptr<worker_call> what) {
  {
    const std::scoped_lock lock(calls_mutex_);
    calls_.push_back(std::move(what));
    if (calls_.size() > 1) return;
  }
  boost::asio::post(context, [self = shared_from_this()] { self->run_calls(); });
}

/// While calls are left, one more run is posted: what sockets have brought meanwhile is looked at in between.
void io_worker::run_calls() {
  if (next_call_ == running_calls_.size()) {
    running_calls_.clear();
    next_call_ = 0;
    const std::scoped_lock lock(calls_mutex_);
    running_calls_.swap(calls_);
  }
  const std::size_t until = std::min(running_calls_.size(), next_call_ + calls_at_once);
  while (next_call_ < until) std::exchange(running_calls_[next_call_++], nullptr)->run();
  if (next_call_ < running_calls_.size())
    boost::asio::post(context, [self = shared_from_this()] { self->run_calls(); });
}

void io_worker::tick() {
  if (stopping_) return;
  ++now_s;
  date = http_date(system_clock_source().wall_now());
  const std::vector<std::shared_ptr<connection>> open(connections.begin(), connections.end());
  for (const auto& each : open) each->check_deadlines();
  timer_.expires_after(std::chrono::seconds(1));
  timer_.async_wait([this](const auto& failure) {
    if (!failure) tick();
  });
}

} // namespace actord::net
