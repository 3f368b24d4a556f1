#include "actors/authentication/bootstrap_tokens.hpp"

#include "net/pki/cluster_pki.hpp"
#include "schema/base/timestamp.hpp"
#include "schema/object/stored_object.hpp"
#include "schema/tables/resource_table.hpp"
#include "schema/view/config_map_view.hpp"
#include "storage/store.hpp"

#include <algorithm>

namespace actord::actors {
namespace {

constexpr std::size_t id_length = 6;
constexpr std::size_t secret_length = 16;
constexpr const char* common_group = "system:bootstrappers";
constexpr std::size_t group_length_max = 255;

bool is_lower_or_digit(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9');
}

bool is_bootstrap_token(std::string_view token) {
  if (token.size() != id_length + 1 + secret_length || token[id_length] != '.') return false;
  return std::ranges::all_of(token.substr(0, id_length), is_lower_or_digit) &&
         std::ranges::all_of(token.substr(id_length + 1), is_lower_or_digit);
}

/// "system:bootstrappers:" and something of lower-case letters, digits, colons and dashes.
bool is_bootstrap_group(std::string_view group) {
  const std::string prefix = std::string(common_group) + ":";
  if (!group.starts_with(prefix) || group.size() == prefix.size() ||
      group.size() > prefix.size() + group_length_max)
    return false;
  group.remove_prefix(prefix.size());
  return is_lower_or_digit(group.back()) && std::ranges::all_of(group, [](char letter) {
           return is_lower_or_digit(letter) || letter == ':' || letter == '-';
         });
}

std::string_view value_of(const schema::secret_view& secret, std::string_view key) {
  const auto found = secret.data.find(key);
  return found == secret.data.end() ? std::string_view() : std::string_view(found->second);
}

/// None when one of them is not allowed to be given so.
std::optional<std::vector<std::string>> groups_of(const schema::secret_view& secret) {
  std::vector<std::string> groups{common_group};
  std::string_view list = value_of(secret, "auth-extra-groups");
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(','), list.size());
    const std::string group(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
    if (!is_bootstrap_group(group)) return {};
    if (std::ranges::find(groups, group) == groups.end()) groups.push_back(group);
  }
  return groups;
}

identity_verdict judge(const schema::secret_view& secret, std::string_view token, wall_time now) {
  const std::string_view id = token.substr(0, id_length);
  if (secret.type != bootstrap_secret_type || secret.meta.being_deleted()) return identity_verdict::refused();
  if (value_of(secret, "token-id") != id ||
      !net::token_matches(token.substr(id_length + 1), value_of(secret, "token-secret")))
    return identity_verdict::refused();
  if (const std::string_view expiration = value_of(secret, "expiration"); !expiration.empty()) {
    const auto ends = schema::parse_time(expiration);
    if (!ends || *ends <= now) return identity_verdict::refused("the bootstrap token has expired");
  }
  if (value_of(secret, "usage-bootstrap-authentication") != "true")
    return identity_verdict::refused("the bootstrap token is not for authentication");
  auto groups = groups_of(secret);
  if (!groups) return identity_verdict::refused("the bootstrap token names groups that it may not give");
  return {.what = identity_verdict::outcome::known,
          .caller = {.user = "system:bootstrap:" + std::string(id),
                     .uid = {},
                     .groups = std::move(*groups),
                     .extra = {}},
          .audiences = {std::string(token_issuer)}};
}

} // namespace

identity_verdict bootstrap_tokens::check(std::string_view token,
                                         std::span<const std::string> audiences) const {
  if (!is_bootstrap_token(token)) return identity_verdict::nobody();
  if (std::ranges::find(audiences, token_issuer) == audiences.end()) return identity_verdict::refused();
  const std::string name = "bootstrap-token-" + std::string(token.substr(0, id_length));
  const auto reads = store_.read();
  const auto view =
      schema::object_view::open(reads->get({schema::builtin("", "secrets").stored_as, "kube-system", name}));
  if (!view) return identity_verdict::refused();
  return judge(schema::parse_secret(view->text()), token, store_.now());
}

} // namespace actord::actors
