#include "actors/webhooks/webhook.hpp"

#include "actors/webhooks/match_conditions.hpp"
#include "schema/codec/base64.hpp"

#include <algorithm>

namespace actord::actors {
namespace {

const json& member(const json& object, const char* name) {
  static const json none;
  if (!object.is_object()) return none;
  const auto found = object.find(name);
  return found == object.end() ? none : *found;
}

std::string text(const json& object, const char* name, std::string_view otherwise = {}) {
  const json& value = member(object, name);
  return value.is_string() ? value.get<std::string>() : std::string(otherwise);
}

std::int64_t number(const json& object, const char* name, std::int64_t otherwise) {
  const json& value = member(object, name);
  return value.is_number_integer() ? value.get<std::int64_t>() : otherwise;
}

std::vector<std::string> texts(const json& object, const char* name) {
  std::vector<std::string> all;
  for (const json& value : member(object, name))
    if (value.is_string()) all.push_back(value.get<std::string>());
  return all;
}

/// An absent selector selects everything here: that is its default.
schema::selector_view read_selector(const json& selector) {
  schema::selector_view read{.present = true, .requirements = {}};
  const json& equalities = member(selector, "matchLabels");
  if (equalities.is_object())
    for (const auto& [key, value] : equalities.items())
      if (value.is_string())
        read.requirements.push_back({key, schema::selector_operator::in, {value.get<std::string>()}});
  for (const json& expression : member(selector, "matchExpressions")) {
    const std::string op = text(expression, "operator");
    read.requirements.push_back({text(expression, "key"),
                                 op == "In"       ? schema::selector_operator::in
                                 : op == "NotIn"  ? schema::selector_operator::not_in
                                 : op == "Exists" ? schema::selector_operator::exists
                                                  : schema::selector_operator::does_not_exist,
                                 texts(expression, "values")});
  }
  return read;
}

webhook_rule read_rule(const json& rule) {
  return {texts(rule, "operations"), texts(rule, "apiGroups"), texts(rule, "apiVersions"),
          texts(rule, "resources"), text(rule, "scope", "*")};
}

void read_client(const json& client, webhook& hook) {
  hook.url = text(client, "url");
  std::size_t wrong_at = 0;
  hook.authority_pem = schema::decode_base64(text(client, "caBundle"), wrong_at).value_or(std::string());
  const json& service = member(client, "service");
  if (!service.is_object()) return;
  hook.service = webhook_service{text(service, "namespace"), text(service, "name"), text(service, "path"),
                                 static_cast<int>(number(service, "port", 443))};
}

} // namespace

std::vector<std::shared_ptr<const webhook>> read_webhooks(webhook_kind kind, const json& configuration) {
  std::vector<std::shared_ptr<const webhook>> all;
  for (const json& from : member(configuration, "webhooks")) {
    webhook hook;
    hook.kind = kind;
    hook.configuration = text(member(configuration, "metadata"), "name");
    hook.name = text(from, "name");
    read_client(member(from, "clientConfig"), hook);
    for (const json& rule : member(from, "rules")) hook.rules.push_back(read_rule(rule));
    hook.equivalent = text(from, "matchPolicy", "Equivalent") == "Equivalent";
    hook.fails_open = text(from, "failurePolicy", "Fail") == "Ignore";
    hook.space_selector = read_selector(member(from, "namespaceSelector"));
    hook.object_selector = read_selector(member(from, "objectSelector"));
    hook.timeout = std::chrono::seconds(std::clamp<std::int64_t>(number(from, "timeoutSeconds", 10), 1, 30));
    for (const std::string& version : texts(from, "admissionReviewVersions"))
      if (version == "v1" || version == "v1beta1") {
        hook.review_version = version;
        break;
      }
    hook.reinvoked = text(from, "reinvocationPolicy") == "IfNeeded";
    hook.conditions = match_conditions::compile(member(from, "matchConditions"));
    all.push_back(std::make_shared<const webhook>(std::move(hook)));
  }
  return all;
}

} // namespace actord::actors
