#pragma once

#include "schema/base/json_fwd.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// What FlowSchema and PriorityLevelConfiguration objects say, compiled to be asked for each request. Pure
/// values.

namespace actord::actors {

/// What classification sees of a request.
struct flow_question {
  std::string_view user;
  std::span<const std::string> groups;
  std::string_view verb;
  bool about_resource = true;
  std::string_view group;
  std::string_view resource;    ///< plural
  std::string_view subresource; ///< empty for the object itself
  std::string_view space;       ///< empty: cluster-wide, or all namespaces
  std::string_view path;        ///< of a request that is not about a resource
};

/// How many seats a priority level has, and what becomes of requests that find none free.
///
///   kept ≤ nominal ≤ most        kept: not lent to others    most: own seats and those it may borrow
struct level_settings {
  std::string name;
  std::string uid;
  bool exempt = false;
  bool queues = false; ///< else requests that find no seat are refused
  std::uint32_t queue_count = 0;
  std::uint32_t hand_size = 0;
  std::uint32_t queue_length = 0;
  std::uint32_t nominal = 0;
  std::uint32_t kept = 0;
  std::uint32_t most = 0;
};

struct flow_subject {
  enum class kind : std::uint8_t { user, group, service_account } what = kind::user;
  std::string name; ///< "*" for all
  std::string space;
};

struct flow_resource_rule {
  std::vector<std::string> verbs;
  std::vector<std::string> groups;
  std::vector<std::string> resources;
  std::vector<std::string> spaces;
  bool cluster_scope = false;
};

struct flow_path_rule {
  std::vector<std::string> verbs;
  std::vector<std::string> paths;
};

/// Matches a request when a subject and a rule do.
struct flow_rule {
  std::vector<flow_subject> subjects;
  std::vector<flow_resource_rule> resources;
  std::vector<flow_path_rule> paths;
};

struct flow_schema {
  enum class distinguisher : std::uint8_t { none, by_user, by_namespace };

  std::string name;
  std::string uid;
  int precedence = 0;
  distinguisher flows = distinguisher::none;
  std::size_t level = 0; ///< index into flow_rules::levels
  std::vector<flow_rule> rules;
};

struct flow_match {
  const flow_schema* schema = nullptr;
  const level_settings* level = nullptr;
  std::size_t level_index = 0;
  std::uint64_t flow = 0; ///< hash of the flow within its schema
};

class flow_rules {
public:
  /// `total_seats` are divided by shares. Schemas whose level does not exist match nothing; the mandatory
  /// objects are there whether the lists have them or not.
  flow_rules(std::span<const json> schemas, std::span<const json> levels, std::uint32_t total_seats);

  /// The schema of least precedence that matches; every request has one.
  [[nodiscard]] flow_match classify(const flow_question& question) const;
  [[nodiscard]] const std::vector<level_settings>& levels() const { return levels_; }
  [[nodiscard]] const std::vector<flow_schema>& schemas() const { return schemas_; }

private:
  std::vector<level_settings> levels_;
  std::vector<flow_schema> schemas_; ///< by precedence, then name
};

} // namespace actord::actors
