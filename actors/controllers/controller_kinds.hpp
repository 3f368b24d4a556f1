#pragma once

#include "actors/controllers/controller_kind.hpp"

#include <memory>
#include <string>

/// The controllers there are.

namespace actord::actors {

std::unique_ptr<controller_kind> deployment_controller();
std::unique_ptr<controller_kind> replica_set_controller();
std::unique_ptr<controller_kind> endpoints_controller();
std::unique_ptr<controller_kind> namespace_controller();
std::unique_ptr<controller_kind> service_account_controller();
/// Publishes the certificate that clients in pods check the API server by.
std::unique_ptr<controller_kind> root_ca_controller(std::string ca_pem);
std::unique_ptr<controller_kind> garbage_controller();
/// Shows a node's conditions as taints, which is what keeps pods away from it.
std::unique_ptr<controller_kind> node_taint_controller();
/// Pods of nodes that are gone, and of no use any more.
std::unique_ptr<controller_kind> pod_garbage_controller();

} // namespace actord::actors
