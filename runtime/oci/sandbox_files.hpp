#pragma once

#include "runtime/container_runtime.hpp"

#include <string>
#include <string_view>

/// The texts of the files that every container of a pod sees. Pure.

namespace actord::runtime {

/// /etc/hosts. On the host's network, the host's own text with the extra lines; the first line is what tools
/// (and the conformance tests) recognize it by.
std::string hosts_text(const sandbox_spec& spec, std::string_view address, std::string_view host_text);

/// /etc/resolv.conf; the host's when the pod has no servers, searches or options of its own.
std::string resolver_text(const sandbox_spec& spec, std::string_view host_text);

} // namespace actord::runtime
