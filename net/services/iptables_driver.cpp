#include "net/services/iptables_driver.hpp"

#include <algorithm>

namespace actord::net {

namespace {

constexpr const char* lock_patience_s = "10";

std::string program_of(iptables_backend backend, const std::string& action) {
  return (backend == iptables_backend::legacy ? "iptables-legacy-" : "iptables-nft-") + action;
}

result<std::string> save(command_runner& runner, iptables_backend backend) {
  std::string text;
  for (const auto* table : {"nat", "filter"}) {
    auto outcome = runner.run({program_of(backend, "save"), "-t", table}, {});
    if (!outcome) return outcome.error();
    if (outcome->exit_code != 0) {
      return error{.kind = error_kind::internal,
                   .message = program_of(backend, "save") + " failed: " + outcome->errors};
    }
    text += outcome->output;
  }
  return text;
}

result<void> restore(command_runner& runner, iptables_backend backend, const std::string& text) {
  auto outcome = runner.run({program_of(backend, "restore"), "--noflush", "-w", lock_patience_s}, text);
  if (!outcome) return outcome.error();
  if (outcome->exit_code == 0) return {};
  return error{.kind = error_kind::internal,
               .message = program_of(backend, "restore") + " failed: " + outcome->errors};
}

struct backend_state {
  bool works = false;
  bool holds_ours = false;
  std::size_t foreign_rules = 0;
};

backend_state inspect(command_runner& runner, iptables_backend backend) {
  const auto text = save(runner, backend);
  if (!text) return {};
  backend_state state{.works = true, .holds_ours = !parse_saved_rules(*text).chains.empty()};
  for (std::size_t at = text->find("\n-A "); at != std::string::npos; at = text->find("\n-A ", at + 1)) {
    if (!std::string_view(*text).substr(at + 4).starts_with(own_chain_prefix)) ++state.foreign_rules;
  }
  return state;
}

std::size_t chains_changed(const iptables_change& change) {
  return change.rewrite.size() + change.remove.size();
}

} // namespace

result<std::unique_ptr<iptables_driver>> iptables_driver::open(std::shared_ptr<command_runner> runner) {
  const backend_state legacy = inspect(*runner, iptables_backend::legacy);
  const backend_state nft = inspect(*runner, iptables_backend::nft);
  if (!legacy.works && !nft.works) {
    return error{.kind = error_kind::unavailable,
                 .message = "neither iptables-legacy-save nor iptables-nft-save works on this machine"};
  }
  iptables_backend chosen =
      nft.foreign_rules > legacy.foreign_rules ? iptables_backend::nft : iptables_backend::legacy;
  if (legacy.holds_ours != nft.holds_ours) {
    chosen = legacy.holds_ours ? iptables_backend::legacy : iptables_backend::nft;
  }
  if (!legacy.works) chosen = iptables_backend::nft;
  if (!nft.works) chosen = iptables_backend::legacy;
  auto driver = std::make_unique<iptables_driver>(std::move(runner), chosen);
  if (legacy.holds_ours && nft.holds_ours) {
    if (auto cleared = driver->clear(); !cleared) return cleared.error();
  }
  return driver;
}

result<std::size_t> iptables_driver::apply(const iptables_program& wanted) {
  if (!applied_) {
    const auto text = save(*runner_, backend_);
    if (!text) return text.error();
    applied_ = parse_saved_rules(*text);
  }
  const iptables_change change = difference(*applied_, wanted);
  if (change.empty()) return std::size_t{0};
  applied_.reset();
  if (auto restored = restore(*runner_, backend_, render(change)); !restored) return restored.error();
  applied_ = wanted;
  return chains_changed(change);
}

result<std::size_t> iptables_driver::verify(const iptables_program& wanted) {
  applied_.reset();
  return apply(wanted);
}

result<void> iptables_driver::clear() {
  applied_.reset();
  for (const auto backend : {iptables_backend::legacy, iptables_backend::nft}) {
    const auto text = save(*runner_, backend);
    if (!text) {
      if (backend == backend_) return text.error();
      continue;
    }
    const iptables_change change = difference(parse_saved_rules(*text), {});
    if (change.empty()) continue;
    if (auto restored = restore(*runner_, backend, render(change)); !restored) return restored.error();
  }
  return {};
}

void iptables_driver::forget(const std::vector<stale_flow>& flows) {
  for (const auto& flow : flows) {
    if (!has_conntrack_) return;
    std::vector<std::string> arguments = {"conntrack", "-D",      "-p",
                                          "udp",       "--dport", std::to_string(flow.service_port)};
    if (!flow.service_address.empty()) {
      arguments.insert(arguments.end(), {"--orig-dst", flow.service_address});
    }
    if (!flow.endpoint_address.empty()) {
      arguments.insert(arguments.end(), {"--dst-nat", flow.endpoint_address});
    }
    // Exit code 1 says that there was no such flow; a program that cannot start is not there.
    if (!runner_->run(arguments, {})) has_conntrack_ = false;
  }
}

} // namespace actord::net
