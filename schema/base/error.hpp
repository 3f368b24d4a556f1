#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace actord {

/// What the caller can do about it, which is also what the HTTP status code tells it. A kind exists only if
/// some caller reacts to it differently.
enum class error_kind : std::uint8_t {
  bad_request,            ///< 400 BadRequest: mend the request
  unauthorized,           ///< 401 Unauthorized: show who you are
  forbidden,              ///< 403 Forbidden: ask for the right
  not_found,              ///< 404 NotFound
  method_not_allowed,     ///< 405 MethodNotAllowed
  not_acceptable,         ///< 406 NotAcceptable
  already_exists,         ///< 409 AlreadyExists: pick another name
  conflict,               ///< 409 Conflict: read again, try again
  gone,                   ///< 410 Gone
  expired,                ///< 410 Expired: the revision is compacted, list again
  too_large,              ///< 413 RequestEntityTooLarge
  unsupported_media_type, ///< 415 UnsupportedMediaType
  invalid,                ///< 422 Invalid: `causes` name the fields
  too_many_requests,      ///< 429 TooManyRequests: wait `retry_after_s`
  internal,               ///< 500 InternalError
  unavailable,            ///< 503 ServiceUnavailable: try again later, nothing was done
  timeout,                ///< 504 Timeout: the outcome may be unknown
};

/// One entry of Status.details.causes, for example {"FieldValueRequired", "Required value", "spec.image"}.
struct error_cause {
  std::string reason;
  std::string message;
  std::string field;

  bool operator==(const error_cause&) const = default;
};

/// The object an error is about: Status.details.{group,kind,name,uid}.
struct error_subject {
  std::string group;
  std::string kind; ///< the kind ("Pod") for `invalid`, the plural resource ("pods") for all others
  std::string name;
  std::string uid;

  bool operator==(const error_subject&) const = default;
};

/// A failure as a value. `message` is complete prose, ready for Status.message.
struct error {
  error_kind kind = error_kind::internal;
  std::string message;
  std::vector<error_cause> causes = {};
  std::optional<error_subject> subject = {};
  int retry_after_s = 0;

  bool operator==(const error&) const = default;
};

/// The HTTP status code of a kind (404 for not_found).
int http_code(error_kind kind);
/// The Status.reason of a kind ("NotFound").
std::string_view status_reason(error_kind kind);

} // namespace actord
