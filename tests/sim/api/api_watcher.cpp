#include "tests/sim/api/api_watcher.hpp"

#include "tests/sim/failure.hpp"

#include <fmt/format.h>
#include <utility>

namespace actord::sim {
namespace {

constexpr std::string_view watched_name = "m1";
/// Longer than the slowest client takes until it reads what has arrived.
constexpr time_us reads_within_us = 1'500'000;

} // namespace

net::http_request api_watcher::request(std::string query) const {
  net::http_request made;
  made.method = "GET";
  made.path = maps_path;
  made.query = std::move(query);
  if (scope_ == scope::red) made.query += "&labelSelector=color%3Dred";
  if (scope_ == scope::one) made.query += "&fieldSelector=metadata.name%3Dm1";
  made.headers = {{"accept", "application/json"}};
  made.peer = {with_.name, {"system:masters"}};
  made.remote_address = "127.0.0.1:2";
  return made;
}

bool api_watcher::wants(const std::string& name, const held_object& object) const {
  if (scope_ == scope::red) return object.color == "red";
  return scope_ == scope::all || name == watched_name;
}

/// The event that a change is on this stream; empty for none.
std::string api_watcher::seen_as(const book_entry& entry) const {
  const bool before = entry.before && wants(entry.name, *entry.before);
  const bool after = entry.after && wants(entry.name, *entry.after);
  if (after) return before ? "MODIFIED" : "ADDED";
  return before ? "DELETED" : "";
}

std::shared_ptr<client_end> api_watcher::make_end() {
  end_ = std::make_shared<client_end>();
  line_.clear();
  initial_.reset();
  return end_;
}

void api_watcher::begin() {
  if (position_) return watch();
  floor_ = with_.judge.acknowledged();
  return with_.chance.chance(500) ? list() : watch();
}

void api_watcher::list() {
  const auto end = make_end();
  end->answered = [this](const net::http_response& response) { take_list(response); };
  end->ended = [this](bool) { over(); };
  const auto connection = with_.open(request("limit=0"), end, server_);
  connection_ = connection;
  if (!connection) over();
}

void api_watcher::take_list(const net::http_response& response) {
  server_ = 0;
  with_.tell(fmt::format("{}'s list is told {}", with_.name, response.code));
  const held_list list = response.code == 200 ? list_in(*response.body) : held_list();
  // Revision 0 is no place to watch from: it means any.
  if (list.at.value == 0) return again(with_.chance.between(50'000, 500'000));
  with_.judge.read_on();
  require(list.at >= floor_,
          fmt::format("{} lists {}, but {} had been acknowledged", with_.name, list.at.value, floor_.value));
  with_.judge.check_list(with_.name, list.items, list.at,
                         [this](const auto& name, const auto& object) { return wants(name, object); });
  position_ = list.at;
  place_ = 0;
  again(with_.chance.between(100, 200'000));
}

void api_watcher::watch() {
  const auto end = make_end();
  end->answered = [this](const net::http_response& response) {
    if (response.code == 410) position_.reset();
    over();
  };
  end->received = [this](const std::string& bytes) { take(bytes); };
  end->ended = [this](bool) { over(); };
  std::string query =
      fmt::format("watch=true&allowWatchBookmarks=true&timeoutSeconds={}", with_.chance.between(1, 8));
  if (position_)
    query += fmt::format("&resourceVersion={}", position_->value);
  else
    query += "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan";
  // What was acknowledged it may also ask for by its number.
  if (!position_ && floor_.value != 0 && with_.chance.chance(300))
    query += fmt::format("&resourceVersion={}", floor_.value);
  if (!position_) initial_.emplace();
  asked_at_ = with_.now();
  const std::string asked = query;
  const auto connection = with_.open(request(std::move(query)), end, server_);
  connection_ = connection;
  with_.tell(fmt::format("{} on {}: {}", with_.name, server_, asked));
  if (!connection) return over();
  // Not every client is patient.
  if (with_.chance.chance(400))
    with_.schedule(with_.chance.between(100'000, 4'000'000), [this, end] {
      if (end != end_ || end->left) return;
      if (const auto open = connection_.lock()) open->leave();
      end->left = true;
      over();
    });
}

void api_watcher::over() {
  server_ = 0;
  again(with_.chance.between(1'000, 300'000));
}

void api_watcher::again(time_us after) {
  if (end_) end_->left = true;
  with_.schedule(after, [this] { begin(); });
}

void api_watcher::take(const std::string& bytes) {
  with_.judge.read_on();
  line_ += bytes;
  for (std::size_t end = line_.find('\n'); end != std::string::npos; end = line_.find('\n')) {
    const std::string line = line_.substr(0, end);
    line_.erase(0, end + 1);
    take_line(line);
    if (end_->left) return;
  }
}

void api_watcher::take_line(const std::string& line) {
  held_event event = event_in(line);
  if (event.type == "ERROR") {
    require(event.code != 500, with_.name + " is told of a failure: " + line);
    if (event.code == 410) position_.reset();
    end_->left = true;
    return over();
  }
  ++received_;
  if (event.type != "BOOKMARK") return take_event(event.type, std::move(event.object), event.name);
  const held_object& shown = event.object;
  if (!initial_) return pass(shown.at);
  const auto all = std::exchange(initial_, {});
  require(shown.at >= floor_, fmt::format("{} begins at {}, but {} had been acknowledged", with_.name,
                                          shown.at.value, floor_.value));
  with_.judge.check_list(with_.name, *all, shown.at,
                         [this](const auto& name, const auto& each) { return wants(name, each); });
  place_ = 0;
  if (shown.at.value != 0) {
    position_ = shown.at;
    return;
  }
  if (const auto open = connection_.lock()) open->leave();
  over();
}

void api_watcher::take_event(const std::string& type, held_object shown, const std::string& name) {
  if (initial_) {
    require(type == "ADDED", with_.name + "'s initial events begin with " + type);
    (*initial_)[name] = std::move(shown);
    return;
  }
  require(shown.at > *position_,
          fmt::format("{} is sent {} after {}", with_.name, shown.at.value, position_->value));
  pass(revision{shown.at.value - 1});
  const book_entry* const entry = with_.judge.book().at(shown.at);
  require(entry != nullptr && entry->name == name && seen_as(*entry) == type,
          fmt::format("{} is sent {} {} of {}, which is {} of {}", with_.name, type, shown.at.value, name,
                      entry == nullptr ? "none" : seen_as(*entry), entry == nullptr ? "all" : entry->name));
  if (type != "DELETED")
    require(shown == *entry->after,
            fmt::format("{} is sent {} of {} with other content", with_.name, shown.at.value, name));
  position_ = shown.at;
}

/// Nothing up to there was for this stream.
void api_watcher::pass(revision until) {
  const auto& entries = with_.judge.book().entries();
  require(until <= with_.judge.book().last(),
          fmt::format("{} hears of {}, which nobody published", with_.name, until.value));
  for (; place_ < entries.size() && entries[place_].at <= until; ++place_) {
    const book_entry& entry = entries[place_];
    require(entry.at <= *position_ || seen_as(entry).empty(),
            fmt::format("{} was not sent {} of {} at {}", with_.name, seen_as(entry), entry.name,
                        entry.at.value));
  }
  position_ = std::max(*position_, until);
}

void api_watcher::check_complete() const {
  if (server_ == 0 || !position_ || with_.now() - asked_at_ < reads_within_us) return;
  for (const book_entry& entry : with_.judge.book().entries())
    require(entry.at <= *position_ || seen_as(entry).empty(),
            fmt::format("{} on {} still waits for {} of {} at {}", with_.name, server_, seen_as(entry),
                        entry.name, entry.at.value));
}

} // namespace actord::sim
