#pragma once

#include "actors/admission/admission_chain.hpp"
#include "actors/controllers/plan.hpp"
#include "schema/view/signing_request_view.hpp"

#include <functional>

/// From a request to a certificate: approved by a person, or for a node by itself; signed; cleaned up.

namespace actord::actors {

struct signing_state {
  object_key key;
  seen<schema::signing_request_view> request;
};

/// Approves the client certificates of nodes, when whoever asks has the right to. `may` tells of rights.
plan approve_for_nodes(const signing_state& state, const access_check& may);

/// Signs the PEM of a request for that long: a PEM certificate.
using certificate_maker = std::function<result<std::string>(const schema::signing_request_view& request,
                                                            std::chrono::seconds life)>;

/// Signs what was approved; notes as failed what its signer does not sign.
plan sign_approved(const signing_state& state, wall_time now, const certificate_maker& make);

/// Requests are kept for people to look at: an hour once they are settled, a day while they wait. `ends` is
/// when the certificate expires, if there is one.
plan clean_up(const signing_state& state, wall_time now, std::optional<wall_time> ends);

} // namespace actord::actors
