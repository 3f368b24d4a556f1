#pragma once

#include "actors/objects/write_command.hpp"
#include "schema/base/result.hpp"
#include "schema/cel/program.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

/// Expressions that turn the claims of a token into a user, and rules that either must hold (claimMappings,
/// claimValidationRules and userValidationRules of an AuthenticationConfiguration). Immutable once read.

namespace actord::actors {

/// What an expression of identity may name, and what it has to yield.
enum class identity_expression_kind : std::uint8_t {
  claim_text,  ///< over `claims`: a text
  claim_texts, ///< over `claims`: a text or a list of texts
  claim_rule,  ///< over `claims`: true or false
  user_rule,   ///< over `user`: true or false
};

struct identity_expression {
  std::string written;
  schema::cel::program program;
  bool uses_email = false;          ///< names claims.email
  bool uses_email_verified = false; ///< names claims.email_verified
};

/// The error is the compiler's words, or what the expression must evaluate to.
result<identity_expression> compile_identity_expression(const std::string& written,
                                                        identity_expression_kind kind);

struct identity_rule {
  identity_expression holds;
  std::string message; ///< of the refusal; may be empty
};

struct claim_expressions {
  std::optional<identity_expression> username;
  std::optional<identity_expression> groups;
  std::optional<identity_expression> uid;
  std::vector<std::pair<std::string, identity_expression>> extra; ///< by key
  std::vector<identity_rule> claim_rules;
  std::vector<identity_rule> user_rules;
};

/// What an expression over `claims` yields: no texts for null, an empty text and an empty list. An error when
/// it fails or yields something else.
result<std::vector<std::string>> mapped_claims(const identity_expression& expression, const json& claims);

/// An error that says which of them does not hold.
result<void> check_claims(const std::vector<identity_rule>& rules, const json& claims);
result<void> check_user(const std::vector<identity_rule>& rules, const caller_identity& user);

} // namespace actord::actors
