#pragma once

#include "net/http/http_client.hpp"
#include "schema/base/result.hpp"

#include <chrono>
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace actord::cli {

/// The process around a command: what it was told, where it writes, whom it talks to. Injected, so that
/// commands run inside tests.
struct command_context {
  std::vector<std::string> arguments; ///< without the program's name
  std::istream& input;
  std::ostream& output;
  std::ostream& errors;
  bool errors_is_terminal = false;
  std::function<std::optional<std::string>(const std::string& name)> environment;
  std::function<result<std::unique_ptr<net::http_client>>(const net::http_client_options&)> connect;
  std::function<void(std::chrono::milliseconds)> pause;
  std::function<std::chrono::sys_seconds()> now;
};

inline constexpr const char* default_kubeconfig = "/var/lib/actord/admin.kubeconfig";

/// Runs actctl and returns its exit code: 0, or 1 after telling on `errors` what went wrong.
int run_actctl(const command_context& context);

} // namespace actord::cli
