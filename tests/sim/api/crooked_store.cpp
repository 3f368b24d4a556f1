#include "tests/sim/api/crooked_store.hpp"

#include <utility>

namespace actord::sim {
namespace {

using namespace storage;

class crooked final : public store {
public:
  crooked(mutant what, store& inner) : what_(what), inner_(inner) {}

  void propose(transaction what, std::function<void(outcome)> done) override {
    inner_.propose(std::move(what), std::move(done));
  }
  [[nodiscard]] std::unique_ptr<snapshot> read() const override { return inner_.read(); }
  void confirm_reads(std::function<void(result<void>)> ready) override {
    if (what_ == mutant::answers_unconfirmed) return ready({});
    inner_.confirm_reads(std::move(ready));
  }
  void wait_for(revision at, std::chrono::milliseconds wait,
                std::function<void(result<void>)> ready) override {
    if (what_ == mutant::shows_damaged && at <= inner_.status().last) return ready({});
    inner_.wait_for(at, wait, std::move(ready));
  }
  [[nodiscard]] std::string head(const object_key& key) const override { return inner_.head(key); }
  result<std::unique_ptr<watch_cursor>> watch(watch_scope scope, revision after,
                                              std::function<void()> wake) override {
    // An event that comes while a client changes servers is the other's, so each may think.
    if (what_ == mutant::resumes_too_late && after.value > 0 && after < inner_.status().last) ++after.value;
    return inner_.watch(std::move(scope), after, std::move(wake));
  }
  [[nodiscard]] wall_time now() const override { return inner_.now(); }
  [[nodiscard]] store_status status() const override { return inner_.status(); }
  [[nodiscard]] std::string cluster_id() const override { return inner_.cluster_id(); }
  void receive(member_id from, std::string bytes) override { inner_.receive(from, std::move(bytes)); }
  [[nodiscard]] std::vector<cluster_member> members() const override { return inner_.members(); }
  [[nodiscard]] std::shared_ptr<void> on_leadership(leadership_listener listener) override {
    return inner_.on_leadership(std::move(listener));
  }
  void add_learner(member_id id, std::string address, membership_answer done) override {
    inner_.add_learner(id, std::move(address), std::move(done));
  }
  void promote(member_id id, std::chrono::milliseconds wait, membership_answer done) override {
    inner_.promote(id, wait, std::move(done));
  }
  void remove_member(member_id id, membership_answer done) override {
    inner_.remove_member(id, std::move(done));
  }
  void transfer_leadership(member_id to, membership_answer done) override {
    inner_.transfer_leadership(to, std::move(done));
  }

private:
  const mutant what_;
  store& inner_;
};

} // namespace

std::unique_ptr<store> crooked_store(mutant what, store& inner) {
  if (what != mutant::answers_unconfirmed && what != mutant::resumes_too_late &&
      what != mutant::shows_damaged)
    return nullptr;
  return std::make_unique<crooked>(what, inner);
}

} // namespace actord::sim
