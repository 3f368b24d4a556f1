#pragma once

#include "actors/admission/admission_chain.hpp"
#include "actors/controllers/access/token_minter.hpp"
#include "actors/controllers/controller_kind.hpp"
#include "actors/controllers/nodes/life_board.hpp"
#include "actors/nodes/fence/epoch_board.hpp"
#include "actors/objects/root_certificate.hpp"
#include "net/pki/certificates.hpp"

#include <functional>
#include <memory>
#include <string>

/// The controllers there are.

namespace actord::actors {

std::unique_ptr<controller_kind> deployment_controller();
std::unique_ptr<controller_kind> replica_set_controller();
std::unique_ptr<controller_kind> replication_controller();
std::unique_ptr<controller_kind> stateful_set_controller();
std::unique_ptr<controller_kind> daemon_set_controller();
std::unique_ptr<controller_kind> job_controller();
std::unique_ptr<controller_kind> cron_job_controller();
/// Removes Jobs some time after their end.
std::unique_ptr<controller_kind> expiry_controller();
std::unique_ptr<controller_kind> endpoints_controller();
/// Shows Endpoints that were written by hand as slices.
std::unique_ptr<controller_kind> slice_mirror_controller();
/// Lets addresses of services be taken from ServiceCIDRs, and those go when none is left.
std::unique_ptr<controller_kind> service_range_controller();
/// Labels the nodes of servers as such.
std::unique_ptr<controller_kind> server_role_controller();
std::unique_ptr<controller_kind> namespace_controller();
std::unique_ptr<controller_kind> service_account_controller();
/// Publishes the certificate that clients in pods check the API server by.
std::unique_ptr<controller_kind> root_ca_controller(root_certificate published);
/// Says of admission policies what the types of their kinds say of their expressions.
std::unique_ptr<controller_kind> policy_status_controller();
/// Gathers the rules of cluster roles into those that select them.
std::unique_ptr<controller_kind> role_aggregation_controller();
/// Fills in the secrets that are tokens of service accounts.
std::unique_ptr<controller_kind> account_token_controller(root_certificate published, token_minter mint);
/// Removes the tokens by which machines join once their time is over.
std::unique_ptr<controller_kind> token_cleaner_controller();
std::unique_ptr<controller_kind> garbage_controller();
/// Shows a node's conditions as taints, which is what keeps pods away from it.
std::unique_ptr<controller_kind> node_taint_controller();
/// Says of nodes that are not heard from that nothing is known of them.
std::unique_ptr<controller_kind> node_life_controller(std::shared_ptr<life_board> board,
                                                      const clock_source& clock);
/// Deletes pods from nodes whose taints they do not, or no longer, tolerate.
std::unique_ptr<controller_kind> taint_eviction_controller();
/// Removes pods of lost nodes that have ended for certain.
std::unique_ptr<controller_kind> pod_fencing_controller(std::shared_ptr<const epoch_board> epochs,
                                                        const clock_source& clock);
/// Accepts the names of custom resource definitions and clears up behind those that are deleted. Part of
/// serving: it runs whatever controllers are chosen.
std::unique_ptr<controller_kind> definition_controller();
/// Keeps an APIService for each version of a group that this server serves. Part of serving, too.
std::unique_ptr<controller_kind> local_service_controller();
/// Pods of nodes that are gone, and of no use any more.
std::unique_ptr<controller_kind> pod_garbage_controller(std::shared_ptr<const epoch_board> epochs,
                                                        const clock_source& clock);

/// Counts what the quotas limit, at first and now and then.
std::unique_ptr<controller_kind> quota_controller();
/// Keeps the numbers by which evictions are granted.
std::unique_ptr<controller_kind> disruption_controller();
std::unique_ptr<controller_kind> claim_protection_controller();
std::unique_ptr<controller_kind> volume_protection_controller();
std::unique_ptr<controller_kind> signing_approval_controller(access_check may);
/// Asks for the authority each time; without a key it signs nothing.
std::unique_ptr<controller_kind> signing_controller(std::function<net::certified_key()> authority);

std::unique_ptr<controller_kind> signing_cleanup_controller();

} // namespace actord::actors
