#pragma once

#include "actors/webhooks/webhook_target.hpp"
#include "storage/store.hpp"

namespace actord::actors {

/// "ADDRESS:PORT" of a ready endpoint of a Service, as the state has both. The error is only the reason.
result<std::string> find_service_address(const storage::snapshot& reads, const webhook_service& wanted,
                                         random_source& random);

} // namespace actord::actors
