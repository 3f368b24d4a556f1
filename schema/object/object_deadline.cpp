#include "schema/object/object_deadline.hpp"

#include "schema/base/json.hpp"
#include "schema/base/timestamp.hpp"
#include "schema/codec/base64.hpp"
#include "schema/tables/resource_table.hpp"

#include <algorithm>
#include <string>

namespace actord::schema {
namespace {

constexpr std::string_view bootstrap_token_type = "bootstrap.kubernetes.io/token";

const std::string& text_of(const json& holder, const char* field) {
  static const std::string nothing;
  if (!holder.is_object()) return nothing;
  const auto found = holder.find(field);
  return found == holder.end() || !found->is_string() ? nothing : found->get_ref<const std::string&>();
}

const json& member(const json& holder, const char* field) {
  static const json nothing;
  if (!holder.is_object()) return nothing;
  const auto found = holder.find(field);
  return found == holder.end() ? nothing : *found;
}

wall_time last_write(const json& event) {
  const json& metadata = member(event, "metadata");
  wall_time last{};
  const auto consider = [&](const std::string& text) {
    if (const auto when = parse_time(text)) last = std::max(last, *when);
  };
  consider(text_of(metadata, "creationTimestamp"));
  for (const json& entry : member(metadata, "managedFields")) consider(text_of(entry, "time"));
  return last;
}

wall_time token_expiry(const json& secret) {
  if (text_of(secret, "type") != bootstrap_token_type) return {};
  std::size_t wrong_at = 0;
  const auto text = decode_base64(text_of(member(secret, "data"), "expiration"), wrong_at);
  return text ? parse_time(*text).value_or(wall_time{}) : wall_time{};
}

} // namespace

wall_time object_deadline(const resource_type& type, const json& object) {
  static const resource_id events = builtin("", "events").id;
  static const resource_id secrets = builtin("", "secrets").id;
  if (!text_of(member(object, "metadata"), "deletionTimestamp").empty()) return {};
  if (type.id == events) return last_write(object) + event_life;
  if (type.id == secrets) return token_expiry(object);
  return {};
}

} // namespace actord::schema
