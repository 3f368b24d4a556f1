#pragma once

#include "schema/base/clock.hpp"
#include "schema/base/result.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace actord::runtime {

class container_runtime;

enum class probe_verdict : std::uint8_t { success, failure };

struct probe_outcome {
  probe_verdict verdict = probe_verdict::failure;
  std::string message; ///< as the kubelet words it: "HTTP probe failed with statuscode: 500"
};

struct http_probe {
  std::string address; ///< an IP address
  std::uint16_t port = 0;
  std::string host = {}; ///< Host header; empty: address:port
  std::string path = "/";
  bool tls = false; ///< certificates are not verified
  std::vector<std::pair<std::string, std::string>> headers = {};
};

struct tcp_probe {
  std::string address;
  std::uint16_t port = 0;
};

/// One network probe each, on this machine's network; many at once on one thread. `done` is called once, on
/// the prober's thread, and must not block.
class network_prober {
public:
  virtual ~network_prober() = default;
  virtual void probe(const http_probe& what, std::chrono::milliseconds timeout,
                     std::function<void(probe_outcome)> done) = 0;
  virtual void probe(const tcp_probe& what, std::chrono::milliseconds timeout,
                     std::function<void(probe_outcome)> done) = 0;
};

/// Redirects are followed on the same host only (at most 10); one to another host is success, as the kubelet
/// has it.
std::unique_ptr<network_prober> make_network_prober();

/// Runs the command in the container; code 0 is success. Blocks.
probe_outcome probe_by_command(container_runtime& runtime, const std::string& container_id,
                               const std::vector<std::string>& command, std::chrono::milliseconds timeout);

} // namespace actord::runtime
