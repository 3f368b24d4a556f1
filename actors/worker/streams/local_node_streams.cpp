#include "actors/worker/streams/local_node_streams.hpp"

#include "actors/worker/streams/stream_pump.hpp"
#include "runtime/container_runtime.hpp"

#include <utility>

namespace actord::actors {
namespace {

constexpr std::size_t starters_max = 16;
constexpr int streams_max = 1000; ///< a command's is a process of the OCI runtime, too

struct running_container {
  std::string id;
  std::string sandbox_id;
};

std::optional<std::string> sandbox_of(runtime::container_runtime& runtime, const std::string& pod_uid) {
  std::optional<runtime::sandbox> latest;
  for (auto& each : runtime.list_sandboxes())
    if (each.pod_uid == pod_uid && each.ready && (!latest || each.attempt > latest->attempt))
      latest = std::move(each);
  if (!latest) return std::nullopt;
  return latest->id;
}

result<running_container> find_running(runtime::container_runtime& runtime, const container_target& target) {
  if (const auto sandbox = sandbox_of(runtime, target.pod_uid))
    for (auto& each : runtime.list_containers(*sandbox))
      if (each.name == target.container && each.state == runtime::container_state::running)
        return running_container{std::move(each.id), *sandbox};
  return error{.kind = error_kind::not_found,
               .message = "container not found (\"" + target.container + "\")"};
}

/// What a caller holds: everything it says is done on the loop's thread.
class pump_handle final : public node_stream {
public:
  pump_handle(std::shared_ptr<net::stream_loop> loop, std::shared_ptr<stream_pump> pump,
              std::shared_ptr<std::atomic<int>> open)
      : loop_(std::move(loop)), pump_(std::move(pump)), open_(std::move(open)) {}
  ~pump_handle() override {
    open_->fetch_sub(1);
    loop_->post([pump = pump_] { pump->leave(); });
  }
  pump_handle(const pump_handle&) = delete;
  pump_handle& operator=(const pump_handle&) = delete;

  void send(shared_bytes bytes) override {
    loop_->post([pump = pump_, bytes = std::move(bytes)] { pump->send(bytes); });
  }
  void finish() override {
    loop_->post([pump = pump_] { pump->finish(); });
  }
  void resize(net::terminal_size size) override {
    pump_->note_size(size);
    loop_->post([pump = pump_, size] { pump->resize(size); });
  }
  void taken(stream_part part, std::size_t bytes) override {
    loop_->post([pump = pump_, part, bytes] { pump->taken(part, bytes); });
  }

private:
  const std::shared_ptr<net::stream_loop> loop_;
  const std::shared_ptr<stream_pump> pump_;
  const std::shared_ptr<std::atomic<int>> open_;
};

error too_many_streams() {
  return {.kind = error_kind::too_many_requests,
          .message = "too many streams are open on this node",
          .causes = {},
          .subject = {},
          .retry_after_s = 1};
}

} // namespace

result<std::unique_ptr<local_node_streams>> local_node_streams::open(runtime::container_runtime& runtime) {
  auto loop = net::stream_loop::start();
  if (!loop) return std::move(loop).error();
  return std::unique_ptr<local_node_streams>(new local_node_streams(runtime, std::move(*loop)));
}

local_node_streams::local_node_streams(runtime::container_runtime& runtime,
                                       std::shared_ptr<net::stream_loop> loop)
    : runtime_(runtime), loop_(std::move(loop)), starters_(starters_max) {}

local_node_streams::~local_node_streams() { loop_->stop(); }

std::unique_ptr<node_stream> local_node_streams::hold(std::shared_ptr<stream_pump> pump) {
  open_->fetch_add(1);
  return std::make_unique<pump_handle>(loop_, std::move(pump), open_);
}

void local_node_streams::after(std::chrono::milliseconds delay, std::function<void()> job) {
  loop_->post(
      [loop = loop_.get(), delay, job = std::move(job)]() mutable { loop->after(delay, std::move(job)); });
}

void local_node_streams::find(container_target target, std::function<void(result<void>)> found) {
  if (open_->load() >= streams_max) return found(too_many_streams());
  starters_.run([this, target = std::move(target), found = std::move(found)] {
    const auto container = find_running(runtime_, target);
    found(container ? result<void>() : result<void>(container.error()));
  });
}

void local_node_streams::find_pod(std::string pod_uid, std::function<void(result<void>)> found) {
  if (open_->load() >= streams_max) return found(too_many_streams());
  starters_.run([this, uid = std::move(pod_uid), found = std::move(found)] {
    if (sandbox_of(runtime_, uid)) return found({});
    found(error{.kind = error_kind::not_found, .message = "the pod does not run"});
  });
}

std::unique_ptr<node_stream> local_node_streams::execute(container_target target,
                                                         std::vector<std::string> command, stream_terms terms,
                                                         node_stream_events events) {
  const auto pump = std::make_shared<stream_pump>(loop_, std::move(events));
  if (open_->load() >= streams_max)
    loop_->post([pump] { pump->fail(too_many_streams()); });
  else
    starters_.run([this, pump, target = std::move(target), command = std::move(command), terms] {
      const auto container = find_running(runtime_, target);
      runtime::command_terms wanted{.command = command,
                                    .input = terms.input,
                                    .output = terms.output,
                                    .error_output = terms.error_output,
                                    .terminal = terms.terminal};
      if (const auto size = terms.terminal ? pump->await_size() : std::nullopt)
        wanted.size = runtime::window_size{.columns = size->columns, .rows = size->rows};
      auto started = container ? runtime_.start_command(container->id, wanted)
                               : result<std::unique_ptr<runtime::command_process>>(container.error());
      if (!started) return loop_->post([pump, why = started.error()] { pump->fail(why); });
      const auto process = std::make_shared<std::unique_ptr<runtime::command_process>>(std::move(*started));
      loop_->post([pump, process] { pump->run_command(std::move(*process)); });
    });
  return hold(pump);
}

std::unique_ptr<node_stream> local_node_streams::attach(container_target target, stream_terms terms,
                                                        node_stream_events events) {
  const auto pump = std::make_shared<stream_pump>(loop_, std::move(events));
  if (open_->load() >= streams_max)
    loop_->post([pump] { pump->fail(too_many_streams()); });
  else
    starters_.run([this, pump, target = std::move(target), terms] {
      const auto container = find_running(runtime_, target);
      auto socket =
          container ? runtime_.attach(container->id) : result<runtime::unique_fd>(container.error());
      if (!socket) return loop_->post([pump, why = socket.error()] { pump->fail(why); });
      const auto connected = std::make_shared<runtime::unique_fd>(std::move(*socket));
      loop_->post([this, pump, connected, terms, id = container->id] {
        pump->run_attached(std::move(*connected), terms, [this, id](net::terminal_size size) {
          static_cast<void>(runtime_.resize(id, {.columns = size.columns, .rows = size.rows}));
        });
      });
    });
  return hold(pump);
}

std::unique_ptr<node_stream> local_node_streams::dial(std::string pod_uid, std::uint16_t port,
                                                      net::pod_door at, node_stream_events events) {
  const auto pump = std::make_shared<stream_pump>(loop_, std::move(events));
  if (open_->load() >= streams_max)
    loop_->post([pump] { pump->fail(too_many_streams()); });
  else
    starters_.run([this, pump, uid = std::move(pod_uid), port, at] {
      const auto sandbox = sandbox_of(runtime_, uid);
      auto socket = sandbox ? runtime_.dial(*sandbox, port, at)
                            : result<runtime::unique_fd>(
                                  error{.kind = error_kind::not_found, .message = "the pod does not run"});
      if (!socket) return loop_->post([pump, why = socket.error()] { pump->fail(why); });
      const auto connected = std::make_shared<runtime::unique_fd>(std::move(*socket));
      loop_->post([pump, connected] { pump->run_connection(std::move(*connected)); });
    });
  return hold(pump);
}

} // namespace actord::actors
