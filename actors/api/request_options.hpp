#pragma once

#include "actors/api/request_route.hpp"
#include "actors/api/selectors.hpp"
#include "actors/objects/write_command.hpp"

#include <chrono>

/// The options of API requests, parsed and checked.

namespace actord::actors {

enum class version_match : std::uint8_t { by_default, not_older_than, exact };

/// metav1.ListOptions: lists, watches and deletecollection.
struct list_options {
  object_selector selector;
  std::size_t limit = 0; ///< 0: none
  std::string continue_token;
  std::optional<revision> at; ///< resourceVersion; unset when empty. 0 is "any"
  version_match match = version_match::by_default;
  bool watch = false;
  bool bookmarks = false;
  std::optional<bool> initial_events;
  std::optional<std::chrono::seconds> timeout;
};
result<list_options> parse_list_options(const query_values& query, const schema::resource_type& type,
                                        bool watch);

/// metav1.GetOptions.
result<std::optional<revision>> parse_get_version(const query_values& query);

/// metav1.CreateOptions, UpdateOptions and PatchOptions.
struct write_options {
  bool dry_run = false;
  bool force = false;
  std::string field_manager;
  schema::field_validation validation = schema::field_validation::warn;
};
/// `kind` is "CreateOptions" and the like, for errors. The manager defaults to the user agent up to '/'.
result<write_options> parse_write_options(const query_values& query, std::string_view kind,
                                          std::string_view user_agent, bool is_apply);

struct removal_request {
  delete_options options;
  bool dry_run = false;
  bool asked_for_dependents =
      false; ///< orphanDependents=false: the old way to ask for cascading, answered with 202
};
/// From the query and, when there is one, the DeleteOptions in the body, as JSON.
result<removal_request> parse_delete_options(const query_values& query, std::string_view body);

} // namespace actord::actors
