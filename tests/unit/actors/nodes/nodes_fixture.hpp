#pragma once

#include "actors/nodes/node_directory.hpp"
#include "actors/nodes/node_link.hpp"
#include "actors/nodes/node_service_host.hpp"
#include "actors/worker/streams/node_streams.hpp"
#include "net/peer/node_frame.hpp"
#include "net/peer/node_request.hpp"
#include "tests/support/peer_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <fmt/format.h>
#include <thread>

/// A server and a node in one process, over real TLS on loopback, and a worker on that node that does what
/// the test says.

namespace actord::testing {

using namespace actord::actors;

/// Both ends of the network as actors/nodes sees them.
class peer_link_of final : public node_link, public node_methods {
public:
  explicit peer_link_of(net::peer_network& network) : network_(network) {}
  std::shared_ptr<net::peer_stream> open_node_stream(std::string_view node, std::string_view method,
                                                     std::string payload,
                                                     net::stream_events events) override {
    return network_.open_node_stream(node, method, std::move(payload), std::move(events));
  }
  void call_node(std::string_view node, std::string_view method, std::string payload,
                 std::chrono::milliseconds deadline, std::function<void(result<std::string>)> done) override {
    network_.call_node(node, method, std::move(payload), deadline, std::move(done));
  }
  void serve(std::string method, net::peer_handler handler, net::callers who) override {
    network_.serve(std::move(method), std::move(handler), who);
  }
  void serve_stream(std::string method, net::peer_stream_handler handler, net::callers who) override {
    network_.serve_stream(std::move(method), std::move(handler), who);
  }

private:
  net::peer_network& network_;
};

/// A worker without containers: writes down what it is asked, and lets the test be the process.
class scripted_node final : public node_services, public node_streams {
public:
  lines seen;
  node_stream_events process; ///< of the stream that was opened last
  std::function<void(const log_request&, const stream_receiver&)> log;
  std::function<result<void>(std::string_view)> disk; ///< takes pieces of images
  result<void> running;
  std::atomic<std::size_t> input_bytes{0};
  std::atomic<std::size_t> taken_bytes{0};

  ~scripted_node() override {
    for (std::thread& reader : readers_) reader.join();
  }

  void read_log(log_request request, stream_receiver receiver) override {
    readers_.emplace_back([this, request = std::move(request), receiver = std::move(receiver)] {
      log(request, receiver);
      seen.add("log read");
    });
  }
  result<std::unique_ptr<image_upload>> begin_image_load() override {
    seen.add("image");
    return std::unique_ptr<image_upload>(std::make_unique<upload>(*this));
  }
  node_streams& streams() override { return *this; }

  void find(container_target target, std::function<void(result<void>)> found) override {
    seen.add(fmt::format("find {}/{}/{}/{}", target.space, target.pod, target.pod_uid, target.container));
    found(running);
  }
  void find_pod(std::string pod_uid, std::function<void(result<void>)> found) override {
    seen.add("find pod " + pod_uid);
    found(running);
  }
  std::unique_ptr<node_stream> execute(container_target target, std::vector<std::string> command,
                                       stream_terms terms, node_stream_events events) override {
    return open(fmt::format("execute {} {} {}{}{}{}", target.container, command.size(), terms.input,
                            terms.output, terms.error_output, terms.terminal),
                std::move(events));
  }
  std::unique_ptr<node_stream> attach(container_target target, stream_terms terms,
                                      node_stream_events events) override {
    return open(fmt::format("attach {} {}", target.container, terms.terminal), std::move(events));
  }
  std::unique_ptr<node_stream> dial(std::string pod_uid, std::uint16_t port, net::pod_door at,
                                    node_stream_events events) override {
    return open(
        fmt::format("dial {} {}{}", pod_uid, port, at == net::pod_door::address ? " at its address" : ""),
        std::move(events));
  }
  void after(std::chrono::milliseconds, std::function<void()>) override {}

private:
  class stream final : public node_stream {
  public:
    explicit stream(scripted_node& of) : of_(of) {}
    ~stream() override { of_.seen.add("left"); }
    stream(const stream&) = delete;
    stream& operator=(const stream&) = delete;
    void send(shared_bytes bytes) override {
      of_.input_bytes += bytes->size();
      of_.seen.add("input " + bytes->substr(0, 20));
    }
    void finish() override { of_.seen.add("input ends"); }
    void resize(net::terminal_size size) override {
      of_.seen.add(fmt::format("size {}x{}", size.columns, size.rows));
    }
    void taken(stream_part part, std::size_t bytes) override {
      of_.taken_bytes += bytes;
      of_.seen.add(fmt::format("taken {} {}", static_cast<int>(part), bytes));
    }

  private:
    scripted_node& of_;
  };

  class upload final : public image_upload {
  public:
    explicit upload(scripted_node& of) : of_(of) {}
    ~upload() override { of_.seen.add("image dropped"); }
    upload(const upload&) = delete;
    upload& operator=(const upload&) = delete;
    result<void> write(std::string_view piece) override {
      of_.input_bytes += piece.size();
      return of_.disk ? of_.disk(piece) : result<void>();
    }
    void finish(std::function<void(result<std::vector<std::string>>)> done) override {
      of_.seen.add("image finished");
      done(std::vector<std::string>{"app:1", "app:2"});
    }

  private:
    scripted_node& of_;
  };

  std::unique_ptr<node_stream> open(std::string what, node_stream_events events) {
    process = std::move(events);
    seen.add(std::move(what));
    return std::make_unique<stream>(*this);
  }

  std::vector<std::thread> readers_;
};

/// The end of a stream at which somebody asked.
struct asking {
  lines seen;
  std::atomic<std::size_t> bytes{0};
  std::unique_ptr<node_stream> stream;

  node_stream_events events() {
    return {
        .received =
            [this](stream_part part, const shared_bytes& piece) {
              bytes += piece->size();
              seen.add(fmt::format("got {} {}", static_cast<int>(part), piece->substr(0, 20)));
            },
        .finished = [this](stream_part part) { seen.add(fmt::format("ends {}", static_cast<int>(part))); },
        .sent = [this](std::size_t count) { seen.add(fmt::format("sent {}", count)); },
        .ended =
            [this](const stream_end& end) {
              seen.add(end.failure
                           ? fmt::format("failed {} {}", http_code(end.failure->kind), end.failure->message)
                           : fmt::format("ended {}", end.exit_code));
            }};
  }
};

struct a_server_and_a_node : peer_cluster {
  peer_member& server = add(1);
  peer_member node;
  peer_link_of at_server{*server.network};
  peer_link_of at_node{*node.network};
  scripted_node worker;
  node_service_host host;
  node_directory directory{"n1", &at_server};
  const container_target target{"ns", "pod", "uid", "app"};
  asking asks;

  void begin() {
    host.serve(at_node);
    ALWAYS(host.connect(worker).has_value());
    connect();
  }
  void connect() {
    ALWAYS(server.start(options(1)).has_value());
    ALWAYS(node.start(worker_options("w")).has_value());
    node.network->set_address(1, server.at());
    BOOST_REQUIRE(server.seen.wait_for("node w"));
    BOOST_REQUIRE(node.seen.wait_for("connected 1"));
  }
  node_services& services() { return **directory.find("w"); }
  void execute() {
    asks.stream =
        services().streams().execute(target, {"sh"}, {.input = true, .output = true}, asks.events());
    BOOST_REQUIRE(worker.seen.wait_for("execute app 1 truetruefalsefalse"));
  }
  ~a_server_and_a_node() {
    host.disconnect();
    node.network->stop();
    server.network->stop();
  }
};

} // namespace actord::testing
