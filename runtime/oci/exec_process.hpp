#pragma once

#include "runtime/command_process.hpp"
#include "runtime/oci/runtime_context.hpp"
#include "schema/base/json.hpp"
#include "schema/base/result.hpp"

#include <memory>
#include <string>

namespace actord::runtime {

/// Starts a command by `crun exec` or `runc exec`, which stays as its parent and ends as it does. Where the
/// runtime insists on leaving a command with a terminal behind (runc), our helper stays in its place.
///
/// `scratch` is the name of files of this command alone: its process document, number, terminal socket, log.
/// Blocks until the runtime has handed over the terminal, where there is one.
result<std::unique_ptr<command_process>> start_exec(const runtime_context& context,
                                                    const container_record& record, const json& process,
                                                    const command_terms& terms, const std::string& scratch);

} // namespace actord::runtime
