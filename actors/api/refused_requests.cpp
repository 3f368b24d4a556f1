#include "actors/api/refused_requests.hpp"

#include <fmt/format.h>

namespace actord::actors {

error only_as_itself() {
  return {.kind = error_kind::not_acceptable,
          .message = "only the following media types are accepted: application/json, application/yaml, "
                     "application/vnd.kubernetes.protobuf",
          .causes = {},
          .subject = error_subject{}};
}

error method_not_allowed() {
  return {.kind = error_kind::method_not_allowed,
          .message = "the server does not allow this method on the requested resource",
          .causes = {},
          .subject = error_subject{}};
}

bool is_plain(const net::http_request& request) {
  const std::string_view encoding = request.header("content-encoding");
  return encoding.empty() || encoding == "identity";
}

error packed_body(std::string_view encoding) {
  return {.kind = error_kind::unsupported_media_type,
          .message =
              fmt::format("the content encoding \"{}\" of the request's body is not supported", encoding),
          .causes = {},
          .subject = {}};
}

} // namespace actord::actors
