#include "net/peer/peer_network.hpp"

#include "net/peer/member_link.hpp"
#include "net/peer/peer_context.hpp"
#include "net/peer/peer_entrance.hpp"
#include "schema/base/always.hpp"
#include "schema/base/urgent_thread.hpp"

#include <kj/async-unix.h>

#include <map>
#include <mutex>
#include <optional>
#include <thread>

#include <spdlog/spdlog.h>

namespace actord::net {

namespace {

/// So many events in a row before the sockets are looked at again: one busy connection does not starve
/// others.
constexpr unsigned events_between_polls = 64;

/// KJ speaks to stderr unless told otherwise.
class kj_log final : public kj::ExceptionCallback {
public:
  void logMessage(kj::LogSeverity severity, const char* file, int line, int, kj::String&& text) override {
    const auto level = severity >= kj::LogSeverity::WARNING ? spdlog::level::warn : spdlog::level::debug;
    spdlog::log(level, "network between nodes: {}:{}: {}", file, line,
                std::string_view(text.begin(), text.size()));
  }
};

class peer_transport final : public storage::raft_transport {
public:
  explicit peer_transport(std::shared_ptr<peer_mail> mail) : mail_(std::move(mail)) {}
  void send(storage::member_id to, std::string bytes) override { mail_->raft(to, std::move(bytes), false); }

private:
  std::shared_ptr<peer_mail> mail_;
};

/// Everything that lives on the network's thread, and only while it runs.
struct peer_loop {
  peer_loop(peer_context& shared, unique_fd listener)
      : context(shared),
        wake(shared.port, shared.mail->wake_fd(), kj::UnixEventPort::FdObserver::OBSERVE_READ) {
    if (listener) entrance.emplace(shared, std::move(listener));
    auto pair = kj::newPromiseAndFulfiller<void>();
    stopped = kj::mv(pair.promise);
    stop = kj::mv(pair.fulfiller);
  }

  kj::Promise<void> serve_mail() {
    for (const auto& task : context.mail->take_tasks()) task();
    for (const peer_key& peer : context.mail->take_changed()) {
      const auto talk = context.talks.find(peer);
      if (talk != context.talks.end()) talk->second->pump();
    }
    return wake.whenBecomesReadable().then([this] { return serve_mail(); });
  }

  peer_context& context;
  kj::UnixEventPort::FdObserver wake;
  kj::Promise<void> stopped = nullptr;
  kj::Own<kj::PromiseFulfiller<void>> stop;
  std::optional<peer_entrance> entrance; ///< a worker has none
  std::map<storage::member_id, std::unique_ptr<member_link>> links;
};

class network_thread final : public peer_network {
public:
  network_thread(const clock_source& clock, random_source& random)
      : clock_(clock), random_(random), mail_(std::make_shared<peer_mail>()) {}
  ~network_thread() override { stop(); }
  network_thread(const network_thread&) = delete;
  network_thread& operator=(const network_thread&) = delete;

  std::unique_ptr<storage::raft_transport> transport() override {
    return std::make_unique<peer_transport>(mail_);
  }

  void serve(std::string method, peer_handler handler, callers who) override {
    ALWAYS(method.size() < method_bytes_max);
    handlers_.insert_or_assign(std::move(method), served_method<peer_handler>{std::move(handler), who});
  }

  void serve_stream(std::string method, peer_stream_handler handler, callers who) override {
    ALWAYS(method.size() < method_bytes_max);
    stream_handlers_.insert_or_assign(std::move(method),
                                      served_method<peer_stream_handler>{std::move(handler), who});
  }

  result<void> start(peer_options options, peer_events events) override {
    ALWAYS(!thread_.joinable());
    auto tls = usable(options, options.credentials);
    if (!tls) return tls.error();
    unique_fd socket;
    if (options.self != 0) {
      auto listener = listen_on(options.listen_address, options.port);
      if (!listener) return listener.error();
      socket = std::move(listener->first);
      port_ = listener->second;
    }
    mail_->limit(options.limits);
    {
      const std::scoped_lock hold(mutex_);
      own_ = options;
    }
    thread_ = std::thread([this, options = std::move(options), events = std::move(events),
                           tls = *std::move(tls), socket = std::move(socket)]() mutable {
      run(std::move(options), std::move(events), std::move(tls), std::move(socket));
    });
    return {};
  }

  void stop() override {
    if (!thread_.joinable()) return mail_->close();
    ALWAYS(thread_.get_id() != std::this_thread::get_id());
    mail_->post([this] { loop_->stop->fulfill(); });
    thread_.join();
  }

  std::uint16_t port() const override { return port_; }

  void set_address(storage::member_id member, std::string host_port) override {
    mail_->post([this, member, host_port = std::move(host_port)] {
      auto& context = loop_->context;
      if (member == 0 || member == context.options.self) return;
      auto& link = loop_->links[member];
      if (link && link->address() == host_port) return;
      link.reset();
      link = std::make_unique<member_link>(context, member, host_port);
    });
  }

  void forget(storage::member_id member) override {
    mail_->post([this, member] {
      loop_->links.erase(member);
      if (loop_->entrance) loop_->entrance->end_connections_of({member, {}}, no_longer_member);
      loop_->context.mail->forget({member, {}});
    });
  }

  void forget_node(std::string node) override {
    mail_->post([this, node = std::move(node)] {
      if (loop_->entrance) loop_->entrance->end_connections_of({0, node}, no_longer_member);
    });
  }

  result<void> set_credentials(peer_credentials credentials) override {
    std::optional<peer_options> own;
    {
      const std::scoped_lock hold(mutex_);
      own = own_;
    }
    if (!own) return error{.kind = error_kind::unavailable, .message = "the network has not started"};
    auto tls = usable(*own, credentials);
    if (!tls) return tls.error();
    mail_->post([this, tls = std::make_shared<tls_context>(*std::move(tls))] {
      loop_->context.tls = std::move(*tls);
    });
    return {};
  }

  void call(storage::member_id peer, std::string_view method, std::string payload,
            std::chrono::milliseconds deadline, std::function<void(result<std::string>)> done) override {
    call({peer, {}}, method, std::move(payload), deadline, std::move(done));
  }

  void call_node(std::string_view node, std::string_view method, std::string payload,
                 std::chrono::milliseconds deadline, std::function<void(result<std::string>)> done) override {
    call({0, std::string(node)}, method, std::move(payload), deadline, std::move(done));
  }

  std::shared_ptr<peer_stream> open_stream(storage::member_id peer, std::string_view method,
                                           std::string payload, stream_events events) override {
    return open({peer, {}}, method, std::move(payload), std::move(events));
  }

  std::shared_ptr<peer_stream> open_node_stream(std::string_view node, std::string_view method,
                                                std::string payload, stream_events events) override {
    return open({0, std::string(node)}, method, std::move(payload), std::move(events));
  }

  std::vector<peer_status> peers() const override { return mail_->statuses(); }
  std::vector<node_status> nodes() const override { return mail_->nodes(); }

private:
  static constexpr std::string_view no_longer_member = "it no longer belongs to the cluster";

  void call(const peer_key& to, std::string_view method, std::string payload,
            std::chrono::milliseconds deadline, std::function<void(result<std::string>)> done) {
    if (payload.size() > mail_->call_bytes()) {
      return done(error{.kind = error_kind::too_large, .message = "the request is too large for its leader"});
    }
    mail_->call(to,
                {std::string(method), std::move(payload), clock_.steady_now() + deadline, std::move(done)});
  }

  /// A stream on its way to the network's thread. Where it does not arrive, its user hears of it.
  struct opening {
    peer_key to;
    std::string method;
    std::string payload;
    stream_events events;
    std::shared_ptr<stream_box> box;

    ~opening() {
      if (!box) return;
      box->close();
      if (events.closed) events.closed(not_connected(to));
    }
  };

  std::shared_ptr<peer_stream> open(peer_key to, std::string_view method, std::string payload,
                                    stream_events events) {
    auto box = std::make_shared<stream_box>(mail_);
    auto handle = box->handle();
    std::shared_ptr<opening> wanted(
        new opening{std::move(to), std::string(method), std::move(payload), std::move(events), box});
    mail_->post([this, wanted = std::move(wanted)] {
      const auto key = mail_->key_for(wanted->to);
      const auto talk = loop_->context.talks.find(key);
      if (talk == loop_->context.talks.end()) return;
      talk->second->streams().open(std::exchange(wanted->box, nullptr), wanted->method,
                                   std::move(wanted->payload), std::move(wanted->events));
    });
    return handle;
  }

  static result<tls_context> usable(const peer_options& own, const peer_credentials& credentials) {
    auto owner = owner_of(credentials);
    if (!owner) return owner.error();
    if (auto may = may_use(*owner, own); !may) return may.error();
    return make_peer_tls(credentials);
  }

  void run(peer_options options, peer_events events, tls_context tls, unique_fd socket) {
    make_thread_urgent("peers");
    kj_log log;
    auto fault = kj::runCatchingExceptions([&] {
      auto io = kj::setupAsyncIo();
      io.waitScope.setBusyPollInterval(events_between_polls);
      peer_context context{.clock = clock_,
                           .random = random_,
                           .mail = mail_,
                           .options = std::move(options),
                           .events = std::move(events),
                           .handlers = std::move(handlers_),
                           .stream_handlers = std::move(stream_handlers_),
                           .tls = std::move(tls),
                           .port = io.unixEventPort,
                           .timer = io.provider->getTimer(),
                           .network = io.provider->getNetwork()};
      peer_loop loop(context, std::move(socket));
      loop_ = &loop;
      auto serving = loop.serve_mail().eagerlyEvaluate(nullptr);
      loop.stopped.exclusiveJoin(kj::mv(serving)).wait(io.waitScope);
      mail_->close();
    });
    KJ_IF_MAYBE (broken, fault) {
      ALWAYS_WITH(false, string_of(*broken));
    }
  }

  const clock_source& clock_;
  random_source& random_;
  std::shared_ptr<peer_mail> mail_;
  method_table<peer_handler> handlers_;
  method_table<peer_stream_handler> stream_handlers_;
  std::mutex mutex_;
  std::optional<peer_options> own_;
  std::uint16_t port_ = 0;
  peer_loop* loop_ = nullptr; ///< the network's thread only
  std::thread thread_;
};

} // namespace

std::unique_ptr<peer_network> peer_network::create(const clock_source& clock, random_source& random) {
  return std::make_unique<network_thread>(clock, random);
}

} // namespace actord::net
