#include "actors/webhooks/match_conditions.hpp"

#include "actors/authorization/expression_access.hpp"
#include "schema/base/json_member.hpp"
#include "schema/cel/admission_names.hpp"
#include "schema/cel/functions.hpp"
#include "schema/cel/library/authorizers.hpp"
#include "schema/cel/program.hpp"

#include <array>
#include <fmt/format.h>

namespace actord::actors {

namespace cel = schema::cel;
using slots = cel::admission_slots;

struct match_conditions::condition {
  std::string expression;
  result<cel::program> program;
};

namespace {

cel::value value_of(const json& object) {
  return object.is_null() ? cel::value() : cel::value::from_json(object);
}

} // namespace

match_conditions::match_conditions(std::vector<condition> all) : all_(std::move(all)) {}
match_conditions::~match_conditions() = default;

std::shared_ptr<const match_conditions> match_conditions::compile(const json& conditions) {
  if (!conditions.is_array() || conditions.empty()) return nullptr;
  const cel::environment names = cel::admission_environment({.in_policy = false});
  std::vector<condition> all;
  for (const json& each : conditions) {
    std::string expression = each.is_object() ? text_member(each, "expression") : std::string();
    auto program = cel::program::compile(expression, names);
    all.push_back({std::move(expression), std::move(program)});
  }
  return std::shared_ptr<const match_conditions>(new match_conditions(std::move(all)));
}

result<bool> match_conditions::hold(const review_subject& subject, const schema::resource_type& as,
                                    const json& object, const json& old, const access_check& may) const {
  const json request = request_in_expressions(subject.described(), as);
  const cel::access_judge judge = expression_access(may, subject.caller);
  std::array<cel::value, slots::count> values;
  values[slots::object] = value_of(object);
  values[slots::old_object] = value_of(old);
  values[slots::request] = cel::value::from_json(request, cel::admission_request_type().get());
  values[slots::authorizer] = cel::authorizer_value(judge);
  values[slots::request_resource] = cel::resource_check_value(judge, {.user = {},
                                                                      .verb = {},
                                                                      .path = {},
                                                                      .group = std::string(as.group),
                                                                      .resource = std::string(as.plural),
                                                                      .subresource = subject.subresource,
                                                                      .space = subject.space,
                                                                      .name = subject.name});
  std::string failed;
  for (const condition& each : all_) {
    cel::spending cost(cel::most_cost);
    const cel::value met =
        each.program ? each.program->evaluate(values, cost) : cel::value::error(each.program.error().message);
    if (met.failed()) {
      if (failed.empty())
        failed = fmt::format("expression '{}' resulted in error: {}", each.expression, met.message());
    } else if (!met.is_true()) {
      return false;
    }
  }
  if (failed.empty()) return true;
  return error{.kind = error_kind::forbidden, .message = failed};
}

} // namespace actord::actors
