#include "actors/api/console_endpoint.hpp"

#include "actors/console/actor_registry.hpp"
#include "actors/worker/node_services.hpp"
#include "schema/base/json.hpp"

namespace actord::actors {
namespace {

error no_node() {
  return {.kind = error_kind::unavailable,
          .message = "no node is connected to this server",
          .causes = {},
          .subject = {}};
}

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

} // namespace actord::actors
