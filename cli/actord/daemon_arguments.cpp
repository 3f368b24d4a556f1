#include "cli/actord/daemon_arguments.hpp"

#include "cli/command_line/duration.hpp"

#include <CLI/CLI.hpp>

#include <charconv>
#include <filesystem>
#include <unistd.h>

namespace actord::cli {
namespace {

std::string host_name() {
  char name[256] = {};
  if (gethostname(name, sizeof(name) - 1) != 0) return "localhost";
  std::string text(name);
  // A node's name is a DNS name.
  for (char& letter : text)
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  return text;
}

/// "0.0.0.0:6443", "[::]:6443" or ":6443".
std::string split_address(const std::string& text, std::string& host, std::uint16_t& port) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return "must be ADDRESS:PORT";
  host = text.substr(0, colon);
  if (host.size() > 1 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  if (host.empty()) host = "0.0.0.0";
  const std::string digits = text.substr(colon + 1);
  unsigned number = 0;
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (failure != std::errc() || end != digits.data() + digits.size() || number > 65535)
    return "has no valid port";
  port = static_cast<std::uint16_t>(number);
  return {};
}

std::string read_roles(const std::string& text, actors::daemon_options& options) {
  options.serves = options.works = false;
  for (const std::string& role : CLI::detail::split(text, ',')) {
    if (role == "server")
      options.serves = true;
    else if (role == "worker")
      options.works = true;
    else
      return "'" + role + "' is not a role; there are server and worker";
  }
  return {};
}

/// The flags of the audit log, in the units people give them in.
struct audit_flags {
  std::uint64_t max_mib = actors::audit_options{}.limits.file_bytes >> 20U;
  int max_days = 0;
  std::string format = "json";

  void add(CLI::App& app, actors::audit_options& audit) {
    app.add_option("--audit-policy-file", audit.policy_file,
                   "what is written to the audit log (Policy of audit.k8s.io/v1)");
    app.add_option("--audit-log-path", audit.log_path, "file of the audit log; '-' is standard output");
    app.add_option("--audit-log-maxsize", max_mib, "MiB after which the audit log begins a new file")
        ->check(CLI::Range(1, 1 << 20));
    app.add_option("--audit-log-maxbackup", audit.limits.backups, "closed audit logs that are kept; 0: all");
    app.add_option("--audit-log-maxage", max_days, "days that closed audit logs are kept; 0: for ever")
        ->check(CLI::Range(0, 36500));
    app.add_option("--audit-log-format", format, "json")->check(CLI::IsMember({"json"}));
  }
  void settle(actors::audit_options& audit) const {
    audit.limits.file_bytes = max_mib << 20U;
    audit.limits.age = std::chrono::hours(24 * max_days);
  }
};

/// By the names kube-apiserver has for them.
void add_openid_options(CLI::App& app, actors::openid_options& options, std::vector<std::string>& claims) {
  const char* const group = "People of an identity provider (OpenID Connect)";
  app.add_option("--oidc-issuer-url", options.issuer_url, "the provider, as its tokens name it")
      ->group(group);
  app.add_option("--oidc-client-id", options.client_ids, "whom a token must be meant for; may be repeated")
      ->group(group)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option("--oidc-ca-file", options.authority_file, "authority of the provider's certificate")
      ->group(group);
  app.add_option("--oidc-username-claim", options.username_claim, "claim that is the user name")
      ->group(group);
  app.add_option("--oidc-username-prefix", options.username_prefix,
                 "put before it; '-' for none; by default ISSUER# unless the claim is email")
      ->group(group);
  app.add_option("--oidc-groups-claim", options.groups_claim, "claim that holds the groups")->group(group);
  app.add_option("--oidc-groups-prefix", options.groups_prefix, "put before each group")->group(group);
  app.add_option("--oidc-required-claim", claims, "NAME=VALUE that a token must say; may be repeated")
      ->group(group)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option("--oidc-signing-algs", options.signing_algorithms, "how tokens may be signed")
      ->group(group)
      ->delimiter(',')
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

std::string read_claims(const std::vector<std::string>& claims, actors::openid_options& options) {
  for (const std::string& claim : claims) {
    const std::size_t equals = claim.find('=');
    if (equals == std::string::npos || equals == 0) return "'" + claim + "' is not NAME=VALUE";
    options.required_claims[claim.substr(0, equals)] = claim.substr(equals + 1);
  }
  return {};
}

} // namespace

daemon_arguments parse_daemon_arguments(int argc, char** argv) {
  daemon_arguments arguments;
  actors::daemon_options& options = arguments.options;
  options.node_name = host_name();
  std::string listen = "0.0.0.0:6443";
  std::string rpc_listen = "0.0.0.0:7443";
  std::string roles = "server,worker";

  CLI::App app(
      "actord: a container platform with the Kubernetes API. One process is everything a node needs.");
  app.set_version_flag("--version", std::string("actord ") + ACTORD_VERSION);
  app.option_defaults()->always_capture_default()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  app.set_config("--config", "", "read options from a file (name = value)");
  app.add_option("--data-dir", options.data_dir, "everything that must survive a restart");
  app.add_option("--listen", listen, "address and port of the API");
  app.add_option("--rpc-listen", rpc_listen,
                 "address and port for other servers, listened on once there are any");
  app.add_option("--join", options.join,
                 "HOST:6443 of a server whose cluster this machine becomes a part of (once; then it knows)");
  app.add_option("--token", options.token,
                 "what `actctl token create` printed on one of the cluster's machines");
  app.add_option("--node-name", options.node_name, "name of this node");
  app.add_option("--roles", roles, "server, worker or both");
  app.add_option("--controllers", options.controllers, "'*', 'none', or '*,-name' to leave some out");
  app.add_option("--cluster-cidr", options.cluster_cidr, "addresses of pods");
  app.add_option("--service-cidr", options.service_cidr, "addresses of services");
  app.add_option("--runtime", options.runtime, "auto, crun, runc or cri:SOCKET");
  app.add_option(
      "--encryption-config", options.encryption_config,
      "file that says what is encrypted at rest, with which keys (EncryptionConfiguration); without it "
      "Secrets are, with a key in DATA-DIR/pki/encryption.yaml");
  std::string certificate_life;
  app.add_option("--certificate-lifetime", certificate_life,
                 "how long certificates are good: 24h, 30d; they are renewed at half of it (default: 90d)");
  audit_flags auditing;
  auditing.add(app, options.audit);
  std::vector<std::string> claims;
  add_openid_options(app, options.openid, claims);
  app.add_option("--authentication-config", options.authentication_config,
                 "file with identity providers (AuthenticationConfiguration), instead of the --oidc flags");
  const CLI::App* reset =
      app.add_subcommand("reset", "remove the pods, network, rules and data that a daemon left, then end")
          ->fallthrough();
  try {
    app.parse(argc, argv);
    arguments.reset = reset->parsed();
    auditing.settle(options.audit);
    // Mounts and containers are found again by it, so it has one form only.
    options.data_dir = std::filesystem::absolute(options.data_dir + "/.").lexically_normal().parent_path();
    if (std::string wrong = split_address(listen, options.listen_address, options.listen_port);
        !wrong.empty())
      throw CLI::ValidationError("--listen", wrong);
    if (std::string wrong = split_address(rpc_listen, options.rpc_listen_address, options.rpc_listen_port);
        !wrong.empty())
      throw CLI::ValidationError("--rpc-listen", wrong);
    if (!options.token.empty() && options.join.empty())
      throw CLI::ValidationError("--token", "needs --join HOST:6443");
    if (std::string wrong = read_roles(roles, options); !wrong.empty())
      throw CLI::ValidationError("--roles", wrong);
    if (std::string wrong = read_claims(claims, options.openid); !wrong.empty())
      throw CLI::ValidationError("--oidc-required-claim", wrong);
    if (!certificate_life.empty()) {
      const auto life_s = duration_s(certificate_life);
      if (!life_s || *life_s < 2)
        throw CLI::ValidationError("--certificate-lifetime", "must be a duration such as 24h or 30d");
      options.certificate_life = std::chrono::seconds(*life_s);
    }
  } catch (const CLI::ParseError& failure) {
    const int code = app.exit(failure, std::cout, std::cerr);
    arguments.exit_code = code == 0 ? 0 : 2;
  }
  return arguments;
}

} // namespace actord::cli
