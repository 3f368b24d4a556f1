#include "actors/api/proxy/proxy_endpoint.hpp"

#include "actors/api/proxy/proxied_request.hpp"
#include "actors/api/proxy/proxy_target.hpp"
#include "actors/nodes/node_directory.hpp"
#include "actors/objects/refusals.hpp"
#include "schema/object/stored_object.hpp"
#include "storage/store.hpp"

#include <fmt/format.h>
#include <utility>

namespace actord::actors {
namespace {

constexpr int requests_max = 1000;
/// "/api/v1/namespaces/x/pods/y/proxy" and "/api/v1/nodes/x/proxy".
constexpr std::size_t namespaced_segments = 7;
constexpr std::size_t node_segments = 5;

template <class View>
std::optional<View> read_view(const storage::snapshot& reads, std::string_view plural,
                              const std::string& space, const std::string& name,
                              View (*parse)(std::string_view)) {
  const std::string_view bytes = reads.get({schema::builtin("", plural).id, space, name});
  if (bytes.empty()) return std::nullopt;
  const auto view = schema::object_view::open(bytes);
  if (!view) return std::nullopt;
  return parse(view->text());
}

std::vector<schema::endpoint_slice_view> slices_of(const storage::snapshot& reads, const std::string& space,
                                                   const std::string& service) {
  std::vector<schema::endpoint_slice_view> slices;
  const auto& type = schema::builtin("discovery.k8s.io", "endpointslices");
  for (const object_key& key : reads.labelled(type.id, space, "kubernetes.io/service-name", service)) {
    const auto view = schema::object_view::open(reads.get(key));
    if (!view) continue;
    auto slice = schema::parse_endpoint_slice(view->text());
    if (slice.service_name() == service) slices.push_back(std::move(slice));
  }
  return slices;
}

result<proxied_target> find_target(storage::store& store, const api_request& request,
                                   const proxied_name& name, random_source& random) {
  const auto reads = store.read();
  const std::string& space = request.route.space;
  const pod_lookup find_pod = [&](const std::string& of, const std::string& called) {
    return read_view(*reads, "pods", of, called, schema::parse_pod);
  };
  if (request.type().plural == "pods") {
    const auto pod = find_pod(space, name.name);
    if (!pod) return object_not_found(request.type(), name.name);
    return pod_target(name, *pod);
  }
  const auto service = read_view(*reads, "services", space, name.name, schema::parse_service);
  if (!service) return object_not_found(request.type(), name.name);
  return service_target(name, request.route.name, *service, slices_of(*reads, space, name.name), find_pod,
                        random);
}

/// An address without anything behind "proxy" is a directory's: relative links in it need the slash.
void redirect_to_slash(const api_request& request) {
  net::http_response response;
  response.code = 301;
  response.headers.emplace_back("location", request.http.path + "/" +
                                                (request.http.query.empty() ? "" : "?" + request.http.query));
  request.exchange->respond(std::move(response));
}

error busy() {
  return {.kind = error_kind::too_many_requests,
          .message = "too many requests are being proxied, please try again later",
          .causes = {},
          .subject = error_subject{},
          .retry_after_s = 1};
}

} // namespace

proxy_endpoint::~proxy_endpoint() {
  if (loop_) loop_->stop();
}

result<std::shared_ptr<net::stream_loop>> proxy_endpoint::loop() {
  const std::lock_guard lock(mutex_);
  if (!loop_) {
    auto started = net::stream_loop::start();
    if (!started) return started;
    loop_ = std::move(*started);
  }
  return loop_;
}

void proxy_endpoint::serve(const request_handle& request, node_directory* nodes) {
  const bool node = request->type().plural == "nodes";
  proxied_path path = split_proxied_path(request->http.path, node ? node_segments : namespaced_segments);
  const auto name = split_proxied_name(request->route.name);
  const std::string_view kind = request->type().plural.substr(0, request->type().plural.size() - 1);
  if (!name)
    return answer_error(*request,
                        bad_request(fmt::format("invalid {} request \"{}\"", kind, request->route.name)));
  if (node) return serve_node(request, path.rest);
  const auto target = find_target(store_, *request, *name, random_);
  if (!target) return answer_error(*request, target.error());
  const bool upgrade = asks_to_upgrade(*request);
  const bool looks = request->http.method == "GET" || request->http.method == "HEAD";
  if (path.rest.empty() && looks && !upgrade) return redirect_to_slash(*request);
  node_streams* through = nullptr;
  if (nodes != nullptr && !nodes->is_among_pods()) {
    const auto there = nodes->find(target->node);
    if (!there) return answer_error(*request, there.error());
    through = &(*there)->streams();
  }
  const auto carrier = loop();
  if (!carrier) return answer_error(*request, carrier.error());
  if (under_way_->fetch_add(1) >= requests_max) {
    under_way_->fetch_sub(1);
    return answer_error(*request, busy());
  }
  const auto passing = std::make_shared<proxied_request>(
      *carrier, proxied_request::terms{.request = request,
                                       .target = target->to,
                                       .through = through,
                                       .pod_uid = target->pod_uid,
                                       .path = std::move(path),
                                       .upgrade = upgrade,
                                       .extension = {},
                                       .over = [count = under_way_] { count->fetch_sub(1); }});
  (*carrier)->post([passing] { passing->start(); });
}

void proxy_endpoint::serve_node(const request_handle& request, std::string_view rest) {
  const auto reads = store_.read();
  const auto name = split_proxied_name(request->route.name);
  if (reads->get({request->type().stored_as, "", name->name}).empty())
    return answer_error(*request, object_not_found(request->type(), name->name));
  if (rest == "/healthz" && request->http.method == "GET") return answer_text(*request->exchange, 200, "ok");
  if ((rest == "/pods" || rest == "/pods/") && request->http.method == "GET") {
    std::string list = R"({"kind":"PodList","apiVersion":"v1","metadata":{},"items":[)";
    bool first = true;
    for (const object_key& key : reads->on_node(name->name)) {
      const auto view = schema::object_view::open(reads->get(key));
      if (!view) continue;
      if (!std::exchange(first, false)) list += ',';
      list += view->text();
    }
    return answer_bytes(*request, 200, "application/json", list + "]}");
  }
  answer_error(*request, {.kind = error_kind::not_found,
                          .message = fmt::format(
                              "node {} serves no \"{}\": of a node's own pages there are /healthz and /pods",
                              name->name, rest.empty() ? "/" : rest),
                          .causes = {},
                          .subject = error_subject{}});
}

} // namespace actord::actors
