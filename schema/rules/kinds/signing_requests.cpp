#include "schema/base/json.hpp"
#include "schema/base/timestamp.hpp"
#include "schema/codec/base64.hpp"
#include "schema/rules/checks/checks.hpp"
#include "schema/rules/checks/defaults.hpp"
#include "schema/rules/kinds/kinds.hpp"
#include "schema/rules/pod/pod_validation.hpp"
#include "schema/rules/strategy_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <vector>

/// CertificateSigningRequest: who asked and for what never changes; the approval subresource gives the
/// verdict, the status subresource the certificate. Whether the request itself can be read is for admission
/// to say.

namespace actord::schema::rules {

namespace {

constexpr std::int64_t shortest_life_s = 600;
constexpr std::array<std::string_view, 3> verdicts{"Approved", "Denied", "Failed"};

bool is_verdict(std::string_view type) { return std::ranges::find(verdicts, type) != verdicts.end(); }

void prepare_signing_request(json& request, const rule_context&) { request["status"] = json::object(); }

std::vector<json> conditions_of_type(const json& request, std::string_view type) {
  std::vector<json> found;
  for (const field condition : field(request).at("status").at("conditions").items())
    if (condition.at("type").text() == type) found.push_back(condition.value());
  return found;
}

/// Times a client left out: a condition that holds already keeps when it began to.
void fill_times(json& conditions, const json& old, wall_time now) {
  if (!conditions.is_array()) return;
  for (json& condition : conditions) {
    fill_zero(condition, "lastUpdateTime", format_time(now));
    if (field(condition).at("lastTransitionTime").is_text()) continue;
    json since = format_time(now);
    for (const json& before : conditions_of_type(old, field(condition).at("type").text()))
      if (field(before).at("status").text() == field(condition).at("status").text() &&
          field(before).at("lastTransitionTime").is_text())
        since = before["lastTransitionTime"];
    condition["lastTransitionTime"] = std::move(since);
  }
}

/// The status subresource does not touch a verdict that was there before.
void keep_verdicts(json& request, const json& old) {
  json* conditions = member_at(request, "status.conditions");
  for (const char* type : {"Approved", "Denied"}) {
    std::vector<json> before = conditions_of_type(old, type);
    if (conditions == nullptr || conditions_of_type(request, type).size() != before.size()) continue;
    auto next = before.begin();
    for (json& condition : *conditions)
      if (field(condition).at("type").text() == type) condition = *next++;
  }
}

void prepare_signing_request_update(json& request, const json& old, const rule_context& context) {
  request["spec"] = old.at("spec");
  const json status = old.value("status", json::object());
  if (context.subresource == "status") {
    keep_verdicts(request, old);
    if (json* conditions = member_at(request, "status.conditions")) fill_times(*conditions, old, context.now);
  } else if (context.subresource == "approval") {
    json conditions = field(request).at("status").at("conditions").value();
    fill_times(conditions, old, context.now);
    request["status"] = status;
    request["status"].erase("conditions");
    if (!conditions.is_null()) request["status"]["conditions"] = std::move(conditions);
  } else {
    request["status"] = status;
  }
}

void check_usages(const field& usages, field_errors& errors) {
  static const std::vector<std::string_view> known{"any",
                                                   "cert sign",
                                                   "client auth",
                                                   "code signing",
                                                   "content commitment",
                                                   "crl sign",
                                                   "data encipherment",
                                                   "decipher only",
                                                   "digital signature",
                                                   "email protection",
                                                   "encipher only",
                                                   "ipsec end system",
                                                   "ipsec tunnel",
                                                   "ipsec user",
                                                   "key agreement",
                                                   "key encipherment",
                                                   "microsoft sgc",
                                                   "netscape sgc",
                                                   "ocsp signing",
                                                   "s/mime",
                                                   "server auth",
                                                   "signing",
                                                   "timestamping"};
  if (usages.size() == 0) errors.required(usages);
  for (const field usage : usages.items())
    if (std::ranges::find(known, usage.text()) == known.end())
      errors.not_supported(usage, usage.value(), known);
  std::set<std::string_view> seen;
  for (const field usage : usages.items())
    if (!seen.insert(usage.text()).second) errors.duplicate(usage, usage.value());
}

void check_verdict_conditions(const field& conditions, field_errors& errors) {
  std::set<std::string_view> seen;
  bool approved = false;
  bool denied = false;
  for (const field condition : conditions.items()) {
    const std::string_view type = condition.at("type").text();
    if (type.empty()) errors.required(condition.at("type"));
    const field status = condition.at("status");
    if (status.text().empty())
      errors.required(status);
    else if (is_verdict(type))
      one_of(status, {"True"}, errors);
    else
      one_of(status, {"False", "True", "Unknown"}, errors);
    approved = approved || type == "Approved";
    denied = denied || type == "Denied";
    if (approved && denied && (type == "Approved" || type == "Denied"))
      errors.invalid(conditions, type, "Approved and Denied conditions are mutually exclusive");
    if (!seen.insert(type).second) errors.duplicate(condition.at("type"), type);
  }
}

void check_signing_request(const json& object, field_errors& errors) {
  const field spec = field(object).at("spec");
  check_usages(spec.at("usages"), errors);
  if (const field signer = spec.at("signerName"); signer.text() == "kubernetes.io/legacy-unknown")
    errors.invalid(signer, signer.value(), "the legacy signerName is not allowed via this API version");
  else
    check_signer_name(signer, errors);
  if (const field life = spec.at("expirationSeconds"); life.is_integer() && life.integer() < shortest_life_s)
    errors.invalid(life, life.integer(), "may not specify a duration less than 600 seconds (10 minutes)");
  check_verdict_conditions(field(object).at("status").at("conditions"), errors);
}

void check_new_signing_request(const json& object, field_errors& errors, const rule_context& context) {
  validate_metadata_create(object, errors, context);
  check_signing_request(object, errors);
}

/// Empty: fine. What a signer hands in must be certificates and nothing else.
std::string_view wrong_certificate(const field& certificate) {
  std::size_t wrong_at = 0;
  const auto pem = decode_base64(certificate.text(), wrong_at);
  if (!pem || pem->empty()) return {};
  std::string_view rest = *pem;
  std::size_t blocks = 0;
  constexpr std::string_view begin = "-----BEGIN ";
  for (std::size_t at = rest.find(begin); at != std::string_view::npos; at = rest.find(begin)) {
    rest.remove_prefix(at + begin.size());
    if (!rest.starts_with("CERTIFICATE-----")) return "only CERTIFICATE PEM blocks are allowed";
    ++blocks;
  }
  return blocks == 0 ? "must contain at least one CERTIFICATE PEM block" : std::string_view{};
}

void check_certificate_change(const json& object, const json& old, std::string_view subresource,
                              field_errors& errors) {
  const field now = field(object).at("status").at("certificate");
  const field before = field(old).at("status").at("certificate");
  if (now.text() == before.text()) return;
  if (subresource != "status") return errors.forbidden(now, "updates may not set certificate content");
  if (!before.text().empty())
    return errors.forbidden(now, "updates may not modify existing certificate content");
  if (const std::string_view wrong = wrong_certificate(now); !wrong.empty())
    errors.invalid_without_value(now, fmt::format("<certificate data>: {}", wrong));
}

void check_signing_request_update(const json& object, const json& old, field_errors& errors,
                                  const rule_context& context) {
  check_signing_request(object, errors);
  const field conditions = field(object).at("status").at("conditions");
  for (const std::string_view type : verdicts) {
    const std::vector<json> now = conditions_of_type(object, type);
    const std::vector<json> before = conditions_of_type(old, type);
    if (now.size() < before.size()) {
      errors.forbidden(conditions, fmt::format("updates may not remove a condition of type \"{}\"", type));
    } else if (type != "Failed" && context.subresource != "approval") {
      if (now.size() > before.size())
        errors.forbidden(conditions, fmt::format("updates may not add a condition of type \"{}\"", type));
      else if (now != before)
        errors.forbidden(conditions, fmt::format("updates may not modify a condition of type \"{}\"", type));
    }
  }
  check_certificate_change(object, old, context.subresource, errors);
  validate_metadata_update(object, old, errors, context);
}

} // namespace

const kind_rules signing_request_rules{.prepare_create = prepare_signing_request,
                                       .prepare_update = prepare_signing_request_update,
                                       .validate_create = check_new_signing_request,
                                       .validate_update = check_signing_request_update};

} // namespace actord::schema::rules
