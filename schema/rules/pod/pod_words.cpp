#include "schema/base/json.hpp"
#include "schema/rules/checks/addresses.hpp"
#include "schema/rules/checks/checks.hpp"
#include "schema/rules/pod/pod_validation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace actord::schema::rules {

namespace {

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

} // namespace

void check_port_or_name(const field& port, field_errors& errors) {
  if (port.is_text())
    check_format(port, port_name, errors);
  else
    check_port(port, errors);
}

void check_no_backsteps(const field& path, field_errors& errors) {
  const std::vector<std::string_view> parts = split(path.text(), '/');
  if (std::ranges::find(parts, "..") != parts.end())
    errors.invalid(path, path.text(), "must not contain '..'");
}

void check_relative_path(const field& path, field_errors& errors) {
  if (path.text().starts_with('/')) errors.invalid(path, path.text(), "must be a relative path");
  check_no_backsteps(path, errors);
}

void check_local_path(const field& path, field_errors& errors) {
  check_relative_path(path, errors);
  if (path.text().starts_with("..") && !path.text().starts_with("../"))
    errors.invalid(path, path.text(), "must not start with '..'");
}

void check_driver_name(const field& driver, field_errors& errors) {
  constexpr std::size_t limit = 63;
  if (!require(driver, errors)) return;
  if (driver.text().size() > limit) errors.too_long(driver, limit);
  std::string lowered(driver.text());
  std::ranges::transform(lowered, lowered.begin(), [](unsigned char c) { return std::tolower(c); });
  for (const std::string& wrong : dns_subdomain(lowered)) errors.invalid(driver, driver.text(), wrong);
}

void check_signer_name(const field& signer, field_errors& errors) {
  constexpr int domain_limit = 253;
  constexpr int limit = 571;
  if (!require(signer, errors)) return;
  const std::vector<std::string_view> segments = split(signer.text(), '/');
  if (segments.size() != 2) {
    errors.invalid(signer, signer.text(),
                   "must be a fully qualified domain and path of the form 'example.com/signer-name'");
    return;
  }
  if (segments[0].size() > domain_limit) errors.too_long(signer, domain_limit);
  const auto check_labels_of = [&](std::string_view segment, format_check format) {
    for (const std::string_view label : split(segment, '.')) {
      const complaints wrong = format(label);
      for (const std::string& one : wrong)
        errors.invalid(signer, segment, fmt::format("validating label {}: {}", go_quoted(label), one));
      if (!wrong.empty()) return;
    }
  };
  check_labels_of(segments[0], dns_label);
  if (segments[0].find('.') == std::string_view::npos)
    errors.invalid(signer, segments[0], "should be a domain with at least two segments separated by dots");
  check_labels_of(segments[1], dns_subdomain);
  if (signer.text().size() > limit) errors.too_long(signer, limit);
}

void check_ip(const field& address, field_errors& errors) {
  for (const std::string& wrong : ip_complaints(address.text()))
    errors.invalid(address, address.text(), wrong);
}

void check_cidr(const field& block, field_errors& errors) {
  for (const std::string& wrong : cidr_complaints(block.text())) errors.invalid(block, block.text(), wrong);
}

} // namespace actord::schema::rules
