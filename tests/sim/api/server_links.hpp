#pragma once

#include "actors/cluster/leader_link.hpp"
#include "tests/sim/dice.hpp"
#include "tests/sim/network.hpp"

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>

namespace actord::sim {

/// How servers ask each other: connections over the same network as the members' messages, cut where that is
/// cut. A connection loses nothing by itself, but it breaks with the link or with either end, and then nobody
/// knows what became of the question.
class server_links {
public:
  using scheduler = std::function<void(time_us after, std::function<void()> what)>;
  /// A server's life on this network.
  struct port {
    std::function<void(time_us after, std::function<void()> job)> post; ///< runs it in that life, or never
    std::function<bool()> sane;
    std::function<void()> speaks; ///< told at the moment it answers
    std::function<void(std::string payload, std::function<void(result<std::string>)> answer)> serve;
  };
  /// A mutant's lies: of a question, and of an answer.
  using distortion = std::function<std::string(std::string)>;

  server_links(dice chance, scheduler schedule, const network& net)
      : dice_(std::move(chance)), schedule_(std::move(schedule)), net_(net) {}

  void attach(member_id self, port life);
  /// That life is over. Whoever asked it hears of a broken connection; nobody answers what it asked.
  void detach(member_id self);
  void distort(distortion questions, distortion answers);
  [[nodiscard]] std::unique_ptr<actors::leader_link> link_of(member_id self, bool has_others);

private:
  struct call;
  class link;
  void ask(member_id from, member_id to, std::string payload, std::chrono::milliseconds deadline,
           std::function<void(result<std::string>)> done);
  void arrive(const std::shared_ptr<call>& one, std::string payload);
  void bring_back(const std::shared_ptr<call>& one, result<std::string> answer);
  void settle_later(const std::shared_ptr<call>& one, time_us after, result<std::string> answer);
  void settle(const std::shared_ptr<call>& one, result<std::string> answer);
  [[nodiscard]] port* find(member_id self, std::uint64_t life);
  time_us delay();

  dice dice_;
  scheduler schedule_;
  const network& net_;
  std::map<member_id, std::pair<std::uint64_t, port>> ports_; ///< with the number of the life
  std::uint64_t lives_ = 0;
  std::list<std::shared_ptr<call>> open_;
  distortion questions_, answers_;
};

} // namespace actord::sim
