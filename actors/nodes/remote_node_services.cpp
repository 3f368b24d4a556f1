#include "actors/nodes/remote_node_services.hpp"

#include "actors/nodes/node_messages.hpp"
#include "actors/nodes/remote_log.hpp"
#include "actors/nodes/remote_stream.hpp"
#include "actors/nodes/remote_upload.hpp"

#include <utility>

namespace actord::actors {
namespace {

constexpr std::chrono::seconds find_patience{10};

} // namespace

void remote_node_services::read_log(log_request request, stream_receiver receiver) {
  remote_log::read(node_, std::move(request), std::move(receiver));
}

result<std::unique_ptr<image_upload>> remote_node_services::begin_image_load() {
  return std::unique_ptr<image_upload>(std::make_unique<remote_upload>(node_));
}

void remote_node_services::ask(const net::node_request& request, std::function<void(result<void>)> found) {
  node_.link.call_node(node_.name, net::node_find_method, net::encode_node_request(request), find_patience,
                       [node = node_.name, loop = node_.loop,
                        found = std::move(found)](const result<std::string>& answer) mutable {
                         result<void> outcome;
                         if (!answer) {
                           const bool by_node = answer.error().kind == error_kind::not_found;
                           outcome = by_node ? answer.error() : lost_node(node, answer.error());
                         }
                         loop->post(
                             [found = std::move(found), outcome = std::move(outcome)] { found(outcome); });
                       });
}

void remote_node_services::find(container_target target, std::function<void(result<void>)> found) {
  ask(request_about(target), std::move(found));
}

void remote_node_services::find_pod(std::string pod_uid, std::function<void(result<void>)> found) {
  ask(request_about_pod(std::move(pod_uid)), std::move(found));
}

std::unique_ptr<node_stream> remote_node_services::execute(container_target target,
                                                           std::vector<std::string> command,
                                                           stream_terms terms, node_stream_events events) {
  net::node_request request = request_about(target);
  request.what = net::node_request::execute{.command = std::move(command), .with = terms_of(terms)};
  return remote_stream::open(node_, request, std::move(events));
}

std::unique_ptr<node_stream> remote_node_services::attach(container_target target, stream_terms terms,
                                                          node_stream_events events) {
  net::node_request request = request_about(target);
  request.what = net::node_request::attach{terms_of(terms)};
  return remote_stream::open(node_, request, std::move(events));
}

std::unique_ptr<node_stream> remote_node_services::dial(std::string pod_uid, std::uint16_t port,
                                                        net::pod_door at, node_stream_events events) {
  net::node_request request = request_about_pod(std::move(pod_uid));
  request.what = net::node_request::dial{port, at};
  return remote_stream::open(node_, request, std::move(events));
}

void remote_node_services::after(std::chrono::milliseconds delay, std::function<void()> job) {
  node_.loop->post([loop = node_.loop.get(), delay, job = std::move(job)]() mutable {
    loop->after(delay, std::move(job));
  });
}

} // namespace actord::actors
