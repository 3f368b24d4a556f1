#include "actors/authentication/authentication_config.hpp"

#include "actors/authentication/claim_expressions.hpp"
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
constexpr std::size_t expressions_max = 512;
constexpr std::size_t paths_max = 64; ///< as in Kubernetes
constexpr std::array<std::string_view, 3> versions{
    "apiserver.config.k8s.io/v1", "apiserver.config.k8s.io/v1beta1", "apiserver.config.k8s.io/v1alpha1"};

/// Keys of extra are paths below a domain ("example.com/team"); null: a good one.
const char* complaint_of_extra_key(std::string_view key) {
  const std::size_t slash = key.find('/');
  if (slash == std::string_view::npos || slash == 0 || slash + 1 == key.size())
    return "must be a path below a domain, such as example.com/team";
  if (std::ranges::any_of(key, [](char letter) { return letter >= 'A' && letter <= 'Z'; }))
    return "must be in lower case";
  const std::string_view domain = key.substr(0, slash);
  for (const std::string_view own : {"kubernetes.io", "k8s.io"})
    if (domain == own || (domain.ends_with(own) && domain[domain.size() - own.size() - 1] == '.'))
      return "must not be below kubernetes.io or k8s.io, which are the cluster's own";
  return nullptr;
}

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
    if (document.contains("anonymous")) read_anonymous(document["anonymous"]);
    const json entries = document.value("jwt", json::array());
    if (!entries.is_array()) return wrong("jwt", "must be a list");
    if (entries.size() > providers_max)
      return wrong("jwt", fmt::format("must have at most {} items", providers_max));
    for (std::size_t at = 0; at < entries.size(); ++at)
      read_provider(entries[at], fmt::format("jwt[{}]", at));
  }

  authentication_config config;
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

  /// None when it is not there, and when it is wrong.
  std::optional<identity_expression> expression(const json& object, const std::string& where,
                                                const char* name, identity_expression_kind kind) {
    if (!object.contains(name)) return {};
    const std::string written = needed_text(object, where, name);
    if (written.empty()) return {};
    if (const std::size_t expressions = ++expressions_; expressions > expressions_max) {
      wrong(where + "." + name,
            fmt::format("is more than the {} expressions a file may have", expressions_max));
      return {};
    }
    auto compiled = compile_identity_expression(written, kind);
    if (compiled) return std::move(*compiled);
    wrong(where + "." + name, compiled.error().message);
    return {};
  }

  void read_anonymous(const json& anonymous) {
    if (!only(anonymous, "anonymous", {"enabled", "conditions"})) return;
    const json enabled = anonymous.value("enabled", json(false));
    if (!enabled.is_boolean()) return wrong("anonymous.enabled", "must be true or false");
    config.anonymous.enabled = enabled.get<bool>();
    const json conditions = anonymous.value("conditions", json::array());
    if (!conditions.is_array()) return wrong("anonymous.conditions", "must be a list");
    if (!conditions.empty() && !config.anonymous.enabled)
      wrong("anonymous.conditions", "must not be given when anonymous requests are not enabled");
    if (conditions.size() > paths_max)
      return wrong("anonymous.conditions", fmt::format("must have at most {} items", paths_max));
    for (std::size_t at = 0; at < conditions.size(); ++at) {
      const std::string where = fmt::format("anonymous.conditions[{}]", at);
      if (!only(conditions[at], where, {"path"})) return;
      config.anonymous.paths.push_back(needed_text(conditions[at], where, "path"));
    }
  }

  void read_provider(const json& entry, const std::string& where) {
    if (!only(entry, where, {"issuer", "claimValidationRules", "claimMappings", "userValidationRules"}))
      return;
    openid_options provider;
    provider.literal_prefix = true;
    claim_expressions expressions;
    provider.signing_algorithms = openid_algorithms();
    read_issuer(entry.value("issuer", json()), where + ".issuer", provider);
    read_mappings(entry.value("claimMappings", json()), where + ".claimMappings", provider, expressions);
    read_claim_rules(entry.value("claimValidationRules", json::array()), where + ".claimValidationRules",
                     provider, expressions);
    read_user_rules(entry.value("userValidationRules", json::array()), where + ".userValidationRules",
                    expressions);
    check_email(where + ".claimMappings.username.expression", expressions);
    provider.expressions = std::make_shared<const claim_expressions>(std::move(expressions));
    config.providers.push_back(std::move(provider));
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
    std::optional<identity_expression> expression;
  };
  mapping read_mapping(const json& mappings, const std::string& where, const char* name,
                       identity_expression_kind kind) {
    const json value = mappings.value(name, json::object());
    const std::string at = where + "." + name;
    if (!only(value, at, {"claim", "prefix", "expression"})) return {};
    mapping read{text(value, at, "claim"), text(value, at, "prefix"),
                 expression(value, at, "expression", kind)};
    if (value.contains("expression")) {
      if (!read.claim.empty() || value.contains("prefix"))
        wrong(at, "must not have both a claim with its prefix and an expression");
      return read;
    }
    if (!read.claim.empty() && !value.contains("prefix"))
      wrong(at + ".prefix", "must be given with a claim; it may be empty");
    if (read.claim.empty() && value.contains("prefix")) wrong(at + ".claim", "must be given with a prefix");
    return read;
  }

  void read_mappings(const json& mappings, const std::string& where, openid_options& provider,
                     claim_expressions& expressions) {
    if (!only(mappings, where, {"username", "groups", "uid", "extra"})) return;
    mapping user = read_mapping(mappings, where, "username", identity_expression_kind::claim_text);
    if (user.claim.empty() && !user.expression)
      wrong(where + ".username", "must have a claim or an expression");
    provider.username_claim = user.claim;
    provider.username_prefix = user.prefix;
    expressions.username = std::move(user.expression);
    mapping groups = read_mapping(mappings, where, "groups", identity_expression_kind::claim_texts);
    provider.groups_claim = groups.claim;
    provider.groups_prefix = groups.prefix;
    expressions.groups = std::move(groups.expression);
    const json uid = mappings.value("uid", json::object());
    if (only(uid, where + ".uid", {"claim", "expression"})) {
      provider.uid_claim = text(uid, where + ".uid", "claim");
      expressions.uid = expression(uid, where + ".uid", "expression", identity_expression_kind::claim_text);
      if (expressions.uid && !provider.uid_claim.empty())
        wrong(where + ".uid", "must not have both a claim and an expression");
    }
    read_extra(mappings.value("extra", json::array()), where + ".extra", expressions);
  }

  void read_extra(const json& extra, const std::string& where, claim_expressions& expressions) {
    if (!extra.is_array()) return wrong(where, "must be a list");
    std::set<std::string> keys;
    for (std::size_t at = 0; at < extra.size(); ++at) {
      const std::string here = fmt::format("{}[{}]", where, at);
      if (!only(extra[at], here, {"key", "valueExpression"})) return;
      const std::string key = needed_text(extra[at], here, "key");
      if (const char* complaint = complaint_of_extra_key(key)) wrong(here + ".key", complaint);
      if (!keys.insert(key).second) wrong(here + ".key", fmt::format("\"{}\" is there twice", key));
      if (!extra[at].contains("valueExpression")) wrong(here + ".valueExpression", "must be given");
      if (auto value = expression(extra[at], here, "valueExpression", identity_expression_kind::claim_texts))
        expressions.extra.emplace_back(key, std::move(*value));
    }
  }

  void read_claim_rules(const json& rules, const std::string& where, openid_options& provider,
                        claim_expressions& expressions) {
    if (!rules.is_array()) return wrong(where, "must be a list");
    for (std::size_t at = 0; at < rules.size(); ++at) {
      const std::string here = fmt::format("{}[{}]", where, at);
      if (!only(rules[at], here, {"claim", "requiredValue", "expression", "message"})) return;
      if (rules[at].contains("expression")) {
        if (rules[at].contains("claim") || rules[at].contains("requiredValue"))
          wrong(here, "must not have both a claim and an expression");
        read_rule(rules[at], here, identity_expression_kind::claim_rule, expressions.claim_rules);
        continue;
      }
      if (rules[at].contains("message")) wrong(here + ".message", "goes with an expression only");
      const std::string claim = needed_text(rules[at], here, "claim");
      if (!provider.required_claims.emplace(claim, text(rules[at], here, "requiredValue")).second)
        wrong(here + ".claim", fmt::format("\"{}\" is there twice", claim));
    }
  }

  void read_user_rules(const json& rules, const std::string& where, claim_expressions& expressions) {
    if (!rules.is_array()) return wrong(where, "must be a list");
    for (std::size_t at = 0; at < rules.size(); ++at) {
      const std::string here = fmt::format("{}[{}]", where, at);
      if (!only(rules[at], here, {"expression", "message"})) return;
      if (!rules[at].contains("expression")) wrong(here + ".expression", "must be given");
      read_rule(rules[at], here, identity_expression_kind::user_rule, expressions.user_rules);
    }
  }

  void read_rule(const json& rule, const std::string& where, identity_expression_kind kind,
                 std::vector<identity_rule>& rules) {
    std::string message = text(rule, where, "message");
    auto holds = expression(rule, where, "expression", kind);
    if (!holds) return;
    for (const identity_rule& each : rules)
      if (each.holds.written == holds->written)
        wrong(where + ".expression", fmt::format("\"{}\" is there twice", holds->written));
    rules.push_back({std::move(*holds), std::move(message)});
  }

  /// An address is a name only if its provider has verified it: somebody must look (rule of Kubernetes).
  void check_email(const std::string& where, const claim_expressions& expressions) {
    if (!expressions.username || !expressions.username->uses_email) return;
    const bool looked_at =
        expressions.username->uses_email_verified ||
        std::ranges::any_of(expressions.extra,
                            [](const auto& each) { return each.second.uses_email_verified; }) ||
        std::ranges::any_of(expressions.claim_rules,
                            [](const identity_rule& each) { return each.holds.uses_email_verified; });
    if (!looked_at)
      wrong(where,
            "names claims.email: claims.email_verified must be used here, in extra or in a rule for claims");
  }

  const std::string file_;
  std::size_t expressions_ = 0;
  std::set<std::string> addresses_;
};

} // namespace

result<authentication_config> parse_authentication_config(std::string_view text, const std::string& file) {
  if (text.size() > text_max_bytes) return error{error_kind::bad_request, file + ": is too large"};
  const auto as_json = schema::yaml_to_json(text);
  if (!as_json) return error{error_kind::bad_request, file + ": " + as_json.error().message};
  config_reader reader(file);
  reader.read(json::parse(*as_json, nullptr, false));
  if (reader.failure) return *reader.failure;
  return std::move(reader.config);
}

} // namespace actord::actors
