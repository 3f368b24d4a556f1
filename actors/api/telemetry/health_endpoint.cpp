#include "actors/api/telemetry/health_endpoint.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <vector>

namespace actord::actors {
namespace {

struct check {
  std::string_view name;
  std::string problem = {};

  [[nodiscard]] bool passed() const { return problem.empty(); }
};

/// A full disk or a missing quorum is no reason to restart the daemon, so only readiness asks for them. The
/// store goes by the name under which clients of Kubernetes ask for it.
std::vector<check> checks_of(std::string_view root, const health_facts& facts) {
  std::vector<check> checks{{"ping"}, {"log"}};
  if (root != "livez") checks.push_back({"etcd", facts.store_problem});
  if (root == "readyz") checks.push_back({"poststarthook/start-actord", facts.waiting_for});
  return checks;
}

std::string listed(const std::vector<check>& checks, const std::vector<std::string_view>& excluded,
                   bool explains) {
  std::string text;
  for (const check& one : checks) {
    if (std::ranges::find(excluded, one.name) != excluded.end())
      text += fmt::format("[+]{} excluded: ok\n", one.name);
    else if (one.passed())
      text += fmt::format("[+]{} ok\n", one.name);
    else
      text += fmt::format("[-]{} failed: {}\n", one.name, explains ? one.problem : "reason withheld");
  }
  std::vector<std::string> unknown;
  for (const std::string_view name : excluded)
    if (std::ranges::find(checks, name, &check::name) == checks.end())
      unknown.push_back(fmt::format("\"{}\"", name));
  if (!unknown.empty())
    text += fmt::format("warn: some health checks cannot be excluded: no matches for {}\n",
                        fmt::join(unknown, ","));
  return text;
}

} // namespace

health_answer check_health(std::string_view path, const query_values& query, const health_facts& facts) {
  path.remove_prefix(1);
  const std::string_view root = path.substr(0, path.find('/'));
  const std::string_view name =
      path.size() > root.size() + 1 ? path.substr(root.size() + 1) : std::string_view();
  const std::vector<check> checks = checks_of(root, facts);
  if (!name.empty()) {
    const auto found = std::ranges::find(checks, name, &check::name);
    if (found == checks.end()) return {404, "404 page not found\n"};
    return found->passed() ? health_answer{200, "ok"}
                           : health_answer{500, "internal server error: the check failed\n"};
  }
  const std::vector<std::string_view> excluded = query.all("exclude");
  const bool passed = std::ranges::all_of(checks, [&](const check& one) {
    return one.passed() || std::ranges::find(excluded, one.name) != excluded.end();
  });
  if (!passed)
    return {500, fmt::format("{}{} check failed\n", listed(checks, excluded, facts.explains), root)};
  if (!query.has("verbose")) return {200, "ok"};
  return {200, fmt::format("{}{} check passed\n", listed(checks, excluded, facts.explains), root)};
}

} // namespace actord::actors
