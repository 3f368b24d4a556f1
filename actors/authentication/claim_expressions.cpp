#include "actors/authentication/claim_expressions.hpp"

#include "schema/base/json.hpp"
#include "schema/cel/admission_names.hpp"
#include "schema/cel/lexer.hpp"

#include <array>
#include <fmt/format.h>

namespace actord::actors {
namespace {

namespace cel = schema::cel;
using cel::type_kind;

constexpr std::size_t texts_max = 1000;

cel::environment names_of(identity_expression_kind kind) {
  cel::environment names;
  if (kind == identity_expression_kind::user_rule)
    names.declare("user", cel::user_info_type());
  else
    names.declare("claims", cel::map_of(cel::simple(type_kind::string), cel::simple(type_kind::dynamic)));
  return names;
}

std::vector<type_kind> wanted_of(identity_expression_kind kind) {
  switch (kind) {
  case identity_expression_kind::claim_text:
    return {type_kind::string};
  case identity_expression_kind::claim_texts:
    return {type_kind::string, type_kind::list};
  default:
    return {type_kind::boolean};
  }
}

/// Whether the expression names a member of `claims`, optionally or not.
bool names_claim(const std::vector<cel::token>& tokens, std::string_view claim) {
  for (std::size_t at = 0; at + 2 < tokens.size(); ++at) {
    if (tokens[at].seen != "claims" || (at > 0 && tokens[at - 1].seen == ".")) continue;
    std::size_t next = at + 1;
    if (tokens[next].seen == ".?")
      ++next;
    else if (tokens[next].seen == ".")
      next += tokens[next + 1].seen == "?" ? 2 : 1;
    else
      continue;
    if (next < tokens.size() && tokens[next].seen == claim) return true;
  }
  return false;
}

error failed(const identity_expression& expression, std::string_view why) {
  return {.kind = error_kind::unauthorized,
          .message = fmt::format("expression '{}' resulted in error: {}", expression.written, why)};
}

cel::value run(const identity_expression& expression, const cel::value& about) {
  const std::array variables{about};
  cel::spending cost(cel::most_cost);
  return expression.program.evaluate(variables, cost);
}

result<void> check_rules(const std::vector<identity_rule>& rules, const cel::value& about) {
  for (const identity_rule& rule : rules) {
    const cel::value holds = run(rule.holds, about);
    if (holds.failed()) return failed(rule.holds, holds.message());
    if (!holds.is_true())
      return error{.kind = error_kind::unauthorized,
                   .message = fmt::format("validation expression '{}' failed{}{}", rule.holds.written,
                                          rule.message.empty() ? "" : ": ", rule.message)};
  }
  return {};
}

} // namespace

result<identity_expression> compile_identity_expression(const std::string& written,
                                                        identity_expression_kind kind) {
  const cel::environment names = names_of(kind);
  // What is read from claims may be anything: that is seen when it runs.
  std::vector<type_kind> wanted = wanted_of(kind);
  wanted.push_back(type_kind::dynamic);
  auto program = cel::program::compile(written, names);
  if (!program) return program.error();
  bool fits = false;
  for (const type_kind one : wanted) fits = fits || program->yields().kind == one;
  if (!fits) {
    wanted.pop_back();
    std::string all;
    for (const type_kind one : wanted)
      all += (all.empty() ? "" : " or ") +
             (one == type_kind::list ? "list(string)" : text_of(*cel::simple(one)));
    return error{error_kind::bad_request, "must evaluate to " + all};
  }
  std::vector<cel::issue> issues;
  const std::vector<cel::token> tokens = cel::tokens_of(written, issues);
  return identity_expression{written, std::move(*program), names_claim(tokens, "email"),
                             names_claim(tokens, "email_verified")};
}

result<std::vector<std::string>> mapped_claims(const identity_expression& expression, const json& claims) {
  const cel::value found = run(expression, cel::value::from_json(claims));
  if (found.failed()) return failed(expression, found.message());
  std::vector<std::string> texts;
  if (found.is_null()) return texts;
  if (const auto one = found.string()) {
    if (!one->empty()) texts.emplace_back(*one);
    return texts;
  }
  if (!found.is_list()) return failed(expression, "it must yield a text or a list of texts");
  const std::size_t count = found.size().value_or(0);
  if (count > texts_max) return failed(expression, fmt::format("it yields more than {} texts", texts_max));
  for (std::size_t at = 0; at < count; ++at) {
    const cel::value item = found.item(at);
    const auto text = item.string();
    if (!text) return failed(expression, "it must yield texts only");
    texts.emplace_back(*text);
  }
  return texts;
}

result<void> check_claims(const std::vector<identity_rule>& rules, const json& claims) {
  return check_rules(rules, cel::value::from_json(claims));
}

result<void> check_user(const std::vector<identity_rule>& rules, const caller_identity& user) {
  const json seen = {
      {"username", user.user}, {"uid", user.uid}, {"groups", user.groups}, {"extra", user.extra}};
  return check_rules(rules, cel::value::from_json(seen, cel::user_info_type().get()));
}

} // namespace actord::actors
