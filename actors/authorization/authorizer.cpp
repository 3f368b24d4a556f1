#include "actors/authorization/authorizer.hpp"

#include "actors/authorization/node_access.hpp"
#include "actors/objects/write_command.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace actord::actors {
namespace {

access_subject subject_of(const caller_identity& caller) { return {caller.user, caller.groups}; }

/// What a client sent comes back in the message, and somebody may look at it in a browser.
std::string without_markup(std::string_view text) {
  std::string out;
  for (const char letter : text) {
    if (letter == '&')
      out += "&amp;";
    else if (letter == '<')
      out += "&lt;";
    else if (letter == '>')
      out += "&gt;";
    else
      out += letter;
  }
  return out;
}

} // namespace

bool is_master(const caller_identity& caller) {
  return std::ranges::find(caller.groups, masters_group) != caller.groups.end();
}

bool is_node(const caller_identity& caller) { return node_of(subject_of(caller)).has_value(); }

bool authorizer::allows(const caller_identity& caller, const access_question& question) const {
  if (is_master(caller)) return true;
  const access_subject who = subject_of(caller);
  if (const auto node = node_of(who); node && judge_node(*store_.read(), *node, question).allowed)
    return true;
  return roles_.current()->allows(who, question);
}

access_verdict authorizer::judge(const caller_identity& caller, const access_question& question) const {
  if (is_master(caller)) return {true, {}};
  const access_subject who = subject_of(caller);
  std::string node_reason;
  if (const auto node = node_of(who)) {
    access_verdict verdict = judge_node(*store_.read(), *node, question);
    if (verdict.allowed) return verdict;
    node_reason = std::move(verdict.reason);
  }
  access_verdict verdict = roles_.current()->judge(who, question);
  if (verdict.allowed || node_reason.empty()) return verdict;
  if (!verdict.reason.empty()) node_reason += '\n';
  verdict.reason.insert(0, node_reason);
  return verdict;
}

held_rules authorizer::rules_of(const caller_identity& caller, std::string_view space) const {
  return roles_.current()->rules_of(subject_of(caller), space);
}

error access_denied(const caller_identity& caller, const access_question& question, std::string_view reason) {
  const std::string because = reason.empty() ? std::string() : fmt::format(": {}", reason);
  if (question.about_path() || question.resource.empty())
    return {.kind = error_kind::forbidden,
            .message = fmt::format("forbidden: {}{}",
                                   without_markup(fmt::format("User {} cannot {} path {}", quote(caller.user),
                                                              question.verb, quote(question.path))),
                                   because),
            .causes = {},
            .subject = error_subject{}};
  const std::string where = question.space.empty()
                                ? "at the cluster scope"
                                : fmt::format("in the namespace {}", quote(question.space));
  const std::string resource = question.subresource.empty()
                                   ? std::string(question.resource)
                                   : fmt::format("{}/{}", question.resource, question.subresource);
  const std::string what =
      without_markup(fmt::format("User {} cannot {} resource {} in API group {} {}", quote(caller.user),
                                 question.verb, quote(resource), quote(question.group), where));
  const std::string kind = question.group.empty() ? std::string(question.resource)
                                                  : fmt::format("{}.{}", question.resource, question.group);
  const std::string named = question.name.empty() ? "" : fmt::format(" \"{}\"", question.name);
  return {.kind = error_kind::forbidden,
          .message = fmt::format("{}{} is forbidden: {}{}", kind, named, what, because),
          .causes = {},
          .subject = error_subject{
              std::string(question.group), std::string(question.resource), std::string(question.name), {}}};
}

} // namespace actord::actors
