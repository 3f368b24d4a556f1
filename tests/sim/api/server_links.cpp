#include "tests/sim/api/server_links.hpp"

#include <utility>

namespace actord::sim {
namespace {

/// How long it takes until an end notices that a connection is dead, at most.
constexpr time_us notice_us = 2'000'000;

result<std::string> broken() {
  return error{.kind = error_kind::timeout, .message = "the connection broke", .causes = {}, .subject = {}};
}
result<std::string> unreachable() {
  return error{.kind = error_kind::unavailable, .message = "nothing was sent", .causes = {}, .subject = {}};
}

} // namespace

struct server_links::call {
  member_id from = 0, to = 0;
  std::uint64_t from_life = 0, to_life = 0;
  std::function<void(result<std::string>)> done; ///< empty once it was called, or the asker is gone
};

class server_links::link final : public actors::leader_link {
public:
  link(server_links& owner, member_id self, bool has_others)
      : owner_(owner), self_(self), has_others_(has_others) {}
  [[nodiscard]] bool has_others() const override { return has_others_; }
  void call(member_id member, std::string_view, std::string payload, std::chrono::milliseconds deadline,
            std::function<void(result<std::string>)> done) override {
    owner_.ask(self_, member, std::move(payload), deadline, std::move(done));
  }

private:
  server_links& owner_;
  member_id self_;
  bool has_others_;
};

std::unique_ptr<actors::leader_link> server_links::link_of(member_id self, bool has_others) {
  return std::make_unique<link>(*this, self, has_others);
}

void server_links::attach(member_id self, port life) { ports_[self] = {++lives_, std::move(life)}; }

void server_links::detach(member_id self) {
  ports_.erase(self);
  std::vector<std::function<void(result<std::string>)>> dropped;
  for (const auto& one : open_) {
    if (one->from == self) dropped.push_back(std::exchange(one->done, nullptr));
    if (one->to == self && one->done) settle_later(one, dice_.between(100, notice_us), broken());
  }
  std::erase_if(open_, [](const auto& one) { return !one->done; });
}

void server_links::distort(distortion questions, distortion answers) {
  questions_ = std::move(questions);
  answers_ = std::move(answers);
}

server_links::port* server_links::find(member_id self, std::uint64_t life) {
  const auto found = ports_.find(self);
  return found == ports_.end() || found->second.first != life ? nullptr : &found->second.second;
}

time_us server_links::delay() {
  const network_weather& weather = net_.weather();
  // What is lost is sent again by the connection.
  const time_us again = dice_.chance(weather.loss_per_mille) ? 200'000 : 0;
  return again + dice_.between(weather.delay_min_us, weather.delay_max_us);
}

void server_links::ask(member_id from, member_id to, std::string payload, std::chrono::milliseconds deadline,
                       std::function<void(result<std::string>)> done) {
  const auto asker = ports_.find(from);
  if (asker == ports_.end()) return;
  const auto one = std::make_shared<call>();
  one->from = from;
  one->from_life = asker->second.first;
  one->to = to;
  one->done = std::move(done);
  open_.push_back(one);
  const auto asked = ports_.find(to);
  if (asked == ports_.end() || (net_.is_cut(from, to) && dice_.chance(500)))
    return settle_later(one, dice_.between(100, 50'000), unreachable());
  one->to_life = asked->second.first;
  if (questions_) payload = questions_(std::move(payload));
  settle_later(one, static_cast<time_us>(deadline.count()) * 1000, broken());
  schedule_(delay(),
            [this, one, payload = std::move(payload)]() mutable { arrive(one, std::move(payload)); });
}

void server_links::arrive(const std::shared_ptr<call>& one, std::string payload) {
  if (net_.is_cut(one->from, one->to)) return settle_later(one, dice_.between(1'000, notice_us), broken());
  port* const asked = find(one->to, one->to_life);
  if (asked == nullptr || !asked->sane()) return;
  asked->post(0, [this, one, serve = asked->serve, payload = std::move(payload)]() mutable {
    serve(std::move(payload),
          [this, one](result<std::string> answer) { bring_back(one, std::move(answer)); });
  });
}

void server_links::bring_back(const std::shared_ptr<call>& one, result<std::string> answer) {
  port* const asked = find(one->to, one->to_life);
  if (asked == nullptr || !asked->sane() || !one->done) return;
  asked->speaks();
  if (answer && answers_) answer = answers_(std::move(*answer));
  schedule_(delay(), [this, one, answer = std::move(answer)] {
    if (net_.is_cut(one->to, one->from)) return settle_later(one, dice_.between(1'000, notice_us), broken());
    settle(one, answer);
  });
}

void server_links::settle_later(const std::shared_ptr<call>& one, time_us after, result<std::string> answer) {
  schedule_(after, [this, one, answer = std::move(answer)] { settle(one, answer); });
}

void server_links::settle(const std::shared_ptr<call>& one, result<std::string> answer) {
  if (!one->done) return;
  port* const asker = find(one->from, one->from_life);
  if (asker == nullptr) return;
  open_.remove(one);
  asker->post(0, [done = std::exchange(one->done, nullptr), answer = std::move(answer)] { done(answer); });
}

} // namespace actord::sim
