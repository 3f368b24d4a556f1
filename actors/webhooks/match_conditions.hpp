#pragma once

#include "actors/authorization/access_check.hpp"
#include "actors/webhooks/admission_review.hpp"
#include "schema/base/result.hpp"

#include <memory>

namespace actord::actors {

/// The matchConditions of one webhook, compiled. Immutable.
class match_conditions {
public:
  /// Null for none.
  static std::shared_ptr<const match_conditions> compile(const json& conditions);
  ~match_conditions();
  match_conditions(const match_conditions&) = delete;
  match_conditions& operator=(const match_conditions&) = delete;

  /// Whether all let the webhook be asked about a request that its rules and selectors name; the objects
  /// (null for none) are as it would be shown them. One that is false decides whatever others fail at; else
  /// the error says what failed.
  [[nodiscard]] result<bool> hold(const review_subject& subject, const schema::resource_type& as,
                                  const json& object, const json& old, const access_check& may) const;

private:
  struct condition;
  explicit match_conditions(std::vector<condition> all);
  std::vector<condition> all_;
};

} // namespace actord::actors
