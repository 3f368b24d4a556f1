#include "tests/sim/workload.hpp"

#include "tests/sim/failure.hpp"
#include "tests/unit/storage/test_values.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <map>
#include <memory>

namespace actord::sim {
namespace {

using namespace storage;
using storage::test::test_codec;
using storage::test::test_value;
using kind = operation::kind;

constexpr resource_id things{9};
constexpr std::size_t key_count = 6;
constexpr time_us patience_us = 3'000'000;
constexpr int attempts_max = 8;

object_key key_of(std::size_t number) { return {things, "default", "k" + std::to_string(number)}; }
object_key counter() { return {things, "default", "counter"}; }

test_value value_of(const object_key& key, const std::string& text) {
  return {key, "u", text, {}, {}, {}, 0};
}

/// "7|c1.22": the count, then the text of the operation that made it so.
std::string count_text(std::uint64_t count, const std::string& text) {
  return fmt::format("{}|{}", count, text);
}
std::uint64_t count_in(const std::string& text) {
  std::uint64_t count = 0;
  std::from_chars(text.data(), text.data() + text.size(), count);
  return count;
}
std::string own_text(const std::string& text) {
  const auto bar = text.find('|');
  return bar == std::string::npos ? text : text.substr(bar + 1);
}

transaction transaction_of(const operation& from) {
  transaction what;
  what.request_id = from.request_id;
  switch (from.what) {
  case kind::create:
    what.changes.push_back(test::create(value_of(from.keys[0], from.text)));
    break;
  case kind::compare_and_set:
    what.changes.push_back(test::put(value_of(from.keys[0], from.text), {false, true, from.expected, {}}));
    break;
  case kind::overwrite:
    what.changes.push_back(test::put(value_of(from.keys[0], from.text)));
    break;
  case kind::remove:
    what.changes.push_back(test::remove(value_of(from.keys[0], from.text), {false, true, from.expected, {}}));
    break;
  case kind::increment:
    what.changes.push_back(
        {from.keys[0],
         {},
         decide_change([key = from.keys[0], text = from.text](const object_head& head, wall_time) {
           const std::uint64_t before = head.exists() ? count_in(test_codec::text_of(head.value)) : 0;
           return result<resolved_change>(
               put_value{test::encode(value_of(key, count_text(before + 1, text)))});
         })});
    break;
  case kind::pair:
    for (const object_key& key : from.keys) what.changes.push_back(test::put(value_of(key, from.text)));
    break;
  }
  return what;
}

} // namespace

workload::workload(dice chance, scheduler schedule, std::vector<std::unique_ptr<member>>& members,
                   truth& history, mutant wrong)
    : dice_(std::move(chance)), schedule_(std::move(schedule)), members_(members), history_(history),
      wrong_(wrong) {}

void workload::start(std::size_t count) {
  for (std::size_t client = 0; client < count; ++client)
    schedule_(dice_.below(10'000), [this, client] { next_operation(client); });
}

/// Mostly somebody who leads, as clients learn; now and then anybody.
member& workload::choose() {
  if (!dice_.chance(200)) {
    const std::size_t first = dice_.below(members_.size());
    for (std::size_t i = 0; i < members_.size(); ++i) {
      member& one = *members_[(first + i) % members_.size()];
      if (one.sane() && one.store().status().leading) return one;
    }
  }
  return *members_[dice_.below(members_.size())];
}

operation workload::draw(std::size_t client) {
  operation made;
  made.text = fmt::format("c{}.{}", client, operations_.size());
  made.request_id = dice_.chance(500) ? made.text : std::string();
  const object_key key = key_of(dice_.below(key_count));
  made.keys = {key};
  const std::uint64_t dart = dice_.below(100);
  if (dart < 20) {
    made.what = kind::create;
  } else if (dart < 45) {
    made.what = kind::compare_and_set;
  } else if (dart < 60) {
    made.what = kind::overwrite;
  } else if (dart < 75) {
    made.what = kind::remove;
  } else if (dart < 90) {
    made.what = kind::increment;
    made.keys = {counter()};
  } else {
    made.what = kind::pair;
    made.keys.push_back(key_of(key_count));
  }
  return made;
}

void workload::next_operation(std::size_t client) {
  if (stopping_) return;
  if (dice_.chance(250)) return read(client);
  operation made = draw(client);
  if (made.what == kind::compare_and_set || made.what == kind::remove) {
    // What this client read somewhere just now, maybe stale.
    member& from = choose();
    if (from.sane() && !from.paused()) {
      const auto seen = from.store().read();
      const std::string_view value = seen->get(made.keys[0]);
      if (!value.empty()) made.expected = test::codec().revision_of(value);
    }
    if (made.expected.value == 0) made.what = kind::create;
  }
  operations_.push_back(std::move(made));
  send(client, operations_.size() - 1);
}

void workload::send(std::size_t client, std::size_t operation_at) {
  operation& one = operations_[operation_at];
  ++one.attempts;
  member& to = choose();
  if (!to.sane() || to.paused())
    return finish(client, operation_at, refused{0, {error_kind::unavailable, "down"}});
  const auto answered = std::make_shared<bool>(false);
  schedule_(patience_us, [this, client, operation_at, answered] {
    if (!std::exchange(*answered, true)) finish(client, operation_at, unknown{"no answer"});
  });
  transaction asked = transaction_of(one);
  if (wrong_ == mutant::retries_as_new) asked.request_id.clear();
  if (wrong_ == mutant::answers_unapplied && dice_.chance(20)) {
    *answered = true;
    return finish(client, operation_at, storage::committed{{revision{history_.last().value + 1}}});
  }
  to.store().propose(std::move(asked), [this, client, operation_at, answered, &to,
                                        life = to.incarnation()](const outcome& told) {
    if (std::exchange(*answered, true)) return;
    // Its power failed, or it is being torn down: the client only sees a broken connection.
    if (!to.sane() || to.incarnation() != life) return finish(client, operation_at, unknown{"broken"});
    to.watch(history_);
    finish(client, operation_at, told);
  });
}

void workload::finish(std::size_t client, std::size_t operation_at, const outcome& told) {
  operation& one = operations_[operation_at];
  if (const auto* done = std::get_if<storage::committed>(&told)) {
    one.told = operation::outcome::committed;
    one.revisions = done->revisions;
    ++committed_;
    for (const revision at : one.revisions) {
      require(at <= history_.last(), "{} was acknowledged as revision {} before it could be seen", one.text,
              at.value);
      acknowledged_ = std::max(acknowledged_, at);
    }
  } else if (std::holds_alternative<unknown>(told)) {
    one.told = operation::outcome::unknown;
  } else if (one.told == operation::outcome::open) {
    // Else an earlier attempt may have gone through unheard.
    one.told = operation::outcome::refused;
  }
  const bool in_doubt = one.told == operation::outcome::unknown;
  if (in_doubt && !one.request_id.empty() && one.attempts < attempts_max && !stopping_) {
    schedule_(dice_.between(1'000, 500'000), [this, client, operation_at] { send(client, operation_at); });
    return;
  }
  schedule_(dice_.between(500, 30'000), [this, client] { next_operation(client); });
}

void workload::read(std::size_t client) {
  member& from = *members_[dice_.below(members_.size())];
  const object_key key = dice_.chance(300) ? counter() : key_of(dice_.below(key_count + 1));
  if (from.sane() && !from.paused()) {
    check_read(from, key, wrong_ == mutant::confirms_at_once ? acknowledged_ : revision{});
    from.store().confirm_reads(
        [this, key, &from, life = from.incarnation(), before = acknowledged_](const result<void>& ready) {
          if (!ready || !from.sane() || from.incarnation() != life) return;
          ++confirmed_reads_;
          check_read(from, key, before);
        });
  }
  schedule_(dice_.between(500, 30'000), [this, client] { next_operation(client); });
}

/// A snapshot is a state the cluster was in, and not older than what it promises.
void workload::check_read(member& from, const object_key& key, revision at_least) {
  if (from.fenced()) return;
  const auto seen = from.store().read();
  require(seen->at() >= at_least, "member {} confirmed a read at revision {} after {} was acknowledged",
          from.id(), seen->at().value, at_least.value);
  from.watch(history_);
  require(seen->at() <= history_.last(), "member {} shows revision {} that nobody published", from.id(),
          seen->at().value);
  const std::string uncommitted =
      wrong_ == mutant::shows_uncommitted ? from.store().head(key) : std::string();
  const std::string_view value = uncommitted.empty() ? seen->get(key) : std::string_view(uncommitted);
  const auto expected = history_.text(key, seen->at());
  require(value.empty() ? !expected : expected && test_codec::text_of(value) == *expected,
          fmt::format("member {} at revision {} shows '{}' for {}, but it was '{}'", from.id(),
                      seen->at().value, value.empty() ? "nothing" : test_codec::text_of(value), key.name,
                      expected.value_or("nothing")));
}

void workload::check() {
  check_effects();
  check_preconditions();
}

/// Acknowledged: there, where it was said, whole and once. Refused: not there. Unknown: at most once, whole.
void workload::check_effects() const {
  std::map<std::string, std::vector<revision>> found;
  for (std::size_t i = 0; i < history_.facts().size(); ++i)
    found[own_text(history_.facts()[i].text)].push_back(revision{i + 1});
  for (const operation& one : operations_) {
    const auto there = found.find(one.text);
    const std::vector<revision> at = there == found.end() ? std::vector<revision>{} : there->second;
    switch (one.told) {
    case operation::outcome::committed:
      require(at == one.revisions, fmt::format("{} was acknowledged but the history has it {} times, or "
                                               "elsewhere",
                                               one.text, at.size()));
      break;
    case operation::outcome::refused:
      require(at.empty(), one.text + " was refused and took effect");
      break;
    case operation::outcome::unknown:
    case operation::outcome::open:
      require(at.empty() || at.size() == one.keys.size(),
              fmt::format("{} took effect {} times", one.text, at.size()));
      break;
    }
    for (std::size_t i = 1; i < at.size(); ++i)
      require(at[i].value == at[i - 1].value + 1, one.text + " was torn apart");
  }
}

/// Walks the history and asks of every change whether its operation was allowed on what was there.
void workload::check_preconditions() const {
  std::map<std::string, const operation*> by_text;
  for (const operation& one : operations_) by_text[one.text] = &one;
  std::map<object_key, std::pair<revision, std::string>> state;
  for (std::size_t i = 0; i < history_.facts().size(); ++i) {
    const fact& change = history_.facts()[i];
    const auto found = by_text.find(own_text(change.text));
    require(found != by_text.end(), "nobody wrote '" + change.text + "'");
    const operation& cause = *found->second;
    const auto before = state.find(change.key);
    const bool there = before != state.end();
    const std::string where = fmt::format("revision {} by {}", i + 1, cause.text);
    if (cause.what == kind::create) require(!there, where + " created what existed");
    if (cause.what == kind::compare_and_set || cause.what == kind::remove)
      require(there && before->second.first == cause.expected,
              where + " replaced another revision than it knew");
    if (cause.what == kind::increment)
      require(count_in(change.text) == (there ? count_in(before->second.second) : 0) + 1,
              where + " lost a count");
    require((change.kind == event_kind::added) == !there, where + " is told as the wrong kind of change");
    if (change.kind == event_kind::removed)
      state.erase(change.key);
    else
      state[change.key] = {revision{i + 1}, change.text};
  }
}

} // namespace actord::sim
