#pragma once

#include "tests/sim/clients.hpp"
#include "tests/sim/dice.hpp"
#include "tests/sim/member.hpp"
#include "tests/sim/mutant.hpp"
#include "tests/sim/network.hpp"
#include "tests/sim/tenant.hpp"
#include "tests/sim/truth.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace actord::sim {

/// What stands on the members' stores in a run, and is asked by its clients.
enum class floor_of : std::uint8_t {
  seed,  ///< every fifth seed has an API
  store, ///< clients ask the stores
  api,   ///< clients ask the servers' API
};

struct api_neighbourhood;

struct run_options {
  std::uint64_t seed = 0;
  std::size_t members = 0; ///< 0: the seed draws 1, 3 or 5
  floor_of clients = floor_of::seed;
  bool tell = false; ///< print what happens
  bool tell_messages = false;
  mutant wrong = mutant::none;
};

struct run_report {
  std::size_t members = 0;
  bool has_api = false;
  std::size_t faults = 0;
  std::size_t damages = 0; ///< objects changed on disks
  std::size_t terms = 0;
  std::size_t changes = 0; ///< of the members
  std::size_t rumours = 0; ///< members told that another is gone, when it was not
  std::size_t committed = 0;
  std::size_t confirmed_reads = 0;
  std::uint64_t revisions = 0;
  std::uint64_t trace = 0; ///< of everything that happened: equal for equal seeds
};

/// A whole cluster in one thread from one seed: stores, disks, network and clients, with faults drawn for
/// fifteen seconds, then eight seconds of peace in which it must recover, then the questions that only the
/// end can answer. Throws `failure`.
///
///   members ──messages──▶ network (delay, loss, order, cuts) ──▶ members
///   clients ──requests──▶ members ──committed changes──▶ truth (all must tell the same)
class world {
public:
  explicit world(const run_options& options);
  /// Members first: what they still answer reaches clients that are there.
  ~world();
  world(const world&) = delete;
  world& operator=(const world&) = delete;
  run_report run();

private:
  struct event {
    time_us at;
    std::uint64_t number;
    std::function<void()> what;
    bool operator>(const event& other) const {
      return at != other.at ? at > other.at : number > other.number;
    }
  };

  void schedule(time_us after, std::function<void()> what);
  void run_until(time_us end);
  void look();
  void look_at(member& one);
  void tick();
  void note(const std::string& what);
  void note_message(member_id from, member_id to, const std::string& bytes);

  void move_clients_in();
  void draw_fault();
  void crash(member& one, time_us back_after);
  void damage(member& one);
  void fail_power(member& one);
  void pause(member& one);
  void part();
  void storm();
  void bring_back(member& one, time_us after);
  void tell_gone(const member& one);
  void draw_rumour();
  void draw_membership();
  void add_spare(storage::store& leader);
  void make_peace();
  void check_recovery();
  void check_logs() const;

  run_options options_;
  dice dice_;
  dice rumours_;
  storage::store_limits limits_;
  std::vector<event> events_; ///< a heap, the next first
  std::uint64_t scheduled_ = 0;
  time_us now_ = 0;
  network network_;
  truth history_;
  std::unique_ptr<api_neighbourhood> servers_; ///< null where the clients ask the stores
  household household_;
  std::vector<std::unique_ptr<member>> members_;
  std::unique_ptr<clients> clients_;
  std::map<std::uint64_t, std::pair<member_id, std::uint64_t>> leaders_; ///< by term: who, in which life
  std::map<std::uint64_t, std::uint64_t> hashes_;                        ///< of the state, by applied entry
  /// What was last seen of a member: what is unchanged was looked at.
  struct glimpse {
    std::uint64_t life = 0, applied = 0, hash = 0;
    raft_term term;
    bool leading = false;
    bool operator==(const glimpse&) const = default;
  };
  std::vector<glimpse> seen_; ///< of member 1 first
  run_report report_;
  bool peace_ = false;
  bool changing_ = false; ///< members come and go in this run
};

} // namespace actord::sim
