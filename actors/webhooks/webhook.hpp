#pragma once

#include "actors/admission/admission_rules.hpp"
#include "schema/base/json.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Admission webhooks as values: what MutatingWebhookConfiguration and ValidatingWebhookConfiguration say,
/// read once.

namespace actord::actors {

class match_conditions;

enum class webhook_kind : std::uint8_t { mutating, validating };

/// Where a webhook listens when it is a Service of the cluster.
struct webhook_service {
  std::string space;
  std::string name;
  std::string path;
  int port = 443;
};

struct webhook {
  webhook_kind kind = webhook_kind::mutating;
  std::string configuration; ///< name of the object it stands in
  std::string name;          ///< "pods.policy.example.com"
  std::string url;           ///< unless it is a service
  std::optional<webhook_service> service;
  std::string authority_pem; ///< whom to believe; empty: the machine's authorities
  std::vector<admission_rule> rules;
  bool equivalent = true; ///< rules mean a resource in whatever version it is asked for
  bool fails_open = false;
  schema::selector_view space_selector;
  schema::selector_view object_selector;
  std::chrono::seconds timeout{10};
  std::string review_version = "v1"; ///< of admission.k8s.io: the first it knows that is known here
  bool reinvoked = false;            ///< once more, if others changed the object after it
  std::shared_ptr<const match_conditions> conditions; ///< null for none
};

/// In the order they are called in: by name of the configuration, then as they stand there.
struct webhook_set {
  std::vector<std::shared_ptr<const webhook>> mutating;
  std::vector<std::shared_ptr<const webhook>> validating;

  [[nodiscard]] bool empty() const { return mutating.empty() && validating.empty(); }
  [[nodiscard]] const std::vector<std::shared_ptr<const webhook>>& of(webhook_kind kind) const {
    return kind == webhook_kind::mutating ? mutating : validating;
  }
};

/// The webhooks of one configuration, as validated when it was stored. What is missing reads as its default.
std::vector<std::shared_ptr<const webhook>> read_webhooks(webhook_kind kind, const json& configuration);

} // namespace actord::actors
