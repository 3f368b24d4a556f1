#include "tests/sim/api/stage.hpp"

#include "schema/base/always.hpp"

#include <algorithm>
#include <caf/actor_registry.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <map>
#include <utility>

namespace actord::sim {
namespace {

/// CAF's scheduler for tests, which says when there is something to do.
class stage_coordinator final : public caf::scheduler::test_coordinator {
public:
  stage_coordinator(caf::actor_system& system, std::function<void()> woken)
      : test_coordinator(system), woken_(std::move(woken)) {}

protected:
  void enqueue(caf::resumable* job) override {
    test_coordinator::enqueue(job);
    woken_();
  }

private:
  std::function<void()> woken_;
};

class stage_config final : public caf::actor_system_config {
public:
  stage_config(std::function<void()> woken, stage_coordinator*& made) {
    module_factories.push_back(
        [woken = std::move(woken), &made](caf::actor_system& system) -> caf::actor_system::module* {
          made = new stage_coordinator(system, woken); // the system owns it
          return made;
        });
  }
};

} // namespace

class stage::state : public std::enable_shared_from_this<state> {
public:
  state(dice chance, scheduler schedule, std::function<bool()> stands_still)
      : dice_(std::move(chance)), schedule_(std::move(schedule)), stands_still_(std::move(stands_still)) {}

  void begin() {
    config_ = std::make_unique<stage_config>([this] { wake(); }, coordinator_);
    system_ = std::make_unique<caf::actor_system>(*config_);
  }
  /// What was posted holds on to parts of the server: it goes before the actor system does.
  void empty() {
    ended_ = true;
    run_out();
    while (!posted_.empty() || !held_.empty()) {
      std::exchange(posted_, {}).clear();
      std::exchange(held_, {}).clear();
      run_out();
    }
  }
  void end() {
    empty();
    ALWAYS(living() == 0);
    system_.reset();
    config_.reset();
  }

  void post(time_us after, std::function<void()> job) {
    const std::uint64_t number = next_++;
    posted_.emplace(number, std::move(job));
    schedule_(after + gap(), [weak = weak_from_this(), number] {
      const auto self = weak.lock();
      if (!self || self->ended_) return;
      auto due = std::move(self->posted_.extract(number).mapped());
      if (self->stands_still_()) return self->held_.push_back(std::move(due));
      due();
    });
  }
  void advance(std::chrono::microseconds by) {
    behind_ += by;
    if (!stands_still_()) catch_up();
  }
  void resume() {
    catch_up();
    wake();
    for (auto& job : std::exchange(held_, {})) job();
  }
  void run_out() {
    auto& jobs = coordinator_->jobs;
    while (!jobs.empty()) coordinator_->run_once();
  }

  [[nodiscard]] caf::actor_system& actors() { return *system_; }
  [[nodiscard]] std::size_t living() const { return system_->registry().running(); }

private:
  /// Most threads go on at once; now and then one is starved.
  time_us gap() {
    const std::uint64_t dart = dice_.below(1000);
    if (dart < 950) return dice_.below(40);
    return dart < 995 ? dice_.below(1'000) : dice_.below(20'000);
  }

  void wake() {
    if (std::exchange(awake_, true) || ended_) return;
    schedule_(gap(), [weak = weak_from_this()] {
      const auto self = weak.lock();
      if (!self || self->ended_) return;
      self->awake_ = false;
      if (!self->stands_still_()) self->run_some();
    });
  }
  void run_some() {
    catch_up();
    auto& jobs = coordinator_->jobs;
    for (std::uint64_t left = dice_.between(1, 12); left > 0 && !jobs.empty(); --left) {
      const auto chosen = jobs.begin() + static_cast<std::ptrdiff_t>(dice_.below(jobs.size()));
      std::rotate(jobs.begin(), chosen, chosen + 1);
      coordinator_->run_once();
    }
    if (!jobs.empty()) wake();
  }
  void catch_up() {
    if (behind_.count() == 0) return;
    coordinator_->advance_time(std::exchange(behind_, {}));
  }

  dice dice_;
  scheduler schedule_;
  std::function<bool()> stands_still_;
  stage_coordinator* coordinator_ = nullptr;
  std::unique_ptr<stage_config> config_;
  std::unique_ptr<caf::actor_system> system_;
  std::map<std::uint64_t, std::function<void()>> posted_; ///< not run yet
  std::vector<std::function<void()>> held_;               ///< due while it stood still
  std::uint64_t next_ = 0;
  std::chrono::microseconds behind_{0};
  bool awake_ = false;
  bool ended_ = false;
};

stage::stage(dice chance, scheduler schedule, std::function<bool()> stands_still)
    : state_(std::make_shared<state>(std::move(chance), std::move(schedule), std::move(stands_still))) {
  state_->begin();
}
stage::~stage() { state_->end(); }

caf::actor_system& stage::actors() { return state_->actors(); }
std::size_t stage::living() const { return state_->living(); }
void stage::post(time_us after, std::function<void()> job) { state_->post(after, std::move(job)); }
void stage::advance(std::chrono::microseconds by) { state_->advance(by); }
void stage::resume() { state_->resume(); }
void stage::run_out() { state_->run_out(); }
void stage::empty() { state_->empty(); }

} // namespace actord::sim
