#pragma once

#include "schema/write/prepare.hpp"

/// What admission plugins and allocators of a server do, as far as recorded answers show it.

namespace actord::golden {

/// Service account, tolerations and priority of pods; classes of claims.
schema::admission_step fake_admission(const schema::resource_type& type);
/// Cluster IPs and node ports, which a server allocates when it stores.
void fake_allocation(const schema::resource_type& type, json& object);

} // namespace actord::golden
