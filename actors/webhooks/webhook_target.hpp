#pragma once

#include "actors/webhooks/webhook.hpp"
#include "net/calls/https_caller.hpp"
#include "schema/base/result.hpp"
#include "schema/base/rng.hpp"
#include "schema/view/endpoint_slice_view.hpp"
#include "schema/view/service_view.hpp"

#include <optional>

/// Where a webhook's calls go and what its HTTP answers mean. Pure.

namespace actord::actors {

/// The address that the call and errors name: of a service "https://NAME.NAMESPACE.svc:PORT/PATH?timeout=5s".
std::string call_url(const webhook& hook);
/// "https://NAME.NAMESPACE.svc:PORT/PATH".
std::string service_url(const webhook_service& service);

/// "ADDRESS:PORT" of a ready endpoint, picked by chance, of a webhook's service (none: there is no such
/// service). Whoever is called there has to prove that it is the service. The error is only the reason.
result<std::string> service_address(const webhook_service& wanted,
                                    const std::optional<schema::service_view>& service,
                                    const std::vector<schema::endpoint_slice_view>& slices,
                                    random_source& random);

/// The body of a good answer. The error is only the reason.
result<std::string> body_of(net::https_answer answer);

} // namespace actord::actors
