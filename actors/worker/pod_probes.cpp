#include "actors/worker/local_pod_operations.hpp"

#include <future>
#include <thread>

/// Probes and lifecycle hooks: the parts of the pod operations that speak to running containers.

namespace actord::actors {
namespace {

/// A port by number, or by the name of one of the container's ports. 0 when there is no such name.
std::uint16_t resolve_port(const schema::container_view& container, const schema::port_reference& port) {
  if (port.name.empty()) return static_cast<std::uint16_t>(port.number);
  for (const auto& each : container.ports)
    if (each.name == port.name) return static_cast<std::uint16_t>(each.container_port);
  return 0;
}

runtime::http_probe http_probe_of(const schema::http_get_action& get, const schema::container_view& container,
                                  const std::string& pod_ip) {
  runtime::http_probe request;
  request.address = get.host.empty() ? pod_ip : get.host;
  request.port = resolve_port(container, get.port);
  request.path = get.path.empty() ? "/" : get.path;
  request.tls = get.scheme == "HTTPS";
  for (const auto& header : get.headers) {
    if (header.name == "Host")
      request.host = header.value;
    else
      request.headers.emplace_back(header.name, header.value);
  }
  return request;
}

probe_outcome outcome_of(const runtime::probe_outcome& seen) {
  return {seen.verdict == runtime::probe_verdict::success, seen.message};
}

const schema::probe_view& probe_of(const schema::container_view& container, probe_kind kind) {
  const auto& chosen = kind == probe_kind::startup     ? container.startup
                       : kind == probe_kind::readiness ? container.readiness
                                                       : container.liveness;
  return *chosen;
}

} // namespace

void local_pod_operations::probe(const schema::pod_view&, const schema::container_view& container,
                                 probe_kind kind, const std::string& container_id, const std::string& pod_ip,
                                 std::function<void(probe_outcome)> done) {
  const schema::probe_view& wanted = probe_of(container, kind);
  const std::chrono::milliseconds timeout = std::chrono::seconds{wanted.timeout_s};
  auto answer = [done](const runtime::probe_outcome& seen) { done(outcome_of(seen)); };
  if (wanted.action.http_get) {
    with_.prober.probe(http_probe_of(*wanted.action.http_get, container, pod_ip), timeout, std::move(answer));
  } else if (wanted.action.tcp_socket) {
    const auto& socket = *wanted.action.tcp_socket;
    with_.prober.probe(
        runtime::tcp_probe{socket.host.empty() ? pod_ip : socket.host, resolve_port(container, socket.port)},
        timeout, std::move(answer));
  } else if (wanted.action.exec) {
    with_.pool.run(
        [this, container_id, command = wanted.action.exec->command, timeout, done = std::move(done)] {
          done(outcome_of(runtime::probe_by_command(with_.runtime, container_id, command, timeout)));
        });
  } else {
    done({false, "this kind of probe is not supported by this node"});
  }
}

std::string local_pod_operations::run_hook(const schema::action_view& hook,
                                           const schema::container_view& container, const std::string& id,
                                           const std::string& pod_ip, std::chrono::milliseconds timeout) {
  if (hook.exec) {
    auto done = with_.runtime.exec(id, hook.exec->command, timeout);
    if (!done) return done.error().message;
    if (done->timed_out) return "the command did not end in time";
    return done->exit_code == 0
               ? ""
               : "the command ended with code " + std::to_string(done->exit_code) + ": " + done->output;
  }
  if (hook.http_get) {
    std::promise<runtime::probe_outcome> seen;
    with_.prober.probe(http_probe_of(*hook.http_get, container, pod_ip), timeout,
                       [&](runtime::probe_outcome outcome) { seen.set_value(std::move(outcome)); });
    const runtime::probe_outcome outcome = seen.get_future().get();
    return outcome.verdict == runtime::probe_verdict::success ? "" : outcome.message;
  }
  if (hook.sleep_s)
    std::this_thread::sleep_for(
        std::min<std::chrono::milliseconds>(timeout, std::chrono::seconds{*hook.sleep_s}));
  return {};
}

} // namespace actord::actors
