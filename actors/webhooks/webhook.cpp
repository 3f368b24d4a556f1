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
    hook.rules = read_admission_rules(member(from, "rules"));
    hook.equivalent = text(from, "matchPolicy", "Equivalent") == "Equivalent";
    hook.fails_open = text(from, "failurePolicy", "Fail") == "Ignore";
    hook.space_selector = read_admission_selector(member(from, "namespaceSelector"));
    hook.object_selector = read_admission_selector(member(from, "objectSelector"));
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
