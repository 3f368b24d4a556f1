#include "actors/api/console_endpoint.hpp"

#include "actors/console/actor_registry.hpp"
#include "actors/objects/refusals.hpp"
#include "actors/worker/node_services.hpp"
#include "schema/base/json.hpp"
#include "schema/base/timestamp.hpp"

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <fmt/format.h>
#include <mutex>

namespace actord::actors {
namespace {

error no_node() {
  return {.kind = error_kind::unavailable,
          .message = "no node is connected to this server",
          .causes = {},
          .subject = {}};
}

std::optional<std::int64_t> number(const query_values& query, std::string_view name) {
  const std::string_view text = query.get(name);
  std::int64_t value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || failure != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

/// The container to read: the one named, or the only one there is.
result<std::string> choose_container(const log_target& target, std::string_view wanted) {
  const auto joined = [&] { return fmt::format("[{}]", fmt::join(target.containers, " ")); };
  if (wanted.empty()) {
    if (target.containers.size() == 1) return target.containers.front();
    return bad_request(fmt::format("a container name must be specified for pod {}, choose one of: {}",
                                   target.pod, joined()));
  }
  if (std::ranges::find(target.containers, wanted) == target.containers.end())
    return bad_request(fmt::format("container {} is not valid for pod {}", wanted, target.pod));
  return std::string(wanted);
}

/// The answer to one log request: a stream that begins with the first piece, or an error before it.
class log_stream : public std::enable_shared_from_this<log_stream> {
public:
  explicit log_stream(request_handle request) : request_(std::move(request)) {}

  /// Waits for a client that reads slowly; false once it is gone. Log readers have threads of their own for
  /// that.
  bool more(std::string_view piece) {
    constexpr std::size_t pending_max_bytes = 1024 * 1024;
    constexpr std::chrono::seconds look_again{1};
    begin();
    {
      std::unique_lock lock(line_->mutex);
      while (!line_->gone && request_->exchange->pending_bytes() > pending_max_bytes)
        line_->changed.wait_for(lock, look_again);
      if (line_->gone) return false;
    }
    request_->exchange->write(share_bytes(std::string(piece)));
    return true;
  }

  void done(const result<void>& outcome) {
    if (!outcome && !begun_) return answer_error(*request_, outcome.error());
    begin();
    request_->exchange->end();
  }

  void watch_client() {
    request_->exchange->on_closed([line = line_] {
      const std::lock_guard lock(line->mutex);
      line->gone = true;
      line->changed.notify_all();
    });
    request_->exchange->on_drained([line = line_] { line->changed.notify_all(); });
  }

private:
  void begin() {
    if (std::exchange(begun_, true)) return;
    net::http_response head;
    head.headers.emplace_back("content-type", "text/plain");
    request_->exchange->begin(std::move(head));
  }

  /// What the client's connection tells, from its own thread.
  struct client_line {
    std::mutex mutex;
    std::condition_variable changed;
    bool gone = false;
  };

  request_handle request_;
  std::shared_ptr<client_line> line_ = std::make_shared<client_line>();
  bool begun_ = false;
};

} // namespace

void serve_actors(const actor_registry& registry, const request_handle& request) {
  json items = json::array();
  const std::string_view kind = request->query.get("kind");
  for (const actor_report& report : registry.report()) {
    if (!kind.empty() && report.kind != kind) continue;
    items.push_back({{"kind", report.kind},
                     {"key", report.key},
                     {"mailbox", report.mailbox},
                     {"handled", report.handled},
                     {"lastMessage", report.last_message},
                     {"summary", report.summary}});
  }
  const json document = {{"kind", "ActorList"}, {"apiVersion", "actord.dev/v1"}, {"items", std::move(items)}};
  answer_json(*request, 200, document.dump());
}

std::unique_ptr<net::body_sink> receive_image(node_services* node, const net::exchange_handle& exchange) {
  auto sink = std::make_unique<net::body_sink>();
  if (node == nullptr) {
    sink->more = [](std::string_view) -> result<void> { return no_node(); };
    sink->complete = [exchange] { answer_error(*exchange, no_node()); };
    sink->aborted = [] {};
    return sink;
  }
  auto begun = node->begin_image_load();
  // The body is read to its end even so: a client that is still sending would not see the answer.
  const auto failure = std::make_shared<std::optional<error>>();
  auto upload = std::make_shared<std::shared_ptr<image_upload>>();
  if (begun)
    *upload = std::move(*begun);
  else
    *failure = begun.error();
  sink->more = [upload, failure](std::string_view piece) -> result<void> {
    if (*failure) return {};
    if (auto written = (*upload)->write(piece); !written) {
      *failure = written.error();
      upload->reset();
    }
    return {};
  };
  sink->complete = [upload, failure, exchange] {
    if (*failure) return answer_error(*exchange, **failure);
    (*upload)->finish([upload, exchange](result<std::vector<std::string>> names) {
      if (!names) return answer_error(*exchange, names.error());
      net::http_response response;
      response.code = 201;
      response.headers.emplace_back("content-type", "application/json");
      response.body = share_bytes(
          json{{"kind", "ImageLoad"}, {"apiVersion", "actord.dev/v1"}, {"images", *names}}.dump() + "\n");
      exchange->respond(std::move(response));
    });
  };
  sink->aborted = [upload] { upload->reset(); };
  return sink;
}

void serve_log(node_services* node, const request_handle& request, log_target target) {
  if (node == nullptr) return answer_error(*request, no_node());
  auto container = choose_container(target, request->query.get("container"));
  if (!container) return answer_error(*request, container.error());
  log_request wanted{.space = std::move(target.space),
                     .pod = std::move(target.pod),
                     .pod_uid = std::move(target.pod_uid),
                     .container = std::move(*container),
                     .follow = request->query.flag("follow"),
                     .previous = request->query.flag("previous"),
                     .timestamps = request->query.flag("timestamps"),
                     .tail_lines = number(request->query, "tailLines"),
                     .limit_bytes = number(request->query, "limitBytes"),
                     .since_unix_s = {}};
  if (const auto since = number(request->query, "sinceSeconds"))
    wanted.since_unix_s =
        std::chrono::duration_cast<std::chrono::seconds>(system_clock_source().wall_now().time_since_epoch())
            .count() -
        *since;
  if (const auto at = schema::parse_time(request->query.get("sinceTime")))
    wanted.since_unix_s = std::chrono::duration_cast<std::chrono::seconds>(at->time_since_epoch()).count();
  const auto stream = std::make_shared<log_stream>(request);
  stream->watch_client();
  node->read_log(std::move(wanted), {[stream](std::string_view piece) { return stream->more(piece); },
                                     [stream](const result<void>& outcome) { stream->done(outcome); }});
}

} // namespace actord::actors
