#pragma once

#include "actors/api/api_request.hpp"

#include <functional>

namespace actord::actors {

class admission_chain;
class webhook_gate;

/// Null ones are not asked.
struct connection_judges {
  const admission_chain* admission = nullptr;
  const webhook_gate* webhooks = nullptr;
};

/// The options of a connection as the API has them: PodExecOptions and the like, from the query and path.
json connect_options(const api_request& request);

/// Asks admission policies and webhooks about a connection to a pod, service or node, then goes on or answers
/// the refusal. Whoever runs jobs for it may use several threads; at once if no webhook is concerned.
void review_connection(const connection_judges& judges, const std::function<void(std::function<void()>)>& run,
                       const request_handle& request, std::function<void()> go_on);

} // namespace actord::actors
