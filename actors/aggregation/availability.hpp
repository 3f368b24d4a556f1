#pragma once

#include "actors/api/proxy/proxy_target.hpp"
#include "schema/base/clock.hpp"
#include "schema/discovery/api_service_view.hpp"
#include "schema/view/endpoint_slice_view.hpp"
#include "schema/view/service_view.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

/// Whether an extension server can be asked, and where. Pure.

namespace actord::actors {

/// The condition Available of an APIService, but for its time.
struct availability {
  std::string status; ///< "True", "False"
  std::string reason;
  std::string message;

  bool operator==(const availability&) const = default;
  [[nodiscard]] bool good() const { return status == "True"; }
};

/// What stands in the way before anybody is asked: no Service, no such port, no endpoints. None: ask.
std::optional<availability> obstacle(const schema::service_reference_view& wanted,
                                     const std::optional<schema::service_view>& service,
                                     const std::vector<schema::endpoint_slice_view>& slices);
availability passed();
/// `url`: what was asked for; `why`: what went wrong.
availability failed_check(const std::string& url, const std::string& why);

/// A ready endpoint of the Service, picked by chance. Endpoints need not be pods: whoever answers has to show
/// a certificate for the Service's name. Where one is a pod, it may be reached through its node. The error is
/// only the reason.
result<proxied_target> extension_place(const schema::service_reference_view& wanted,
                                       const std::optional<schema::service_view>& service,
                                       const std::vector<schema::endpoint_slice_view>& slices,
                                       const pod_lookup& find_pod, random_source& random);

/// How long until an extension server is looked at again: soon after a failure, then less and less often.
std::chrono::milliseconds next_look(std::size_t failures_in_row);

/// The conditions of an APIService with this verdict in them; none when they say it already.
std::optional<std::vector<schema::condition_view>>
with_verdict(std::vector<schema::condition_view> conditions, const availability& verdict, wall_time now);

} // namespace actord::actors
