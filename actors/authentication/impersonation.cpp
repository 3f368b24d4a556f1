#include "actors/authentication/impersonation.hpp"

#include "actors/api/request_route.hpp"
#include "actors/authentication/authenticator.hpp"
#include "actors/authorization/authorizer.hpp"
#include "actors/objects/refusals.hpp"
#include "net/http/http_server.hpp"

#include <algorithm>

namespace actord::actors {
namespace {

constexpr std::string_view user_header = "impersonate-user";
constexpr std::string_view group_header = "impersonate-group";
constexpr std::string_view uid_header = "impersonate-uid";
constexpr std::string_view extra_prefix = "impersonate-extra-";
constexpr std::string_view account_prefix = "system:serviceaccount:";
constexpr std::string_view identity_group = "authentication.k8s.io";

struct account_name {
  std::string_view space;
  std::string_view name;
};

std::optional<account_name> account_of(std::string_view user) {
  if (!user.starts_with(account_prefix)) return {};
  user.remove_prefix(account_prefix.size());
  const std::size_t colon = user.find(':');
  if (colon == std::string_view::npos || colon == 0 || colon + 1 == user.size()) return {};
  const account_name out{user.substr(0, colon), user.substr(colon + 1)};
  if (out.name.find(':') != std::string_view::npos) return {};
  return out;
}

/// Takes over what the headers ask for, each piece once it is allowed.
class impersonation {
public:
  impersonation(const caller_identity& caller, const authorizer& authorization)
      : caller_(caller), authorization_(authorization) {}

  result<void> take_user(const std::string& user) {
    const auto account = account_of(user);
    const access_question question =
        account ? access_question{.verb = "impersonate",
                                  .resource = "serviceaccounts",
                                  .space = account->space,
                                  .name = account->name}
                : access_question{.verb = "impersonate", .resource = "users", .name = user};
    if (auto allowed = check(question); !allowed) return allowed;
    other_.user = user;
    if (account)
      account_groups_ = {"system:serviceaccounts", "system:serviceaccounts:" + std::string(account->space)};
    return {};
  }
  result<void> take_group(const std::string& group) {
    auto allowed = check({.verb = "impersonate", .resource = "groups", .name = group});
    if (allowed) other_.groups.push_back(group);
    return allowed;
  }
  result<void> take_uid(const std::string& uid) {
    auto allowed = check({.verb = "impersonate", .group = identity_group, .resource = "uids", .name = uid});
    if (allowed) other_.uid = uid;
    return allowed;
  }
  result<void> take_extra(std::string_view encoded_key, const std::string& value) {
    const std::string key = percent_decode(encoded_key, false).value_or(std::string(encoded_key));
    auto allowed = check({.verb = "impersonate",
                          .group = identity_group,
                          .resource = "userextras",
                          .subresource = key,
                          .name = value});
    if (allowed) other_.extra[key].push_back(value);
    return allowed;
  }

  caller_identity finish() {
    if (other_.groups.empty()) other_.groups = account_groups_;
    const bool nobody = other_.user == anonymous().user;
    const auto is_in = [&](std::string_view group) {
      return std::ranges::find(other_.groups, group) != other_.groups.end();
    };
    if (is_in(anonymous().groups.front())) return std::move(other_);
    if (!nobody) return authenticated(std::move(other_));
    other_.groups.push_back(anonymous().groups.front());
    return std::move(other_);
  }

private:
  [[nodiscard]] result<void> check(const access_question& question) const {
    if (authorization_.allows(caller_, question)) return {};
    return access_denied(caller_, question, authorization_.judge(caller_, question).reason);
  }

  const caller_identity& caller_;
  const authorizer& authorization_;
  caller_identity other_;
  std::vector<std::string> account_groups_;
};

} // namespace

bool asks_to_impersonate(const net::http_request& request) {
  return std::ranges::any_of(request.headers,
                             [](const auto& header) { return header.first.starts_with("impersonate-"); });
}

result<caller_identity> acting_identity(const net::http_request& request, caller_identity caller,
                                        const authorizer& authorization) {
  if (!asks_to_impersonate(request)) return caller;
  impersonation other(caller, authorization);
  const std::string user(request.header(user_header));
  bool asks = !user.empty();
  if (asks)
    if (auto taken = other.take_user(user); !taken) return taken.error();
  for (const auto& [name, value] : request.headers) {
    result<void> taken;
    if (name == group_header)
      taken = other.take_group(value);
    else if (name == uid_header && !value.empty())
      taken = other.take_uid(value);
    else if (name.starts_with(extra_prefix))
      taken = other.take_extra(std::string_view(name).substr(extra_prefix.size()), value);
    else
      continue;
    asks = true;
    if (!taken) return taken.error();
  }
  if (!asks) return caller;
  // A group, uid or extra alone would leave open whose request it is.
  if (user.empty()) return bad_request("requested uid, groups or extra without impersonating a user");
  return other.finish();
}

} // namespace actord::actors
