#pragma once

#include "actors/admission/request_description.hpp"
#include "actors/objects/write_command.hpp"
#include "actors/webhooks/webhook_match.hpp"

#include <map>
#include <optional>

/// The AdmissionReview that goes to a webhook and the one that comes back. Pure.

namespace actord::actors {

/// A request as webhooks are told of it.
struct review_subject {
  std::string_view operation; ///< "CREATE", "UPDATE", "DELETE" or "CONNECT"
  schema::resource_handle type;
  std::string subresource;
  std::string space; ///< of a namespace its own name
  std::string name;  ///< empty while generateName has yet to make it
  bool dry_run = false;
  json options; ///< CreateOptions and the like; null for CONNECT
  caller_identity caller;

  [[nodiscard]] reviewed_resource resource() const { return {operation, type, subresource, space}; }
  /// Views of this.
  [[nodiscard]] described_request described() const;
};

/// The JSON text of a review. `object` and `old` are as `as` shows them; null where there is none.
std::string review_text(const webhook& hook, const review_subject& subject, const schema::resource_type& as,
                        std::string_view uid, const json& object, const json& old);

/// What a webhook said.
struct review_answer {
  bool allowed = false;
  json status; ///< metav1.Status of a refusal; null for none
  json patch;  ///< a JSON patch; null for none
  std::vector<std::string> warnings;
  std::map<std::string, std::string> audit_annotations;
};

/// Takes the answer to the review `uid` apart.
///   internal     a patch that is no JSON patch
///   unavailable  anything else that makes it no answer; the message is only the reason
result<review_answer> read_review(const webhook& hook, std::string_view uid, std::string_view text);

/// A refusal as its client is told of it. `status` is the whole metav1.Status, in whatever words, reason and
/// code the webhook chose; `plain` is the nearest error.
struct review_refusal {
  error plain;
  std::string status; ///< empty: `plain` says all
  int code = 0;
};
/// `admission webhook "x" denied the request: why`.
review_refusal refusal_of(const webhook& hook, const json& status);
/// `failed calling webhook "x": why`.
review_refusal failed_call(const webhook& hook, std::string_view why);

/// A refusal on its way to the client: an error like any other for whoever looks at its kind and message,
/// which carries in its causes what an error cannot say. Warnings go along.
error error_of(const review_refusal& refusal, const std::vector<std::string>& warnings);

struct carried_words {
  int code = 0;
  std::string status; ///< the whole metav1.Status
  std::vector<std::string> warnings;
};
/// None for other errors.
std::optional<carried_words> words_of(const error& failure);

} // namespace actord::actors
