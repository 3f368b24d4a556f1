#include "actors/authentication/authentication_config.hpp"

#include "actors/authentication/openid_tokens.hpp"
#include "schema/base/json.hpp"
#include "schema/codec/decode.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <initializer_list>
#include <optional>
#include <set>

namespace actord::actors {
namespace {

constexpr std::size_t text_max_bytes = 1U << 20U;
constexpr std::size_t providers_max = 64;
constexpr std::array<std::string_view, 3> versions{
    "apiserver.config.k8s.io/v1", "apiserver.config.k8s.io/v1beta1", "apiserver.config.k8s.io/v1alpha1"};

/// Reads one document, remembering the first thing that is wrong with it.
class config_reader {
public:
  explicit config_reader(std::string file) : file_(std::move(file)) {}

  void read(const json& document) {
    const bool right_version = document.is_object() && std::ranges::any_of(versions, [&](auto version) {
                                 return document.value("apiVersion", json()) == version;
                               });
    if (!right_version || document.value("kind", json()) != "AuthenticationConfiguration")
      return wrong("", "must be an AuthenticationConfiguration of apiserver.config.k8s.io/v1");
    only(document, "", {"kind", "apiVersion", "jwt", "anonymous"});
    if (document.contains("anonymous"))
      wrong("anonymous", "is not served here: who shows no credentials sees health and version, no more");
    const json entries = document.value("jwt", json::array());
    if (!entries.is_array()) return wrong("jwt", "must be a list");
    if (entries.size() > providers_max)
      return wrong("jwt", fmt::format("must have at most {} items", providers_max));
    for (std::size_t at = 0; at < entries.size(); ++at)
      read_provider(entries[at], fmt::format("jwt[{}]", at));
  }

  std::vector<openid_options> providers;
  std::optional<error> failure;

private:
  void wrong(const std::string& where, const std::string& what) {
    if (failure) return;
    failure = error{error_kind::bad_request,
                    fmt::format("{}: {}{}{}", file_, where, where.empty() ? "" : ": ", what)};
  }

  /// False when it is no object; says which of its fields nobody knows.
  bool only(const json& object, const std::string& where, std::initializer_list<std::string_view> known) {
    if (!object.is_object()) {
      wrong(where, "must be an object");
      return false;
    }
    for (const auto& [name, value] : object.items())
      if (std::ranges::find(known, name) == known.end())
        wrong(where, fmt::format("unknown field \"{}\"", name));
    return true;
  }

  std::string text(const json& object, const std::string& where, const char* name) {
    const json value = object.value(name, json(""));
    if (value.is_string()) return value.get<std::string>();
    wrong(where + "." + name, "must be a text");
    return {};
  }

  std::string needed_text(const json& object, const std::string& where, const char* name) {
    std::string value = text(object, where, name);
    if (value.empty()) wrong(where + "." + name, "must be given");
    return value;
  }

  void no_expression(const json& object, const std::string& where, const char* name) {
    if (object.contains(name))
      wrong(where + "." + name, "expressions (CEL) are not supported; map a claim, with a prefix");
  }

  void read_provider(const json& entry, const std::string& where) {
    if (!only(entry, where, {"issuer", "claimValidationRules", "claimMappings", "userValidationRules"}))
      return;
    openid_options provider;
    provider.literal_prefix = true;
    provider.signing_algorithms = openid_algorithms();
    read_issuer(entry.value("issuer", json()), where + ".issuer", provider);
    read_mappings(entry.value("claimMappings", json()), where + ".claimMappings", provider);
    read_rules(entry.value("claimValidationRules", json::array()), where + ".claimValidationRules", provider);
    if (const json users = entry.value("userValidationRules", json::array()); !users.empty())
      no_expression(entry, where, "userValidationRules");
    providers.push_back(std::move(provider));
  }

  /// An https address without a user, a query or a fragment.
  std::string address(const json& issuer, const std::string& where, const char* name) {
    std::string url = text(issuer, where, name);
    if (url.empty()) return url;
    constexpr std::string_view scheme = "https://";
    const std::size_t host_end = url.find('/', scheme.size());
    if (!url.starts_with(scheme) || url.size() == scheme.size())
      wrong(where + "." + name, fmt::format("must be an https address: \"{}\"", url));
    else if (url.find_first_of("?#") != std::string::npos || url.find('@') < host_end)
      wrong(where + "." + name, "must not have a user, a query or a fragment");
    if (!addresses_.insert(url).second) wrong(where + "." + name, fmt::format("\"{}\" is there twice", url));
    return url;
  }

  void read_issuer(const json& issuer, const std::string& where, openid_options& provider) {
    if (!only(issuer, where,
              {"url", "discoveryURL", "certificateAuthority", "audiences", "audienceMatchPolicy",
               "egressSelectorType"}))
      return;
    provider.issuer_url = address(issuer, where, "url");
    if (provider.issuer_url.empty()) wrong(where + ".url", "must be given");
    if (provider.issuer_url == token_issuer)
      wrong(where + ".url", "must not be this cluster's own issuer of service-account tokens");
    provider.discovery_url = address(issuer, where, "discoveryURL");
    provider.authority_pem = text(issuer, where, "certificateAuthority");
    if (!provider.authority_pem.empty() &&
        provider.authority_pem.find("-----BEGIN CERTIFICATE-----") == std::string::npos)
      wrong(where + ".certificateAuthority", "must be certificates in PEM form");
    if (!text(issuer, where, "egressSelectorType").empty())
      wrong(where + ".egressSelectorType", "is not served here: there is one way out");
    read_audiences(issuer, where, provider);
  }

  void read_audiences(const json& issuer, const std::string& where, openid_options& provider) {
    const json audiences = issuer.value("audiences", json::array());
    const std::string at = where + ".audiences";
    if (!audiences.is_array() || audiences.empty()) return wrong(at, "must name at least one audience");
    for (const json& audience : audiences) {
      if (!audience.is_string() || audience.get_ref<const std::string&>().empty())
        return wrong(at, "must be texts that are not empty");
      const auto& name = audience.get_ref<const std::string&>();
      if (std::ranges::find(provider.client_ids, name) != provider.client_ids.end())
        return wrong(at, fmt::format("\"{}\" is there twice", name));
      provider.client_ids.push_back(name);
    }
    const std::string policy = text(issuer, where, "audienceMatchPolicy");
    const bool several = provider.client_ids.size() > 1;
    if (policy != "MatchAny" && (several || !policy.empty()))
      wrong(where + ".audienceMatchPolicy",
            several ? "must be MatchAny for more than one audience" : "must be MatchAny or empty");
  }

  struct mapping {
    std::string claim;
    std::string prefix;
  };
  mapping read_mapping(const json& mappings, const std::string& where, const char* name) {
    const json value = mappings.value(name, json::object());
    const std::string at = where + "." + name;
    if (!only(value, at, {"claim", "prefix", "expression"})) return {};
    no_expression(value, at, "expression");
    mapping read{text(value, at, "claim"), text(value, at, "prefix")};
    if (!read.claim.empty() && !value.contains("prefix"))
      wrong(at + ".prefix", "must be given with a claim; it may be empty");
    if (read.claim.empty() && value.contains("prefix")) wrong(at + ".claim", "must be given with a prefix");
    return read;
  }

  void read_mappings(const json& mappings, const std::string& where, openid_options& provider) {
    if (!only(mappings, where, {"username", "groups", "uid", "extra"})) return;
    const mapping user = read_mapping(mappings, where, "username");
    if (user.claim.empty()) wrong(where + ".username.claim", "must be given");
    provider.username_claim = user.claim;
    provider.username_prefix = user.prefix;
    const mapping groups = read_mapping(mappings, where, "groups");
    provider.groups_claim = groups.claim;
    provider.groups_prefix = groups.prefix;
    const json uid = mappings.value("uid", json::object());
    if (only(uid, where + ".uid", {"claim", "expression"})) {
      no_expression(uid, where + ".uid", "expression");
      provider.uid_claim = text(uid, where + ".uid", "claim");
    }
    if (const json extra = mappings.value("extra", json::array()); !extra.empty())
      wrong(where + ".extra", "its values are expressions (CEL), which are not supported");
  }

  void read_rules(const json& rules, const std::string& where, openid_options& provider) {
    if (!rules.is_array()) return wrong(where, "must be a list");
    for (std::size_t at = 0; at < rules.size(); ++at) {
      const std::string here = fmt::format("{}[{}]", where, at);
      if (!only(rules[at], here, {"claim", "requiredValue", "expression", "message"})) return;
      no_expression(rules[at], here, "expression");
      if (rules[at].contains("message")) wrong(here + ".message", "goes with an expression only");
      const std::string claim = needed_text(rules[at], here, "claim");
      if (!provider.required_claims.emplace(claim, text(rules[at], here, "requiredValue")).second)
        wrong(here + ".claim", fmt::format("\"{}\" is there twice", claim));
    }
  }

  const std::string file_;
  std::set<std::string> addresses_;
};

} // namespace

result<std::vector<openid_options>> parse_authentication_config(std::string_view text,
                                                                const std::string& file) {
  if (text.size() > text_max_bytes) return error{error_kind::bad_request, file + ": is too large"};
  const auto as_json = schema::yaml_to_json(text);
  if (!as_json) return error{error_kind::bad_request, file + ": " + as_json.error().message};
  config_reader reader(file);
  reader.read(json::parse(*as_json, nullptr, false));
  if (reader.failure) return *reader.failure;
  return std::move(reader.providers);
}

} // namespace actord::actors
