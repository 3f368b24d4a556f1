#include "schema/print/printer_table.hpp"
#include "schema/value/api_time.hpp"

#include <fmt/format.h>

namespace actord::schema::print {

void print_role_binding(const row_writer& row) {
  const json& role = at(row.object, {"roleRef"});
  std::vector<std::string> users;
  std::vector<std::string> groups;
  std::vector<std::string> accounts;
  const json& subjects = at(row.object, {"subjects"});
  if (subjects.is_array())
    for (const json& subject : subjects) {
      const std::string kind = text(at(subject, {"kind"}));
      const std::string name = text(at(subject, {"name"}));
      if (kind == "User") users.push_back(name);
      if (kind == "Group") groups.push_back(name);
      if (kind == "ServiceAccount") accounts.push_back(text(at(subject, {"namespace"})) + "/" + name);
    }
  row.add(name_of(row.object), text(at(role, {"kind"})) + "/" + text(at(role, {"name"})), age(row),
          joined(users, ", "), joined(groups, ", "), joined(accounts, ", "));
}

void print_webhook_configuration(const row_writer& row) {
  row.add(name_of(row.object), count(at(row.object, {"webhooks"})), age(row));
}

namespace {

std::string parameter_kind(const json& policy) {
  const json& kind = at(policy, {"spec", "paramKind"});
  return kind.is_null() ? "<unset>" : text(at(kind, {"apiVersion"})) + "/" + text(at(kind, {"kind"}));
}

} // namespace

void print_validating_admission_policy(const row_writer& row) {
  row.add(name_of(row.object), count(at(row.object, {"spec", "validations"})), parameter_kind(row.object),
          age(row));
}

void print_mutating_admission_policy(const row_writer& row) {
  row.add(name_of(row.object), count(at(row.object, {"spec", "mutations"})), parameter_kind(row.object),
          age(row));
}

void print_admission_policy_binding(const row_writer& row) {
  const json& reference = at(row.object, {"spec", "paramRef"});
  std::string parameters = "<unset>";
  if (const auto name = text(at(reference, {"name"})); !name.empty())
    parameters = text_or(at(reference, {"namespace"}), "*") + "/" + name;
  else if (const json& selector = at(reference, {"selector"}); !selector.is_null())
    parameters = selector_or_none(selector);
  row.add(name_of(row.object), text(at(row.object, {"spec", "policyName"})), parameters, age(row));
}

void print_flow_schema(const row_writer& row) {
  const json& object = row.object;
  row.add(name_of(object), text(at(object, {"spec", "priorityLevelConfiguration", "name"})),
          number(at(object, {"spec", "matchingPrecedence"})),
          text_or(at(object, {"spec", "distinguisherMethod", "type"}), "<none>"), age(row),
          text_or(at(condition(object, "Dangling"), {"status"}), "?"));
}

void print_priority_level(const row_writer& row) {
  const json& limited = at(row.object, {"spec", "limited"});
  const json& queuing = at(limited, {"limitResponse", "queuing"});
  const auto number_or_none = [](const json& value) { return value.is_null() ? json("<none>") : value; };
  row.add(name_of(row.object), text(at(row.object, {"spec", "type"})),
          number_or_none(at(limited, {"nominalConcurrencyShares"})), number_or_none(at(queuing, {"queues"})),
          number_or_none(at(queuing, {"handSize"})), number_or_none(at(queuing, {"queueLengthLimit"})),
          age(row));
}

void print_signing_request(const row_writer& row) {
  const json& object = row.object;
  std::string state = !condition(object, "Denied").is_null()     ? "Denied"
                      : !condition(object, "Approved").is_null() ? "Approved"
                                                                 : "Pending";
  if (!condition(object, "Failed").is_null()) state += ",Failed";
  if (!text(at(object, {"status", "certificate"})).empty()) state += ",Issued";
  const json& lifetime = at(object, {"spec", "expirationSeconds"});
  row.add(name_of(object), age(row), text_or(at(object, {"spec", "signerName"}), "<none>"),
          text(at(object, {"spec", "username"})),
          lifetime.is_null() ? "<none>" : human_duration(std::chrono::seconds(number(lifetime))), state);
}

void print_api_service(const row_writer& row) {
  const json& service = at(row.object, {"spec", "service"});
  const json& available = condition(row.object, "Available");
  std::string state = text_or(at(available, {"status"}), "Unknown");
  if (const auto reason = text(at(available, {"reason"})); state != "True" && !reason.empty())
    state += " (" + reason + ")";
  row.add(name_of(row.object),
          service.is_null() ? "Local" : text(at(service, {"namespace"})) + "/" + text(at(service, {"name"})),
          state, age(row));
}

} // namespace actord::schema::print
