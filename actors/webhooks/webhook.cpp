#include "actors/webhooks/webhook.hpp"

#include "actors/webhooks/match_conditions.hpp"
#include "schema/base/json_member.hpp"
#include "schema/codec/base64.hpp"

#include <algorithm>

namespace actord::actors {
namespace {

std::int64_t number(const json& object, const char* name, std::int64_t otherwise) {
  const json& value = json_member(object, {name});
  return value.is_number_integer() ? value.get<std::int64_t>() : otherwise;
}

void read_client(const json& client, webhook& hook) {
  hook.url = text_member(client, "url");
  std::size_t wrong_at = 0;
  hook.authority_pem =
      schema::decode_base64(text_member(client, "caBundle"), wrong_at).value_or(std::string());
  const json& service = json_member(client, {"service"});
  if (!service.is_object()) return;
  hook.service =
      webhook_service{text_member(service, "namespace"), text_member(service, "name"),
                      text_member(service, "path"), static_cast<int>(number(service, "port", 443))};
}

} // namespace

std::vector<std::shared_ptr<const webhook>> read_webhooks(webhook_kind kind, const json& configuration) {
  std::vector<std::shared_ptr<const webhook>> all;
  for (const json& from : json_member(configuration, {"webhooks"})) {
    webhook hook;
    hook.kind = kind;
    hook.configuration = text_member(json_member(configuration, {"metadata"}), "name");
    hook.name = text_member(from, "name");
    read_client(json_member(from, {"clientConfig"}), hook);
    hook.rules = read_admission_rules(json_member(from, {"rules"}));
    hook.equivalent = text_member(from, "matchPolicy", "Equivalent") == "Equivalent";
    hook.fails_open = text_member(from, "failurePolicy", "Fail") == "Ignore";
    hook.space_selector = read_admission_selector(json_member(from, {"namespaceSelector"}));
    hook.object_selector = read_admission_selector(json_member(from, {"objectSelector"}));
    hook.timeout = std::chrono::seconds(std::clamp<std::int64_t>(number(from, "timeoutSeconds", 10), 1, 30));
    for (const std::string& version : text_members(from, "admissionReviewVersions"))
      if (version == "v1" || version == "v1beta1") {
        hook.review_version = version;
        break;
      }
    hook.reinvoked = text_member(from, "reinvocationPolicy") == "IfNeeded";
    hook.conditions = match_conditions::compile(json_member(from, {"matchConditions"}));
    all.push_back(std::make_shared<const webhook>(std::move(hook)));
  }
  return all;
}

} // namespace actord::actors
