#include "actors/webhooks/webhook_target.hpp"

#include "actors/api/proxy/proxy_target.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace actord::actors {
namespace {

constexpr std::size_t quoted_bytes_max = 256;

error no_way(std::string why) { return {.kind = error_kind::unavailable, .message = std::move(why)}; }

std::string with_port(const std::string& address, std::int64_t port) {
  return address.find(':') == std::string::npos ? fmt::format("{}:{}", address, port)
                                                : fmt::format("[{}]:{}", address, port);
}

} // namespace

std::string call_url(const webhook& hook) {
  if (!hook.service) return fmt::format("{}?timeout={}s", hook.url, hook.timeout.count());
  return fmt::format("{}?timeout={}s", service_url(*hook.service), hook.timeout.count());
}

std::string service_url(const webhook_service& service) {
  return fmt::format("https://{}.{}.svc:{}{}{}", service.name, service.space, service.port,
                     service.path.starts_with('/') ? "" : "/", service.path);
}

result<std::string> service_address(const webhook_service& wanted,
                                    const std::optional<schema::service_view>& service,
                                    const std::vector<schema::endpoint_slice_view>& slices,
                                    random_source& random) {
  if (!service) return no_way(fmt::format("service \"{}\" not found", wanted.name));
  if (service->type == "ExternalName") return with_port(service->external_name, wanted.port);
  const auto declared =
      std::ranges::find_if(service->ports, [&](const auto& port) { return port.port == wanted.port; });
  if (declared == service->ports.end())
    return no_way(fmt::format("no service port {} found for service \"{}\"", wanted.port, wanted.name));
  std::vector<std::string> addresses;
  for (const auto& slice : slices)
    for (const auto& port : slice.ports) {
      if (port.name != declared->name || !port.port) continue;
      for (const auto& endpoint : slice.endpoints)
        if (endpoint.ready && !endpoint.addresses.empty() && may_be_proxied(endpoint.addresses.front()))
          addresses.push_back(with_port(endpoint.addresses.front(), *port.port));
    }
  if (addresses.empty()) return no_way(fmt::format("no endpoints available for service \"{}\"", wanted.name));
  return addresses[random.next() % addresses.size()];
}

result<std::string> body_of(net::https_answer answer) {
  if (answer.code >= 200 && answer.code < 300) return std::move(answer.body);
  if (answer.code == 404) return no_way("the server could not find the requested resource");
  if (answer.code >= 300 && answer.code < 400)
    return no_way(fmt::format(
        "the server responded with the status code {} but did not return more information", answer.code));
  if (answer.code >= 500)
    return no_way(fmt::format("an error on the server (\"{}\") has prevented the request from succeeding",
                              answer.body.substr(0, quoted_bytes_max)));
  return no_way(fmt::format("the server rejected our request for an unknown reason (code {})", answer.code));
}

} // namespace actord::actors
