#pragma once

#include "tests/sim/clients.hpp"
#include "tests/sim/dice.hpp"
#include "tests/sim/member.hpp"
#include "tests/sim/mutant.hpp"
#include "tests/sim/truth.hpp"

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace actord::sim {

/// What a client asked for and what it was told. Every write puts a text of its own, so that the history says
/// which writes took effect.
struct operation {
  enum class kind : std::uint8_t { create, compare_and_set, overwrite, remove, increment, pair } what;
  enum class outcome : std::uint8_t { open, committed, refused, unknown } told = outcome::open;
  std::vector<object_key> keys;
  revision expected; ///< compare_and_set and remove: the revision the client knew
  std::string text;
  std::string request_id; ///< the same in a second attempt
  int attempts = 0;
  std::vector<revision> revisions; ///< when committed
};

/// Clients that write and read through members of their choice, one request at a time each, and the rules
/// that their answers must keep.
class workload final : public clients {
public:
  using scheduler = std::function<void(time_us after, std::function<void()> what)>;

  workload(dice chance, scheduler schedule, std::vector<std::unique_ptr<member>>& members, truth& history,
           mutant wrong);

  void start(std::size_t count) override;
  void stop() override { stopping_ = true; }
  void check() override;
  [[nodiscard]] std::size_t committed() const override { return committed_; }
  [[nodiscard]] std::size_t confirmed_reads() const override { return confirmed_reads_; }

private:
  void next_operation(std::size_t client);
  void send(std::size_t client, std::size_t operation_at);
  void finish(std::size_t client, std::size_t operation_at, const storage::outcome& told);
  void read(std::size_t client);
  void check_read(member& from, const object_key& key, revision at_least);
  operation draw(std::size_t client);
  void check_effects() const;
  void check_preconditions() const;
  member& choose();

  dice dice_;
  scheduler schedule_;
  std::vector<std::unique_ptr<member>>& members_;
  truth& history_;
  mutant wrong_;
  std::deque<operation> operations_;
  revision acknowledged_; ///< newest revision any client was told of
  std::size_t committed_ = 0;
  std::size_t confirmed_reads_ = 0;
  bool stopping_ = false;
};

} // namespace actord::sim
