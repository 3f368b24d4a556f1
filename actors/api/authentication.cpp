#include "actors/api/authentication.hpp"

#include "actors/objects/refusals.hpp"
#include "net/http/http_server.hpp"
#include "net/pki/cluster_pki.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace actord::actors {
namespace {

constexpr const char* authenticated_group = "system:authenticated";

caller_identity with_group(caller_identity identity) {
  if (std::ranges::find(identity.groups, authenticated_group) == identity.groups.end())
    identity.groups.emplace_back(authenticated_group);
  return identity;
}

std::string_view bearer_of(const net::http_request& request) {
  std::string_view header = request.header("authorization");
  constexpr std::string_view scheme = "bearer ";
  if (header.size() <= scheme.size()) return {};
  const bool bearer = std::equal(scheme.begin(), scheme.end(), header.begin(), [](char wanted, char sent) {
    return wanted == (sent >= 'A' && sent <= 'Z' ? static_cast<char>(sent - 'A' + 'a') : sent);
  });
  if (!bearer) return {};
  header.remove_prefix(scheme.size());
  while (!header.empty() && header.front() == ' ') header.remove_prefix(1);
  return header;
}

} // namespace

std::optional<caller_identity> authenticator::identify_token(std::string_view token) const {
  for (const static_token& known : tokens_)
    if (net::token_matches(token, known.token)) return with_group(known.identity);
  if (!verify_) return {};
  auto identity = verify_(token);
  if (!identity) return {};
  return with_group(std::move(*identity));
}

std::optional<caller_identity> authenticator::identify(const net::http_request& request) const {
  if (!request.peer.common_name.empty())
    return with_group(
        {.user = request.peer.common_name, .uid = {}, .groups = request.peer.organizations, .extra = {}});
  const std::string_view token = bearer_of(request);
  if (token.empty()) return {};
  return identify_token(token);
}

bool is_allowed(const caller_identity& caller, const access_question&) {
  return std::ranges::any_of(caller.groups, [](const std::string& group) {
    return group == net::admin_group || group == "system:nodes";
  });
}

result<caller_identity> acting_identity(const net::http_request& request, caller_identity caller) {
  caller_identity other;
  other.user = request.header("impersonate-user");
  other.uid = request.header("impersonate-uid");
  for (const auto& [name, value] : request.headers)
    if (name == "impersonate-group") other.groups.push_back(value);
  if (other.user.empty()) {
    // A group or uid alone would leave open whose request it is.
    if (other.groups.empty() && other.uid.empty()) return caller;
    return bad_request("requested uid, groups or extra without impersonating a user");
  }
  const access_question question{
      .verb = "impersonate", .group = {}, .resource = "users", .space = {}, .name = other.user, .path = {}};
  if (!is_allowed(caller, question)) return access_denied(caller, question);
  return with_group(std::move(other));
}

error access_denied(const caller_identity& caller, const access_question& question) {
  if (question.resource.empty())
    return {.kind = error_kind::forbidden,
            .message = fmt::format("forbidden: User \"{}\" cannot {} path \"{}\"", caller.user, question.verb,
                                   question.path),
            .causes = {},
            .subject = error_subject{}};
  const std::string where = question.space.empty() ? " at the cluster scope"
                                                   : fmt::format(" in the namespace \"{}\"", question.space);
  const std::string resource =
      question.group.empty() ? question.resource : fmt::format("{}.{}", question.resource, question.group);
  const std::string named = question.name.empty() ? "" : fmt::format(" \"{}\"", question.name);
  return {.kind = error_kind::forbidden,
          .message = fmt::format(
              "{}{} is forbidden: User \"{}\" cannot {} resource \"{}\" in API group \"{}\"{}", resource,
              named, caller.user, question.verb, question.resource, question.group, where),
          .causes = {},
          .subject = error_subject{question.group, question.resource, question.name, {}}};
}

error not_authenticated() {
  return {.kind = error_kind::unauthorized, .message = "Unauthorized", .causes = {}, .subject = {}};
}

} // namespace actord::actors
