#include "actors/audit/audit_log.hpp"

#include "actors/worker/worker_pool.hpp"
#include "runtime/files/file_tools.hpp"

#include <atomic>
#include <cerrno>
#include <fmt/format.h>
#include <mutex>
#include <spdlog/spdlog.h>
#include <unistd.h>
#include <vector>

namespace actord::actors {
namespace {

result<void> write_to_standard_output(std::string_view lines) {
  while (!lines.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, lines.data(), lines.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return runtime::system_error("write to standard output", errno);
    lines.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

} // namespace

struct audit_log::state {
  state(line_sink to, std::size_t bytes) : sink(std::move(to)), queue_bytes(bytes) {}

  /// Runs on the writer's thread until the queue is empty.
  void drain() {
    for (;;) {
      std::vector<audit_moment> batch;
      {
        const std::lock_guard lock(mutex);
        if (queue.empty()) {
          draining = false;
          return;
        }
        batch.swap(queue);
        queued = 0;
      }
      write(batch);
      if (const std::uint64_t now = lost; now > reported) {
        spdlog::error("audit: {} events were lost, {} since the start", now - reported, now);
        reported = now;
      }
    }
  }

  void write(const std::vector<audit_moment>& batch) {
    constexpr std::size_t chunk_bytes = 1U << 20U;
    std::string lines;
    std::size_t events = 0;
    for (const audit_moment& moment : batch) {
      lines += audit_line(moment);
      ++events;
      if (lines.size() < chunk_bytes && &moment != &batch.back()) continue;
      if (auto done = sink(lines); done) {
        written += events;
      } else {
        lost += events;
        spdlog::error("audit: {}", done.error().message);
      }
      lines.clear();
      events = 0;
    }
  }

  const line_sink sink;
  const std::size_t queue_bytes;
  std::mutex mutex;
  std::vector<audit_moment> queue;
  std::size_t queued = 0;
  bool draining = false;
  std::atomic<std::uint64_t> written{0};
  std::atomic<std::uint64_t> lost{0};
  std::uint64_t reported = 0; ///< of the lost ones; the writer's
  std::unique_ptr<worker_pool> writer = std::make_unique<worker_pool>(1);
};

audit_log::audit_log(line_sink sink, std::size_t queue_bytes)
    : state_(std::make_shared<state>(std::move(sink), queue_bytes)) {}

result<std::unique_ptr<audit_log>> audit_log::open(const options& where, const clock_source& clock) {
  if (where.path == "-") return std::make_unique<audit_log>(write_to_standard_output, where.queue_bytes);
  auto opened = runtime::rotating_file::open(where.path, where.limits, clock);
  if (!opened) return opened.error();
  auto file = std::make_shared<runtime::rotating_file>(std::move(*opened));
  return std::make_unique<audit_log>([file](std::string_view lines) { return file->append(lines); },
                                     where.queue_bytes);
}

audit_log::~audit_log() {
  state_->writer.reset();
  state_->drain();
}

void audit_log::add(audit_moment moment) {
  const std::size_t bytes = moment.bytes();
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->queued + bytes > state_->queue_bytes) {
      ++state_->lost;
      return;
    }
    state_->queued += bytes;
    state_->queue.push_back(std::move(moment));
    if (std::exchange(state_->draining, true)) return;
  }
  state_->writer->run([raw = state_.get()] { raw->drain(); });
}

std::uint64_t audit_log::written() const { return state_->written; }
std::uint64_t audit_log::lost() const { return state_->lost; }

std::string audit_log::metrics_text() const {
  return fmt::format("# HELP apiserver_audit_event_total Audit events written.\n"
                     "# TYPE apiserver_audit_event_total counter\napiserver_audit_event_total {}\n"
                     "# HELP apiserver_audit_error_total Audit events lost.\n"
                     "# TYPE apiserver_audit_error_total counter\n"
                     "apiserver_audit_error_total{{plugin=\"log\"}} {}\n",
                     written(), lost());
}

} // namespace actord::actors
