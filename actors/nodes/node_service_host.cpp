#include "actors/nodes/node_service_host.hpp"

#include "actors/nodes/hosted_log.hpp"
#include "actors/nodes/hosted_stream.hpp"
#include "actors/nodes/hosted_upload.hpp"
#include "actors/nodes/node_link.hpp"
#include "actors/nodes/node_messages.hpp"

#include <atomic>
#include <map>
#include <mutex>
#include <utility>

namespace actord::actors {
namespace {

/// Beside those the worker itself has for commands, connections and logs.
constexpr std::size_t work_max = 2000;
constexpr std::size_t writers_max = 8;

error no_worker() {
  return {.kind = error_kind::unavailable, .message = "this machine runs no containers now"};
}
error too_much() {
  return {.kind = error_kind::too_many_requests,
          .message = "too many streams are open on this node",
          .causes = {},
          .subject = {},
          .retry_after_s = 1};
}
error wrong_request() {
  return {.kind = error_kind::bad_request, .message = "not what this method is asked for"};
}

} // namespace

class node_service_host::state : public std::enable_shared_from_this<state> {
public:
  result<void> connect(node_services& node) {
    auto loop = net::stream_loop::start();
    if (!loop) return loop.error();
    const std::scoped_lock hold(mutex_);
    loop_ = std::move(*loop);
    writers_ = std::make_unique<worker_pool>(writers_max);
    node_ = &node;
    return {};
  }

  void disconnect() {
    std::unique_lock lock(mutex_);
    node_ = nullptr;
    const auto loop = loop_;
    lock.unlock();
    if (!loop) return;
    loop->stop();
    // Nothing of it runs any more, and no work begins.
    for (const auto& [number, work] : std::exchange(work_, {})) work->abandon();
    writers_.reset();
  }

  void find(const std::string& payload, const net::peer_answer& answer) {
    auto request = net::decode_node_request(payload);
    if (!request) return answer(request.error());
    const bool container = std::holds_alternative<net::node_request::find_container>(request->what);
    if (!container && !std::holds_alternative<net::node_request::find_pod>(request->what))
      return answer(wrong_request());
    const auto loop = running();
    if (!loop) return answer(no_worker());
    loop->post([self = shared_from_this(), container, request = std::move(*request), answer] {
      node_services* const node = self->node();
      if (node == nullptr) return answer(no_worker());
      const auto found = [answer](const result<void>& outcome) {
        answer(outcome ? result<std::string>(std::string()) : result<std::string>(outcome.error()));
      };
      if (container) return node->streams().find(target_of(request), found);
      node->streams().find_pod(request.pod_uid, found);
    });
  }

  result<net::stream_events> open(const std::string& payload, std::shared_ptr<net::peer_stream> stream) {
    auto request = net::decode_node_request(payload);
    if (!request) return request.error();
    if (std::holds_alternative<net::node_request::find_container>(request->what) ||
        std::holds_alternative<net::node_request::find_pod>(request->what))
      return wrong_request();
    // `disconnect` waits until it is open, or comes first.
    const std::scoped_lock hold(mutex_);
    if (node_ == nullptr) return no_worker();
    const auto& loop = loop_;
    const std::uint64_t number = begin();
    if (number == 0) return too_much();
    const auto over = [weak = weak_from_this(), number] {
      if (const auto self = weak.lock()) self->work_.erase(number);
    };
    const auto place = std::shared_ptr<void>(nullptr, [weak = weak_from_this()](void*) {
      if (const auto self = weak.lock()) --self->under_way_;
    });
    if (std::holds_alternative<net::node_request::log>(request->what)) {
      const auto log = std::make_shared<hosted_log>(std::move(stream), over);
      start(*loop, number, log,
            [log, request = *request](node_services& node) { log->begin(node, request); });
      return events_of(loop, log, place, [](hosted_log& self, const std::string&) { self.on_piece(); });
    }
    if (std::holds_alternative<net::node_request::image>(request->what)) {
      const auto upload = std::make_shared<hosted_upload>(*writers_, std::move(stream), over);
      start(*loop, number, upload, [upload](node_services& node) { upload->begin(node); });
      return events_of(loop, upload, place,
                       [](hosted_upload& self, const std::string& piece) { self.on_piece(piece); });
    }
    const auto command = std::make_shared<hosted_stream>(loop, std::move(stream), over);
    start(*loop, number, command,
          [command, request = *request](node_services& node) { command->begin(node, request); });
    return events_of(loop, command, place,
                     [](hosted_stream& self, const std::string& piece) { self.on_piece(piece); });
  }

private:
  node_services* node() {
    const std::scoped_lock hold(mutex_);
    return node_;
  }
  std::shared_ptr<net::stream_loop> running() {
    const std::scoped_lock hold(mutex_);
    return node_ == nullptr ? nullptr : loop_;
  }

  /// 0: there is too much under way.
  std::uint64_t begin() {
    if (under_way_.fetch_add(1) < work_max) return ++last_;
    --under_way_;
    return 0;
  }

  void start(net::stream_loop& loop, std::uint64_t number, std::shared_ptr<hosted_work> work,
             std::function<void(node_services&)> job) {
    loop.post([self = shared_from_this(), number, work = std::move(work), job = std::move(job)] {
      self->work_.emplace(number, work);
      if (node_services* const node = self->node()) return job(*node);
      work->abandon();
    });
  }

  /// Everything on the loop's thread; pieces are reported as taken by who gets them.
  template <class Work, class Piece>
  static net::stream_events events_of(const std::shared_ptr<net::stream_loop>& loop,
                                      const std::shared_ptr<Work>& work, const std::shared_ptr<void>& place,
                                      Piece on_piece) {
    net::stream_events events;
    events.piece = [loop, work, on_piece](std::string piece) {
      loop->post([work, on_piece, piece = std::move(piece)] { on_piece(*work, piece); });
      return net::intake::later;
    };
    events.drained = [loop, work] {
      if constexpr (requires { work->drained(); }) loop->post([work] { work->drained(); });
    };
    events.closed = [loop, work, place](const std::optional<error>&) {
      loop->post([work, place] { work->on_closed(); });
    };
    return events;
  }

  std::mutex mutex_;
  node_services* node_ = nullptr;
  std::shared_ptr<net::stream_loop> loop_;
  std::unique_ptr<worker_pool> writers_;
  std::atomic<std::size_t> under_way_{0};
  std::atomic<std::uint64_t> last_{0};
  /// The loop's thread only, and `disconnect` after it.
  std::map<std::uint64_t, std::shared_ptr<hosted_work>> work_;
};

node_service_host::node_service_host() : state_(std::make_shared<state>()) {}
node_service_host::~node_service_host() { disconnect(); }

void node_service_host::serve(node_methods& methods) {
  methods.serve(
      std::string(net::node_find_method),
      [state = state_](const net::peer_caller&, const std::string& payload, const net::peer_answer& answer) {
        state->find(payload, answer);
      },
      net::callers::members);
  methods.serve_stream(
      std::string(net::node_stream_method),
      [state = state_](const net::peer_caller&, const std::string& payload,
                       std::shared_ptr<net::peer_stream> stream) {
        return state->open(payload, std::move(stream));
      },
      net::callers::members);
}

result<void> node_service_host::connect(node_services& node) { return state_->connect(node); }
void node_service_host::disconnect() { state_->disconnect(); }

} // namespace actord::actors
