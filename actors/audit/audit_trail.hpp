#pragma once

#include "actors/api/api_request.hpp"
#include "actors/audit/audit_log.hpp"
#include "actors/audit/audit_options.hpp"
#include "actors/audit/audit_policy.hpp"

#include <memory>

namespace actord::actors {

/// The events of one request, as they happen. Null where the policy wants none.
class audit_record {
public:
  audit_record(std::shared_ptr<audit_log> log, std::shared_ptr<const audit_request> request,
               const clock_source& clock)
      : log_(std::move(log)), request_(std::move(request)), clock_(clock) {}

  /// What authorization said; before the answer.
  void authorized(bool allowed, std::string reason);
  /// What admission said of it; before the answer.
  void annotate(std::map<std::string, std::string> notes);
  void note(audit_stage stage, int code, shared_bytes body, std::string_view content_type);
  [[nodiscard]] const audit_request& request() const { return *request_; }

private:
  std::shared_ptr<audit_log> log_;
  std::shared_ptr<const audit_request> request_;
  const clock_source& clock_;
  audit_annotations annotations_;
};

/// Begins the record of each request that the policy wants recorded.
class audit_trail {
public:
  audit_trail(std::shared_ptr<audit_log> log, audit_policy policy, random_source& random,
              const clock_source& clock)
      : log_(std::move(log)), policy_(std::move(policy)), random_(random), clock_(clock) {}

  /// Notes that the request was received, and wraps its exchange so that its answer is noted too and carries
  /// the header Audit-ID. `credentials` is who sent it, null when nobody valid; request.caller whom it speaks
  /// for.
  void begin(api_request& request, const request_route& route, const caller_identity* credentials) const;
  [[nodiscard]] std::string metrics_text() const { return log_->metrics_text(); }

private:
  std::shared_ptr<audit_log> log_;
  audit_policy policy_;
  random_source& random_;
  const clock_source& clock_;
};

/// Null without a policy file.
result<std::shared_ptr<const audit_trail>> open_audit(const audit_options& options, random_source& random,
                                                      const clock_source& clock);

} // namespace actord::actors
