#pragma once

#include "storage/raft/transport.hpp"
#include "tests/sim/dice.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

namespace actord::sim {

using storage::member_id;
using time_us = std::uint64_t;

/// How bad the network is in one run.
struct network_weather {
  std::uint64_t loss_per_mille = 0;
  std::uint64_t twice_per_mille = 0;
  std::uint64_t reorder_per_mille = 0; ///< a message may overtake others of its link
  time_us delay_min_us = 50;
  time_us delay_max_us = 1000;
};

/// Members' messages, each with a time at which it arrives. Links are cut one way at a time.
class network {
public:
  /// Puts a delivery on the run's schedule.
  using scheduler = std::function<void(time_us after, std::function<void()> what)>;
  using receiver = std::function<void(member_id from, std::string bytes)>;

  network(dice chance, scheduler schedule) : dice_(std::move(chance)), schedule_(std::move(schedule)) {}

  std::unique_ptr<storage::raft_transport> endpoint(member_id self);
  /// The run's time, which the order on a link depends on.
  void at(time_us now) { now_ = now; }
  /// An empty receiver is a member that is down. What is under way to an earlier incarnation is lost.
  void attach(member_id self, receiver deliver);
  /// Members whose power failed send nothing, whatever their memory still does.
  void silence(std::function<bool(member_id)> is_dead) { is_dead_ = std::move(is_dead); }

  /// Everything sent passes this: a mutant's lies.
  void distort(std::function<std::string(std::string)> distortion) { distortion_ = std::move(distortion); }

  /// Told of every message that arrives.
  void overhear(std::function<void(member_id from, member_id to, const std::string& bytes)> ear) {
    ear_ = std::move(ear);
  }

  void weather(network_weather now) { weather_ = now; }
  [[nodiscard]] const network_weather& weather() const { return weather_; }
  void cut(member_id from, member_id to) { cuts_.insert({from, to}); }
  void mend() { cuts_.clear(); }
  [[nodiscard]] bool is_cut(member_id from, member_id to) const { return cuts_.contains({from, to}); }

private:
  class port;
  void send(member_id from, member_id to, std::string bytes);
  void deliver_later(member_id from, member_id to, const std::string& bytes);

  dice dice_;
  scheduler schedule_;
  network_weather weather_;
  std::function<bool(member_id)> is_dead_;
  std::function<std::string(std::string)> distortion_;
  std::function<void(member_id, member_id, const std::string&)> ear_;
  std::map<member_id, receiver> receivers_;
  std::map<member_id, std::uint64_t> incarnations_;
  std::map<std::pair<member_id, member_id>, time_us> newest_; ///< when the last message of a link arrives
  std::set<std::pair<member_id, member_id>> cuts_;
  time_us now_ = 0;
};

} // namespace actord::sim
