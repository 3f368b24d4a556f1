#pragma once

#include "actors/cluster/joining/node_register.hpp"
#include "actors/objects/write_command.hpp"
#include "schema/base/clock.hpp"

#include <string_view>

/// What a join request may be. Pure.

namespace actord::actors {

/// The record a request asks for; bad_request when it makes no sense.
result<node_record> record_asked_for(const join_request& request);

/// Why a node may not have its certificate renewed; none when it may. `known` is what is registered under the
/// name.
std::optional<error> renewal_objection(const caller_identity& caller, std::string_view node,
                                       const node_record& asked, const std::optional<node_record>& known);

/// How many joins are looked at: so many at once, then so many a second. What a flood costs is bounded, and
/// the guesses it can make.
class join_pace {
public:
  /// False when it is too early; then `wait_s` says how long.
  bool take(steady_time now, int& wait_s);

private:
  static constexpr double burst = 20;
  static constexpr double per_second = 5;
  double left_ = burst;
  steady_time last_{};
};

} // namespace actord::actors
