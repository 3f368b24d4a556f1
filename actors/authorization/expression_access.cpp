#include "actors/authorization/expression_access.hpp"

#include "actors/objects/write_command.hpp"

namespace actord::actors {
namespace {

constexpr std::string_view account_prefix = "system:serviceaccount:";

/// "system:serviceaccount:SPACE:NAME" with the groups such an account is in.
caller_identity service_account(const std::string& user) {
  caller_identity account;
  account.user = user;
  account.groups = {"system:serviceaccounts", "system:authenticated"};
  if (!user.starts_with(account_prefix)) return account;
  const std::string_view rest = std::string_view(user).substr(account_prefix.size());
  account.groups.push_back("system:serviceaccounts:" + std::string(rest.substr(0, rest.find(':'))));
  return account;
}

access_question question_of(const schema::cel::access_question& about) {
  return {.verb = about.verb,
          .group = about.group,
          .resource = about.resource,
          .subresource = about.subresource,
          .space = about.space,
          .name = about.name,
          .path = about.path};
}

} // namespace

schema::cel::access_judge expression_access(const access_check& may, const caller_identity& caller) {
  return [&may, &caller](const schema::cel::access_question& about) {
    if (!may) return false;
    return about.user.empty() ? may(caller, question_of(about))
                              : may(service_account(about.user), question_of(about));
  };
}

} // namespace actord::actors
