#pragma once

#include "actors/api/api_request.hpp"
#include "actors/api/request_options.hpp"
#include "schema/base/json.hpp"

#include <functional>

namespace actord::actors {

class webhook_gate;

/// Who else is asked about what is created to be answered and never stored: reviews and requests for tokens.
struct review_admission {
  const webhook_gate* webhooks = nullptr; ///< null: nobody
  /// Runs a job soon, on a thread where deciding may take its time.
  std::function<void(std::function<void()> job)> run;

  using object_taker = std::function<void(json object, std::vector<std::string> warnings)>;
  /// Shows `object` to admission webhooks. `settle` gets it as mutating webhooks left it, before validating
  /// ones see it; then `done` gets it, with what webhooks warned of. Where one refuses, or `settle` fails,
  /// the request is answered. At once where no webhook is concerned.
  void admit(const request_handle& request, const write_options& options, json object,
             std::function<result<void>(json& object)> settle, object_taker done) const;
};

} // namespace actord::actors
