#include "actors/api/streams/spdy_command.hpp"

#include "actors/api/streams/byte_carrier.hpp"
#include "actors/api/streams/spdy_upgrade.hpp"
#include "net/spdy/spdy_session.hpp"

#include <array>
#include <optional>
#include <utility>

namespace actord::actors {
namespace {

constexpr std::size_t streams_max = 8;               ///< a command has five at most
constexpr std::chrono::seconds streams_patience{30}; ///< for all of a command's streams to be opened

/// The newest first: the order of preference is the client's.
constexpr std::array<std::string_view, 4> protocols{"v4.channel.k8s.io", "v3.channel.k8s.io",
                                                    "v2.channel.k8s.io", "channel.k8s.io"};

class spdy_command final : public command_session {
public:
  spdy_command(node_streams& node, command_request command, std::string_view protocol)
      : command_session(node, std::move(command)), node_(node), status_is_object_(protocol == protocols[0]),
        has_resize_(protocol == protocols[0] || protocol == protocols[1]) {}

  bool open(net::http_exchange& exchange, std::string_view protocol) {
    const auto self = std::static_pointer_cast<spdy_command>(shared_from_this());
    const std::lock_guard lock(mutex_);
    auto stream =
        exchange.switch_protocols({{"upgrade", "SPDY/3.1"}, {protocol_header, std::string(protocol)}},
                                  {.received = [self](std::string_view bytes) { self->receive(bytes); },
                                   .drained = [self] { self->on_drained(); },
                                   .closed = [self] { self->on_closed(); }});
    if (!stream) return false;
    carrier_.emplace(std::move(stream));
    spdy_.emplace(net::spdy_session::role::server, streams_max, session_events());
    carrier_->resume();
    node_.after(streams_patience, [weak = std::weak_ptr(self)] {
      if (const auto late = weak.lock()) late->give_up();
    });
    return true;
  }

protected:
  void put_output(stream_part part, const shared_bytes& bytes) override {
    spdy_->send(part == stream_part::output ? output_ : error_output_, *bytes);
    flush();
  }
  void put_finished(stream_part part) override {
    spdy_->finish(part == stream_part::output ? output_ : error_output_);
    flush();
  }
  void put_end(const stream_end& end) override {
    spdy_->send(status_, status_is_object_ ? command_status(end) : command_failure_text(end));
    for (const std::uint32_t stream : {status_, output_, error_output_, input_, resize_})
      if (stream != 0) spdy_->finish(stream);
    spdy_->go_away();
    flush();
    carrier_->end();
  }
  [[nodiscard]] std::size_t pending_bytes() const override {
    return carrier_->pending_bytes() + spdy_->queued_bytes();
  }
  void pause() override { carrier_->pause(); }
  void resume() override { carrier_->resume(); }

private:
  /// Called from within `receive`, so with the lock held.
  net::spdy_events session_events() {
    return {.opened = [this](std::uint32_t id, const net::spdy_headers& headers,
                             bool finished) { on_stream(id, headers, finished); },
            .replied = {},
            .received = [this](std::uint32_t id, std::string_view bytes) { on_data(id, bytes); },
            .finished =
                [this](std::uint32_t id) {
                  if (id == input_) finish_input();
                },
            .reset =
                [this](std::uint32_t id) {
                  if (id == input_) finish_input();
                },
            .going_away = {}};
  }

  void receive(std::string_view bytes) {
    const std::lock_guard lock(mutex_);
    const auto read = spdy_->receive(bytes);
    flush();
    if (read || is_over()) return;
    client_gone();
    carrier_->end();
  }

  /// A client that opened the connection and not its streams.
  void give_up() {
    const std::lock_guard lock(mutex_);
    if (complete_ || is_over()) return;
    client_gone();
    carrier_->end();
  }

  void on_drained() {
    const std::lock_guard lock(mutex_);
    drained();
  }

  void on_closed() {
    const std::lock_guard lock(mutex_);
    client_gone();
  }

  void on_stream(std::uint32_t id, const net::spdy_headers& headers, bool finished) {
    std::uint32_t* place = place_of(net::find_header(headers, "streamtype"));
    if (place == nullptr || *place != 0) return spdy_->reset(id, net::spdy_reset::refused_stream);
    *place = id;
    spdy_->reply(id);
    if (finished && place == &input_) input_finished_early_ = true;
    start_when_complete();
  }

  std::uint32_t* place_of(std::string_view type) {
    if (type == "error") return &status_;
    if (type == "stdin") return &input_;
    if (type == "stdout") return &output_;
    if (type == "stderr") return &error_output_;
    if (type == "resize" && has_resize_) return &resize_;
    return nullptr;
  }

  void start_when_complete() {
    const stream_terms& terms = request().terms;
    const bool complete = status_ != 0 && (!terms.input || input_ != 0) && (!terms.output || output_ != 0) &&
                          (!terms.error_output || error_output_ != 0) &&
                          (!terms.terminal || !has_resize_ || resize_ != 0);
    if (!complete) return;
    complete_ = true;
    begin();
    if (input_finished_early_) finish_input();
  }

  void on_data(std::uint32_t id, std::string_view bytes) {
    if (id == input_) take_input(bytes);
    if (id == resize_) take_sizes(bytes);
    spdy_->consumed(id, bytes.size());
  }

  /// A sequence of JSON objects without separators, cut into pieces wherever.
  void take_sizes(std::string_view bytes) {
    constexpr std::size_t unread_max = 4096;
    sizes_ += bytes;
    for (std::size_t end = sizes_.find('}'); end != std::string::npos; end = sizes_.find('}')) {
      take_size(std::string_view(sizes_).substr(0, end + 1));
      sizes_.erase(0, end + 1);
    }
    if (sizes_.size() > unread_max) sizes_.clear();
  }

  void flush() {
    if (std::string output = spdy_->take_output(); !output.empty()) carrier_->write(std::move(output));
  }

  node_streams& node_;
  const bool status_is_object_;
  const bool has_resize_;
  std::optional<plain_carrier> carrier_;
  std::optional<net::spdy_session> spdy_;
  std::uint32_t status_ = 0;
  std::uint32_t input_ = 0;
  std::uint32_t output_ = 0;
  std::uint32_t error_output_ = 0;
  std::uint32_t resize_ = 0;
  bool input_finished_early_ = false;
  bool complete_ = false; ///< all its streams were opened
  std::string sizes_;     ///< the beginning of a size whose end has not come
};

} // namespace

void open_spdy_command(node_streams& node, const request_handle& request, command_request command) {
  const auto protocol = negotiate_spdy(*request, protocols);
  if (!protocol) return;
  const auto session = std::make_shared<spdy_command>(node, std::move(command), *protocol);
  if (!session->open(*request->exchange, *protocol)) answer_error(*request, cannot_upgrade());
}

} // namespace actord::actors
