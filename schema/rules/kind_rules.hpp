#pragma once

#include "schema/base/clock.hpp"
#include "schema/base/error.hpp"
#include "schema/base/json_fwd.hpp"
#include "schema/base/rng.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What a kind demands beyond the structure its type already states: small pure functions, registered per
/// kind. They run in the order of the members below; every one may be null.

namespace actord::schema {

struct resource_type;

/// A value in the words of its own printer, for those that JSON does not print as Kubernetes does.
struct printed_value {
  std::string text;
};

/// Collects what is wrong with an object, in the words and order that Kubernetes clients match on.
class field_errors {
public:
  /// "Required value", or "Required value: <detail>".
  void required(std::string field, std::string_view detail = {});
  /// `Invalid value: <value>: <detail>`; the value as compact JSON.
  void invalid(std::string field, const json& value, std::string_view detail);
  void invalid(std::string field, const printed_value& value, std::string_view detail);
  /// The same where the value is better not shown.
  void invalid_without_value(std::string field, std::string_view detail);
  /// `Unsupported value: "x": supported values: "a", "b"`.
  void not_supported(std::string field, const json& value, const std::vector<std::string_view>& supported);
  void not_supported(std::string field, const printed_value& value,
                     const std::vector<std::string_view>& supported);
  void duplicate(std::string field, const json& value, std::string_view detail = {});
  void duplicate(std::string field, const printed_value& value, std::string_view detail = {});
  void forbidden(std::string field, std::string_view detail);
  void too_long(std::string field, int max_bytes);
  void too_many(std::string field, std::size_t actual, std::size_t max);
  void too_few(std::string field, std::size_t actual, std::size_t min);
  void type_invalid(std::string field, const json& value, std::string_view detail);
  void not_found(std::string field, const json& value, std::string_view detail = {});
  void internal(std::string field, std::string_view detail);
  /// Everything `other` has collected, each field behind `prefix` ("spec.template.").
  void append(const field_errors& other, std::string_view prefix);

  [[nodiscard]] bool empty() const { return causes_.empty(); }
  [[nodiscard]] const std::vector<error_cause>& causes() const { return causes_; }

private:
  void add(std::string_view reason, std::string field, std::string message);
  std::vector<error_cause> causes_;
};

/// What a rule may know besides the objects themselves.
struct rule_context {
  const resource_type& type;
  std::string_view subresource; ///< empty for the object itself
  wall_time now;
  random_source& random;
};

struct kind_rules {
  /// Defaults beyond constants of the type table, on a decoded object of a create or update (or a patched
  /// one).
  void (*set_defaults)(json& object) = nullptr;
  /// Drops what a client must not set on create (status, usually) and fills in what the server owns
  /// (generation).
  void (*prepare_create)(json& object, const rule_context& context) = nullptr;
  /// Restores what this (sub)resource must not change and raises metadata.generation where the spec differs.
  void (*prepare_update)(json& object, const json& old, const rule_context& context) = nullptr;
  /// Whole validation of a create, metadata included; never null in a row that `rules_of` returns.
  void (*validate_create)(const json& object, field_errors& errors, const rule_context& context) = nullptr;
  /// Whole validation of an update: the object itself and what must not change; never null in a row that
  /// `rules_of` returns. metadata.resourceVersion of `object` must be set (the stored one if the client sent
  /// none).
  void (*validate_update)(const json& object, const json& old, field_errors& errors,
                          const rule_context& context) = nullptr;
  /// Warnings a client should see ("metadata.annotations[...]: deprecated since ...").
  void (*warn)(const json& object, const json* old, std::vector<std::string>& warnings) = nullptr;
};

/// The rules of a built-in kind; kinds without a row of their own get the defaults every object has
/// (metadata).
const kind_rules& rules_of(const resource_type& type);

/// Fills in what a client left out of a decoded object.
void set_defaults(const resource_type& type, json& object);

/// What `prepare` calls after the strategy ran; nothing when all is well. Runs the row's validation and then
/// what the API demands of every object (a name that can stand in a path, metadata that must not change).
std::optional<error> check_create(const json& object, const rule_context& context);
std::optional<error> check_update(const json& object, const json& old, const rule_context& context);

/// Rules every object obeys: names, namespaces, labels, annotations, finalizers, owner references.
void validate_metadata_create(const json& object, field_errors& errors, const rule_context& context);
void validate_metadata_update(const json& object, const json& old, field_errors& errors,
                              const rule_context& context);

/// The 422 for collected errors: `Deployment.apps "x" is invalid: spec.replicas: ...`.
error invalid_object(const resource_type& type, std::string_view name, const field_errors& errors);

} // namespace actord::schema
