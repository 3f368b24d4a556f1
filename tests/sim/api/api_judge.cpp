#include "tests/sim/api/api_judge.hpp"

#include "schema/base/json.hpp"
#include "tests/sim/api/simulated_leadership.hpp"
#include "tests/sim/failure.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

namespace actord::sim {
namespace {

using deed = api_attempt::deed;
using outcome = api_attempt::outcome;

/// As long as a server waits at most for what another one has written.
constexpr time_us apply_wait_us = 3'000'000;

std::map<std::string, std::string> with(std::map<std::string, std::string> data,
                                        const std::map<std::string, std::string>& more) {
  for (const auto& [key, value] : more) data[key] = value;
  return data;
}

std::string reason_in(const std::string& body) {
  const json status = json::parse(body, nullptr, false);
  return status.is_object() ? status.value("reason", "") : "";
}

} // namespace

api_attempt& api_judge::enter(api_attempt attempt) {
  attempt.floor = acknowledged_;
  attempts_.push_back(std::move(attempt));
  by_id_[attempts_.back().id] = &attempts_.back();
  return attempts_.back();
}

void api_judge::read_on() {
  book_.read_on();
  while (published_.size() < book_.last().value) published_.push_back(now_());
  for (; judged_ < book_.entries().size(); ++judged_) check_entry(book_.entries()[judged_]);
}

void api_judge::check_entry(const book_entry& entry) {
  const std::string where = fmt::format("revision {} of {}", entry.at.value, entry.name);
  require(!entry.before || !entry.after || entry.before->uid == entry.after->uid,
          where + " has another uid than before");
  if (!entry.before)
    require(entry.after && uids_.insert(entry.after->uid).second, where + " begins with a used uid");
  if (term_of_author(entry.author)) return;
  const auto found = by_id_.find(entry.author);
  require(found != by_id_.end(), where + " is of nobody: " + entry.author);
  api_attempt& cause = *found->second;
  require(!cause.effect, fmt::format("{} took effect twice, as {} and {}", describe(cause),
                                     cause.effect.value_or(revision{}).value, entry.at.value));
  require(cause.told != outcome::refused, describe(cause) + " was refused and took effect");
  cause.effect = entry.at;
  check_effect(cause, entry);
}

void api_judge::check_effect(const api_attempt& attempt, const book_entry& entry) const {
  const auto agree = [&](bool holds, const char* what) {
    require(holds, fmt::format("{} made revision {}, but {}", describe(attempt), entry.at.value, what));
  };
  const bool creates = attempt.what == deed::create || attempt.what == deed::generate;
  const bool named =
      attempt.what == deed::generate ? entry.name.starts_with("g-") : entry.name == attempt.name;
  agree(named, "of another object");
  agree(attempt.writes(), "it only reads");
  agree(attempt.puts() == entry.after.has_value(), "there is, or is not, an object afterwards");
  if (attempt.what != deed::apply)
    agree(creates != entry.before.has_value(), "it found what it must not find");
  if (attempt.expected.value != 0) agree(entry.before->at == attempt.expected, "it knew another revision");
  if (!entry.after) return agree(entry.last.data == entry.before->data, "the last form is another one");
  const bool adds = attempt.what == deed::merge || attempt.what == deed::apply;
  const std::map<std::string, std::string> before =
      adds && entry.before ? entry.before->data : std::map<std::string, std::string>();
  agree(entry.after->data == with(before, attempt.data), "the data are not what it makes of what was there");
  const bool keeps_color = adds && attempt.color.empty() && entry.before;
  agree(entry.after->color == (keeps_color ? entry.before->color : attempt.color),
        "the label is another one");
}

void api_judge::hear(api_attempt& attempt) {
  read_on();
  attempt.ceiling = book_.last();
  if (attempt.told == outcome::done) check_done(attempt);
  if (attempt.told == outcome::refused) check_refused(attempt);
}

void api_judge::check_done(api_attempt& attempt) {
  if (!attempt.writes())
    return attempt.what == deed::list || attempt.what == deed::list_any ? check_listed(attempt)
                                                                        : check_read(attempt);
  require(attempt.effect.has_value(), describe(attempt) + " was acknowledged before it could be seen");
  const revision at = *attempt.effect;
  require(at > attempt.floor, fmt::format("{} took effect as {}, but {} had been acknowledged before",
                                          describe(attempt), at.value, attempt.floor.value));
  const bool late = attempt.answered_at - published_[at.value - 1] >= apply_wait_us;
  require(at <= attempt.applied || late, fmt::format("{} was answered by a server that had applied {} of {}",
                                                     describe(attempt), attempt.applied.value, at.value));
  if (attempt.puts()) {
    const held_object shown = object_in(attempt.body);
    require(shown == *book_.at(at)->after,
            fmt::format("{} took effect as {} and was answered with something else at {}", describe(attempt),
                        at.value, shown.at.value));
  }
  acknowledged_ = std::max(acknowledged_, at);
}

void api_judge::check_refused(const api_attempt& attempt) const {
  require(!attempt.effect,
          fmt::format("{} was refused with {} and took effect as {}: {}", describe(attempt), attempt.code,
                      attempt.effect.value_or(revision{}).value, attempt.body));
  const revision first = attempt.what == deed::get_any ? attempt.expected : attempt.floor;
  const auto held_once = [&](const auto& right) {
    return book_.was(attempt.name, first, attempt.ceiling, right);
  };
  const std::string reason = reason_in(attempt.body);
  const std::string why =
      fmt::format("{} was refused with {} {} for nothing", describe(attempt), attempt.code, reason);
  if (attempt.code == 404) {
    require(held_once([](const auto& object) { return !object; }), why);
  } else if (reason == "AlreadyExists") {
    require(attempt.what == deed::create && held_once([](const auto& object) { return object.has_value(); }),
            why);
  } else if (attempt.code == 409) {
    require(attempt.expected.value != 0 &&
                held_once([&](const auto& object) { return object && object->at != attempt.expected; }),
            why + ": " + attempt.body);
  } else {
    require(attempt.code == 503 || attempt.code == 429, why + ": " + attempt.body);
  }
}

void api_judge::check_read(api_attempt& attempt) {
  const held_object shown = object_in(attempt.body);
  const auto same = [&](const auto& object) { return object == shown; };
  const revision first = attempt.what == deed::get_any ? attempt.expected : attempt.floor;
  require(book_.was(attempt.name, first, attempt.ceiling, same),
          fmt::format("{} shows {} as it was not from {} to {}: {}", describe(attempt), shown.at.value,
                      first.value, attempt.ceiling.value, attempt.body));
  acknowledged_ = std::max(acknowledged_, shown.at);
}

void api_judge::check_listed(api_attempt& attempt) {
  const held_list shown = list_in(attempt.body);
  const revision first = attempt.what == deed::list_any ? attempt.expected : attempt.floor;
  require(shown.at >= first, fmt::format("{} is as old as {}, but {} was acknowledged or asked for",
                                         describe(attempt), shown.at.value, first.value));
  check_list(describe(attempt), shown.items, shown.at, [](const auto&, const auto&) { return true; });
  acknowledged_ = std::max(acknowledged_, shown.at);
}

void api_judge::check_list(
    const std::string& who, const std::map<std::string, held_object>& listed, revision at,
    const std::function<bool(const std::string& name, const held_object&)>& wanted) const {
  require(at <= book_.last(), fmt::format("{} shows {}, which nobody published", who, at.value));
  std::map<std::string, held_object> right = book_.all(at);
  std::erase_if(right, [&](const auto& each) { return !wanted(each.first, each.second); });
  require(listed == right, fmt::format("{} lists {} objects at {}, where there are {}, or others", who,
                                       listed.size(), at.value, right.size()));
}

} // namespace actord::sim
