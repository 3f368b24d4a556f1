#include "actors/admission/pod_security/pod_security.hpp"

#include "actors/admission/pod_security/pod_security_checks.hpp"
#include "schema/base/json.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <optional>

namespace actord::actors {
namespace {

constexpr std::string_view prefix = "pod-security.kubernetes.io/";

std::optional<security_level> parse_level(std::string_view text) {
  if (text == "privileged") return security_level::privileged;
  if (text == "baseline") return security_level::baseline;
  if (text == "restricted") return security_level::restricted;
  return {};
}

/// "latest" or "v1.24".
std::optional<int> parse_version(std::string_view text) {
  if (text == "latest") return security_standard::latest;
  if (!text.starts_with("v1.")) return {};
  text.remove_prefix(3);
  if (text.empty() || (text.size() > 1 && text.front() == '0') || text.size() > 5) return {};
  int minor = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), minor);
  if (failure != std::errc() || end != text.data() + text.size() || minor < 0) return {};
  return minor;
}

class label_reader {
public:
  label_reader(const schema::text_map& labels, schema::field_errors* errors)
      : labels_(labels), errors_(errors) {}

  /// `otherwise` is what a wrong level means. True when there is a valid one.
  bool level(std::string_view mode, security_level& into, security_level otherwise) {
    const std::string* text = find(mode, "");
    if (text == nullptr) return false;
    const auto parsed = parse_level(*text);
    into = parsed.value_or(otherwise);
    if (!parsed) complain(mode, "", *text, "must be one of privileged, baseline, restricted");
    return parsed.has_value();
  }

  bool version(std::string_view mode, int& into) {
    const std::string* text = find(mode, "-version");
    if (text == nullptr) return false;
    const auto parsed = parse_version(*text);
    into = parsed.value_or(security_standard::latest);
    if (!parsed) complain(mode, "-version", *text, "must be \"latest\" or \"v1.x\"");
    return true;
  }

  [[nodiscard]] bool has(std::string_view mode) const { return find(mode, "") != nullptr; }

private:
  [[nodiscard]] const std::string* find(std::string_view mode, std::string_view suffix) const {
    const auto found = labels_.find(fmt::format("{}{}{}", prefix, mode, suffix));
    return found == labels_.end() ? nullptr : &found->second;
  }
  void complain(std::string_view mode, std::string_view suffix, const std::string& value,
                std::string_view why) {
    if (errors_ != nullptr)
      errors_->invalid(fmt::format("metadata.labels[{}{}{}]", prefix, mode, suffix), value, why);
  }

  const schema::text_map& labels_;
  schema::field_errors* errors_;
};

template <class Part>
std::string joined(const std::vector<security_violation>& violations, Part part) {
  std::string text;
  for (const security_violation& violation : violations) text += (text.empty() ? "" : ", ") + part(violation);
  return text;
}

} // namespace

std::string security_standard::text() const {
  const std::string_view name = level == security_level::privileged ? "privileged"
                                : level == security_level::baseline ? "baseline"
                                                                    : "restricted";
  return minor == latest ? fmt::format("{}:latest", name) : fmt::format("{}:v1.{}", name, minor);
}

bool security_policy::asks_nothing() const {
  return enforce.level == security_level::privileged && audit.level == security_level::privileged &&
         warn.level == security_level::privileged;
}

security_policy security_policy_of(const schema::text_map& labels, schema::field_errors* errors) {
  security_policy policy;
  const auto first = labels.lower_bound(prefix);
  if (first == labels.end() || !first->first.starts_with(prefix)) return policy;
  label_reader read(labels, errors);
  const bool enforces = read.level("enforce", policy.enforce.level, security_level::restricted);
  read.version("enforce", policy.enforce.minor);
  read.level("audit", policy.audit.level, security_level::privileged);
  read.version("audit", policy.audit.minor);
  read.level("warn", policy.warn.level, security_level::privileged);
  const bool warn_version = read.version("warn", policy.warn.minor);
  // Templates are only warned about, so what would be refused later is warned of at least.
  if (!read.has("warn") && enforces && policy.enforce.level > policy.warn.level) {
    policy.warn.level = policy.enforce.level;
    if (!warn_version) policy.warn.minor = policy.enforce.minor;
  }
  return policy;
}

std::vector<security_violation> security_violations(const security_standard& standard, const json& pod) {
  std::vector<security_violation> found;
  if (standard.level == security_level::privileged) return found;
  const security_subject subject(pod);
  const int minor = std::min(standard.minor, newest_security_minor);
  for (const security_check& check : security_checks()) {
    if (minor < check.from || minor >= check.until) continue;
    const bool restricts = standard.level == security_level::restricted;
    if (check.level == security_level::restricted ? !restricts : restricts && minor >= check.superseded_from)
      continue;
    if (auto violation = check.judge(subject)) found.push_back(std::move(*violation));
  }
  return found;
}

std::string with_details(const std::vector<security_violation>& violations) {
  return joined(violations, [](const security_violation& violation) {
    return violation.detail.empty() ? violation.reason
                                    : fmt::format("{} ({})", violation.reason, violation.detail);
  });
}

std::string reasons_only(const std::vector<security_violation>& violations) {
  return joined(violations, [](const security_violation& violation) { return violation.reason; });
}

} // namespace actord::actors
