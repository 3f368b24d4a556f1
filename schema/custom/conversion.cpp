#include "schema/custom/conversion.hpp"

#include "schema/base/json.hpp"
#include "schema/base/json_member.hpp"
#include "schema/codec/base64.hpp"

namespace actord::schema::custom {
namespace {

std::string text(const json& object, const char* name) {
  const json& found = json_member(object, {name});
  return found.is_string() ? found.get<std::string>() : std::string();
}

conversion_webhook::service_place read_service(const json& service) {
  const json& port = json_member(service, {"port"});
  return {text(service, "namespace"), text(service, "name"), text(service, "path"),
          port.is_number_integer() ? port.get<int>() : 443};
}

} // namespace

std::optional<conversion_webhook> read_conversion(const json& definition) {
  const json& conversion = json_member(definition, {"spec", "conversion"});
  if (text(conversion, "strategy") != "Webhook") return {};
  conversion_webhook hook;
  const json& client = json_member(conversion, {"webhook", "clientConfig"});
  hook.url = text(client, "url");
  if (const json& service = json_member(client, {"service"}); service.is_object())
    hook.service = read_service(service);
  std::size_t wrong_at = 0;
  hook.authority_pem = decode_base64(text(client, "caBundle"), wrong_at).value_or(std::string());
  for (const json& version : json_member(conversion, {"webhook", "conversionReviewVersions"}))
    if (version == "v1" || version == "v1beta1") {
      hook.review_version = version.get<std::string>();
      break;
    }
  return hook;
}

} // namespace actord::schema::custom
