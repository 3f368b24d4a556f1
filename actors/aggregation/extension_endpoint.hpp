#pragma once

#include "actors/aggregation/extension_board.hpp"
#include "actors/aggregation/extension_caller.hpp"
#include "actors/aggregation/extension_documents.hpp"
#include "actors/api/api_request.hpp"

#include <atomic>
#include <memory>
#include <optional>

namespace actord::actors {

/// A request that is none of this server's own to answer.
struct extension_claim {
  request_route route;
  extension_handle service; ///< who answers; null: the route is a document that this server answers
};

/// What the API frontend knows of extension servers: which requests are theirs, how to pass them on, and what
/// they add to the documents. Asked only about paths that nothing here serves. Any thread.
class extension_endpoint {
public:
  extension_endpoint(const extension_services& services, const extension_board& board, extension_lines& lines,
                     extension_caller& caller)
      : services_(services), board_(board), lines_(lines), caller_(caller) {}

  /// None: the path leads nowhere.
  [[nodiscard]] std::optional<extension_claim> claim(std::string_view path) const;
  /// Whether a body goes to an extension server. Quick to say no: every request with a body is asked.
  [[nodiscard]] bool takes_body(std::string_view path) const;
  /// Passes an authorized request on.
  void serve(const request_handle& request, const extension_handle& service);
  /// What extension servers add to documents; none: nothing. By priority.
  [[nodiscard]] extension_list listed() const;
  /// "apis/G/V" of /openapi/v3 when it is an extension server's; false, with nothing answered, when it is
  /// not.
  bool serve_openapi(const request_handle& request, std::string_view name);

private:
  const extension_services& services_;
  const extension_board& board_;
  extension_lines& lines_;
  extension_caller& caller_;
  const std::shared_ptr<std::atomic<int>> under_way_ = std::make_shared<std::atomic<int>>(0);
};

} // namespace actord::actors
