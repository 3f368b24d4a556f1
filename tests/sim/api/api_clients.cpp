#include "tests/sim/api/api_clients.hpp"

#include "storage/log/log_table.hpp"
#include "storage/tables/member_state.hpp"
#include "tests/sim/api/simulated_leadership.hpp"
#include "tests/sim/api/spoiled_forwarding.hpp"
#include "tests/sim/failure.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace actord::sim {
namespace {

using deed = api_attempt::deed;
using outcome = api_attempt::outcome;

constexpr time_us patience_us = 8'000'000;
constexpr int doubts_max = 5;
constexpr std::size_t name_count = 5;
/// An object's actor that works when its server stops leading ends with its answer, which does not take long.
constexpr time_us actors_end_us = 6'000'000;
constexpr time_us look_every_us = 200'000;
constexpr time_us rest_after_us = 5'000'000;

} // namespace

api_neighbourhood::api_neighbourhood(dice chance, stage::scheduler schedule, const network& net,
                                     bool has_others, mutant wrong)
    : links(dice(chance.source().next()), schedule, net), around{.chance = dice(chance.source().next()),
                                                                 .schedule = std::move(schedule),
                                                                 .links = links,
                                                                 .has_others = has_others,
                                                                 .wrong = wrong} {
  links.distort([wrong](std::string question) { return spoil_question(wrong, std::move(question)); },
                [wrong](std::string answer) { return spoil_answer(wrong, std::move(answer)); });
}

api_clients::api_clients(parts with) : with_(std::move(with)), judge_(with_.history, with_.now) {}

void api_clients::start(std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    clients_.push_back({.name = fmt::format("c{}", i), .seen = {}, .newest = {}});
    with_.schedule(with_.chance.below(300'000), [this, i] { next_request(i); });
  }
  for (const auto scope : {api_watcher::scope::all, api_watcher::scope::red, api_watcher::scope::one}) {
    watchers_.push_back(std::make_unique<api_watcher>(
        api_watcher::parts{.name = fmt::format("w{}", watchers_.size()),
                           .chance = dice(with_.chance.source().next()),
                           .schedule = with_.schedule,
                           .open = [this](net::http_request request, const std::shared_ptr<client_end>& end,
                                          member_id& server) -> std::shared_ptr<client_connection> {
                             member& at = choose(0);
                             auto connection = open(std::move(request), end, at, [] {});
                             server = connection ? at.id() : 0;
                             return connection;
                           },
                           .judge = judge_,
                           .now = with_.now,
                           .tell = with_.tell},
        scope));
    with_.schedule(with_.chance.below(2'000'000), [one = watchers_.back().get()] { one->start(); });
  }
  with_.schedule(look_every_us, [this] { look_for_actors(); });
}

/// Leaders write on for a while: so much that all comes to rest before the end.
void api_clients::stop() {
  stopping_ = true;
  with_.schedule(rest_after_us, with_.hush);
}

void api_clients::look() {
  judge_.read_on();
  check_terms();
}

api_server* api_clients::server_of(const member& one) {
  return one.sane() ? static_cast<api_server*>(one.resident()) : nullptr;
}

member& api_clients::choose(member_id other_than) {
  for (int tries = 0; tries < 6; ++tries) {
    member& one = *with_.members[with_.chance.below(with_.members.size())];
    if (one.known() && one.id() != other_than) return one;
  }
  return *with_.members.front();
}

std::shared_ptr<client_connection> api_clients::open(net::http_request request,
                                                     const std::shared_ptr<client_end>& end, member& at,
                                                     std::function<void()> speaks) {
  api_server* const server = server_of(at);
  if (server == nullptr) return nullptr;
  const std::uint64_t life = at.incarnation();
  const auto there = [&at, life] { return at.incarnation() == life && at.sane(); };
  const auto publish = [&at, speaks = std::move(speaks)] {
    at.speak();
    speaks();
  };
  auto connection = std::make_shared<client_connection>(
      with_.chance,
      client_connection::ways{.schedule = with_.schedule,
                              .sane = there,
                              .post =
                                  [there, server](std::function<void()> job) {
                                    if (there()) server->threads().post(0, std::move(job));
                                  },
                              .speaks = publish},
      end);
  // It is the server's from here on.
  with_.schedule(with_.chance.between(30, 1'000),
                 [there, server, request = std::move(request), connection, end]() mutable {
                   if (!there()) return connection->break_off();
                   server->accept(std::move(request), connection);
                 });
  return connection;
}

// ---- requests

api_attempt api_clients::draw(client& one) {
  dice& chance = with_.chance;
  api_attempt made;
  made.name = fmt::format("m{}", chance.below(name_count));
  made.color = chance.pick<const char*>({"", "red", "blue"});
  const auto known = one.seen.find(made.name);
  const std::uint64_t dart = chance.below(100);
  if (dart < 16) {
    made.what = deed::create;
  } else if (dart < 24) {
    made.what = deed::generate;
    made.name.clear();
  } else if (dart < 38) {
    made.what = known == one.seen.end() ? deed::get : deed::replace_at;
  } else if (dart < 43) {
    made.what = deed::replace;
  } else if (dart < 56) {
    made.what = deed::merge;
  } else if (dart < 66) {
    made.what = deed::apply;
    made.color.clear();
  } else if (dart < 73) {
    made.what = deed::remove;
  } else if (dart < 78) {
    made.what = known == one.seen.end() ? deed::get : deed::remove_at;
  } else if (dart < 90) {
    made.what = deed::get;
  } else if (dart < 94) {
    made.what = deed::get_any;
  } else {
    made.what = dart < 98 ? deed::list : deed::list_any;
    made.name.clear();
  }
  if (made.what == deed::replace_at || made.what == deed::remove_at) made.expected = known->second.at;
  const bool is_any = made.what == deed::get_any || made.what == deed::list_any;
  if (is_any && chance.chance(700)) made.expected = one.newest;
  return made;
}

void api_clients::next_request(std::size_t which) {
  if (stopping_) return;
  clients_[which].doubts = 0;
  clients_[which].avoids = 0;
  send(which, draw(clients_[which]));
}

void api_clients::send(std::size_t which, api_attempt made) {
  client& one = clients_[which];
  made.client = one.name;
  made.id = fmt::format("{}.{}", one.name, ++one.requests);
  if (made.puts()) made.data = {{one.name, made.id}};
  api_attempt& attempt = judge_.enter(std::move(made));
  member& to = choose(one.avoids);
  one.avoids = to.id();
  const auto end = std::make_shared<client_end>();
  end->answered = [this, which, &attempt, end = std::weak_ptr(end)](const net::http_response& response) {
    if (const auto open = end.lock()) open->left = true;
    const outcome told = response.code < 300                            ? outcome::done
                         : response.code == 500 || response.code == 504 ? outcome::unknown
                                                                        : outcome::refused;
    finish(which, attempt, told, response.code, response.body ? *response.body : std::string());
  };
  end->ended = [this, which, &attempt](bool) { finish(which, attempt, outcome::unknown, 0, {}); };
  const auto connection = open(request_of(attempt), end, to, [this, &attempt, &to] {
    attempt.applied = to.store().status().last;
    attempt.answered_at = with_.now();
  });
  with_.tell(fmt::format("{} to {}{}", describe(attempt), to.id(), connection ? "" : ", which is down"));
  if (!connection) return finish(which, attempt, outcome::refused, 503, {});
  with_.schedule(patience_us, [this, which, &attempt, end, weak = std::weak_ptr(connection)] {
    if (end->left) return;
    if (const auto open = weak.lock()) open->leave();
    end->left = true;
    finish(which, attempt, outcome::unknown, 0, {});
  });
}

void api_clients::finish(std::size_t which, api_attempt& attempt, outcome told, int code, std::string body) {
  client& one = clients_[which];
  attempt.told = told;
  attempt.code = code;
  attempt.body = std::move(body);
  with_.tell(fmt::format("{} is told {}", describe(attempt), code));
  require(code != 500, describe(attempt) + " is told of a failure: " + attempt.body);
  judge_.hear(attempt);
  if (told == outcome::done) attempt.writes() ? ++committed_ : ++confirmed_reads_;
  remember(one, attempt);
  attempt.body.clear();
  // In doubt it asks another server for the same, as a client does.
  if (told == outcome::unknown && ++one.doubts < doubts_max && !stopping_) {
    api_attempt next;
    next.what = attempt.what;
    next.name = attempt.name;
    next.expected = attempt.expected;
    next.color = attempt.color;
    with_.schedule(with_.chance.between(1'000, 400'000), [this, which, next] { send(which, next); });
    return;
  }
  with_.schedule(with_.chance.between(500, 60'000), [this, which] { next_request(which); });
}

void api_clients::remember(client& one, const api_attempt& attempt) {
  if (attempt.told != outcome::done || attempt.name.empty()) return;
  const bool shows = attempt.puts() || attempt.what == deed::get || attempt.what == deed::get_any;
  if (!shows) return;
  const held_object shown = object_in(attempt.body);
  one.newest = std::max(one.newest, shown.at);
  one.seen[attempt.name] = shown;
}

// ---- what must hold of servers

/// Object actors are where the leader is, and nowhere else.
void api_clients::look_for_actors() {
  with_.schedule(look_every_us, [this] { look_for_actors(); });
  for (const auto& one : with_.members) {
    const api_server* const server = server_of(*one);
    if (server == nullptr || one->paused() || one->store().status().leading) {
      follow_.erase(one->id());
      continue;
    }
    // It may have led for less time than there is between two looks.
    const following now{with_.now(), one->incarnation(), server->leaderships()};
    following& seen = follow_.try_emplace(one->id(), now).first->second;
    if (seen.life != now.life || seen.leaderships != now.leaderships) seen = now;
    if (now.since - seen.since < actors_end_us) continue;
    require(server->object_actors() == 0, fmt::format("{} does not lead, and has {} actors of objects",
                                                      one->id(), server->object_actors()));
  }
}

/// What a leadership writes of its own is in entries of its term. Asked at once: the log may be trimmed soon.
void api_clients::check_terms() {
  const auto& authors = judge_.book().authors();
  for (; terms_checked_ < authors.size(); ++terms_checked_) {
    const auto wrote_in = term_of_author(authors[terms_checked_]);
    if (!wrote_in) continue;
    const revision at{terms_checked_ + 1};
    for (const auto& one : with_.members) {
      if (!one->known()) continue;
      const auto disk = storage::kv::open_memory(one->disk());
      const auto view = disk->read();
      const auto entry = storage::log_reader(*view).holding(at);
      // What is not applied may be an entry that lost.
      if (!entry || entry->first > storage::load_state(*view).applied) continue;
      require(entry->second.term == *wrote_in,
              fmt::format("{} wrote revision {} in term {}", authors[terms_checked_], at.value,
                          entry->second.term.value));
      break;
    }
  }
}

void api_clients::check() {
  look();
  const auto ticks = std::ranges::count_if(
      judge_.book().authors(), [](const std::string& author) { return term_of_author(author).has_value(); });
  // The namespace is one; what leads writes on after the last fault.
  require(ticks > 2, "no leadership writes anything of its own");
  std::vector<storage::cluster_member> belong;
  for (const auto& one : with_.members)
    if (one->known() && one->store().status().leading) belong = one->store().members();
  for (const auto& watcher : watchers_)
    // Who was removed may hear of nothing any more.
    if (std::ranges::find(belong, watcher->server(), &storage::cluster_member::id) != belong.end())
      watcher->check_complete();
}

} // namespace actord::sim
