#include "schema/cel/library/authorizers.hpp"

#include "schema/cel/library/libraries.hpp"

#include <array>
#include <fmt/format.h>

namespace actord::schema::cel {
namespace {

using arguments = std::span<const value>;
using opaque_ref = std::shared_ptr<const opaque_value>;

/// A question that is being put together: who, then what.
class question_value : public opaque_value {
public:
  enum class stage : std::uint8_t { authorizer, path, group, resource };

  question_value(stage at, std::shared_ptr<const access_judge> judge, access_question about)
      : at_(at), judge_(std::move(judge)), about_(std::move(about)) {}
  [[nodiscard]] std::string_view type() const override {
    constexpr std::array<std::string_view, 4> names{
        "kubernetes.authorization.Authorizer", "kubernetes.authorization.PathCheck",
        "kubernetes.authorization.GroupCheck", "kubernetes.authorization.ResourceCheck"};
    return names.at(static_cast<std::size_t>(at_));
  }
  [[nodiscard]] bool equals(const opaque_value& other) const override { return this == &other; }
  [[nodiscard]] stage at() const { return at_; }
  [[nodiscard]] const access_question& about() const { return about_; }
  [[nodiscard]] value next(stage at, access_question about) const {
    return opaque_ref(std::make_shared<const question_value>(at, judge_, std::move(about)));
  }
  [[nodiscard]] bool asked(const access_question& about) const { return (*judge_)(about); }

private:
  stage at_;
  std::shared_ptr<const access_judge> judge_;
  access_question about_;
};

class decision_value : public opaque_value {
public:
  explicit decision_value(bool allowed) : allowed_(allowed) {}
  [[nodiscard]] std::string_view type() const override { return "kubernetes.authorization.Decision"; }
  [[nodiscard]] bool equals(const opaque_value& other) const override {
    return allowed_ == static_cast<const decision_value&>(other).allowed_;
  }
  [[nodiscard]] bool allowed() const { return allowed_; }

private:
  bool allowed_;
};

template <class Held>
const Held* held(const value& from) {
  const auto* other = from.as<opaque_ref>();
  return other == nullptr ? nullptr : dynamic_cast<const Held*>(other->get());
}

using stage = question_value::stage;

/// A step that fills in one more word.
template <stage From, stage To, std::string access_question::* Word>
value with_word(arguments all, spending&) {
  const auto* question = held<question_value>(all[0]);
  const auto word = all[1].string();
  if (question == nullptr || question->at() != From || !word) return value::no_overload();
  access_question about = question->about();
  about.*Word = std::string(*word);
  return question->next(To, std::move(about));
}

value service_account(arguments all, spending&) {
  const auto* question = held<question_value>(all[0]);
  const auto space = all[1].string();
  const auto name = all[2].string();
  if (question == nullptr || question->at() != stage::authorizer || !space || !name)
    return value::no_overload();
  access_question about;
  about.user = fmt::format("system:serviceaccount:{}:{}", *space, *name);
  return question->next(stage::authorizer, std::move(about));
}

value check(arguments all, spending& cost) {
  constexpr std::uint64_t cost_of_asking = 350'000;
  const auto* question = held<question_value>(all[0]);
  const auto verb = all[1].string();
  if (question == nullptr || !verb) return value::no_overload();
  if (question->at() != stage::path && question->at() != stage::resource) return value::no_overload();
  if (!cost.spend(cost_of_asking)) return {};
  access_question about = question->about();
  about.verb = std::string(*verb);
  return opaque_ref(std::make_shared<const decision_value>(question->asked(about)));
}

value allowed(arguments all, spending&) {
  const auto* decision = held<decision_value>(all[0]);
  return decision == nullptr ? value::no_overload() : value(decision->allowed());
}
/// Nothing goes wrong here, and nobody says why.
value errored(arguments all, spending&) {
  return held<decision_value>(all[0]) == nullptr ? value::no_overload() : value(false);
}
value no_words(arguments all, spending&) {
  return held<decision_value>(all[0]) == nullptr ? value::no_overload() : value::of("");
}

constexpr std::array<function_row, 12> rows{
    {{"path", "authorizer.(string)path_check",
      with_word<stage::authorizer, stage::path, &access_question::path>},
     {"group", "authorizer.(string)group_check",
      with_word<stage::authorizer, stage::group, &access_question::group>},
     {"serviceAccount", "authorizer.(string,string)authorizer", service_account},
     {"resource", "group_check.(string)resource_check",
      with_word<stage::group, stage::resource, &access_question::resource>},
     {"subresource", "resource_check.(string)resource_check",
      with_word<stage::resource, stage::resource, &access_question::subresource>},
     {"namespace", "resource_check.(string)resource_check",
      with_word<stage::resource, stage::resource, &access_question::space>},
     {"name", "resource_check.(string)resource_check",
      with_word<stage::resource, stage::resource, &access_question::name>},
     {"check", "path_check.(string)decision;resource_check.(string)decision", check},
     {"allowed", "decision.()bool", allowed},
     {"errored", "decision.()bool", errored},
     {"error", "decision.()string", no_words},
     {"reason", "decision.()string", no_words}}};

} // namespace

value authorizer_value(access_judge judge) {
  return opaque_ref(std::make_shared<const question_value>(
      stage::authorizer, std::make_shared<const access_judge>(std::move(judge)), access_question()));
}

value resource_check_value(access_judge judge, access_question about) {
  return opaque_ref(std::make_shared<const question_value>(
      stage::resource, std::make_shared<const access_judge>(std::move(judge)), std::move(about)));
}

std::span<const function_row> authorizer_functions() { return rows; }

} // namespace actord::schema::cel
