#include "actors/authentication/openid_providers.hpp"

#include "actors/authentication/authentication_config.hpp"
#include "actors/objects/refusals.hpp"
#include "runtime/files/file_tools.hpp"

namespace actord::actors {
namespace {

constexpr std::size_t file_bytes_max = 1024 * 1024;

result<std::string> read_text(const char* flag, const std::string& path) {
  auto text = runtime::read_file(path, file_bytes_max);
  if (!text || !*text) return bad_request(std::string(flag) + ": cannot read " + path);
  return std::move(**text);
}

result<authentication_config> config_of(const openid_sources& sources) {
  const bool by_flags = !sources.flags.issuer_url.empty();
  if (!sources.config_file.empty()) {
    if (by_flags) return bad_request("--authentication-config and --oidc-issuer-url exclude each other");
    const auto text = read_text("--authentication-config", sources.config_file);
    if (!text) return text.error();
    return parse_authentication_config(*text, sources.config_file);
  }
  if (!by_flags) return authentication_config();
  if (auto fine = check_openid_options(sources.flags); !fine) return fine.error();
  openid_options provider = sources.flags;
  if (!provider.authority_file.empty()) {
    auto authority = read_text("--oidc-ca-file", provider.authority_file);
    if (!authority) return authority.error();
    provider.authority_pem = std::move(*authority);
  }
  return authentication_config{.providers = {std::move(provider)}, .anonymous = {}};
}

} // namespace

result<openid_providers> open_openid_providers(const openid_sources& sources, const clock_source& clock) {
  auto config = config_of(sources);
  if (!config) return config.error();
  openid_providers opened{.checkers = {}, .anonymous = std::move(config->anonymous)};
  for (openid_options& each : config->providers) {
    net::issuer_options issuer{
        .url = each.issuer_url, .discovery_url = each.discovery_url, .authority_pem = each.authority_pem};
    opened.checkers.push_back(std::make_shared<const openid_tokens>(
        std::move(each), net::issuer_keys::start(std::move(issuer)), clock));
  }
  return opened;
}

} // namespace actord::actors
