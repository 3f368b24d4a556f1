#pragma once

#include "schema/base/json.hpp"
#include "schema/base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

/// The ConversionReview that goes to a conversion webhook and the one that comes back. Pure.

namespace actord::actors {

/// What is asked of a webhook at once: objects of one kind, all in one version, wanted in another.
struct conversion_question {
  std::string review_version; ///< "v1" or "v1beta1"; empty: nothing the webhook understands is known here
  std::string uid;
  std::string from; ///< "example.com/v1"
  std::string to;   ///< "example.com/v2"
  std::string kind;
  std::vector<json> objects; ///< complete, with kind and apiVersion
};

/// The JSON text of the review.
std::string conversion_text(const conversion_question& question);

/// The objects as the webhook converted them, in the order they were asked about. Of their metadata only
/// labels and annotations are the webhook's. Every deviation is an `internal` error in the words of
/// Kubernetes
/// (`conversion webhook for example.com/v1, Kind=Widget failed: ...`).
result<std::vector<json>> read_conversion(const conversion_question& question, std::string_view answer);

/// `conversion webhook for example.com/v1, Kind=Widget failed: WHY`, as an error whose Status has no reason,
/// which is how Kubernetes shows it.
error conversion_failed(const conversion_question& question, std::string_view why);

} // namespace actord::actors
