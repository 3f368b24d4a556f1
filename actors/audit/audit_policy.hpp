#pragma once

#include "schema/base/result.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// What is written down about which request: the Policy of audit.k8s.io/v1. Pure values.

namespace actord::actors {

enum class audit_level : std::uint8_t { none, metadata, request, request_response };
enum class audit_stage : std::uint8_t { request_received, response_started, response_complete, panic };

std::string_view level_name(audit_level level);
std::string_view stage_name(audit_stage stage);

struct audit_question {
  std::string_view user;
  std::span<const std::string> groups;
  std::string_view verb;
  bool about_resource = true;
  std::string_view group;
  std::string_view resource;
  std::string_view subresource;
  std::string_view space;
  std::string_view name;
  std::string_view path;
};

struct audit_decision {
  audit_level level = audit_level::none;
  std::uint8_t omitted = 0; ///< a bit per stage
  bool omit_managed_fields = false;

  [[nodiscard]] bool shows(audit_stage stage) const {
    return level != audit_level::none && (omitted >> static_cast<unsigned>(stage) & 1U) == 0;
  }
};

/// Resources of a rule; an empty list does not restrict.
struct audit_resources {
  std::string group;
  std::vector<std::string> resources; ///< "pods", "pods/log", "pods/*", "*/scale", "*"
  std::vector<std::string> names;
};

struct audit_rule {
  audit_level level = audit_level::none;
  std::vector<std::string> users;
  std::vector<std::string> groups;
  std::vector<std::string> verbs;
  std::vector<audit_resources> resources;
  std::vector<std::string> spaces; ///< "" is what has no namespace
  std::vector<std::string> paths;
  std::uint8_t omitted = 0;
  bool omit_managed_fields = false;
};

class audit_policy {
public:
  /// YAML or JSON. Errors name the file and the field.
  static result<audit_policy> parse(std::string_view text, const std::string& file);

  /// By the first rule that matches; without one nothing is written.
  [[nodiscard]] audit_decision decide(const audit_question& question) const;

private:
  std::vector<audit_rule> rules_;
};

} // namespace actord::actors
