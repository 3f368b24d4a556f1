#include "actors/cluster/leadership.hpp"

#include "actors/cluster/clock_watch.hpp"
#include "actors/cluster/server_endpoints.hpp"
#include "actors/controllers/event_recorder.hpp"
#include "actors/encryption/encryption_actor.hpp"
#include "actors/objects/expiry_actor.hpp"
#include "actors/objects/object_router.hpp"

namespace actord::actors {
namespace {

/// Members in the order they start; destroyed from the last to the first.
class running_leadership final : public leadership {
public:
  running_leadership(const collaborators& with, raft_term term)
      : with_(with), term_(term), encryption_(encryption_keeper::collaborators{
                                      with.system, with.store, with.router, with.registry, term}) {}
  ~running_leadership() override {
    controllers_.reset();
    with_.router.close();
  }
  running_leadership(const running_leadership&) = delete;
  running_leadership& operator=(const running_leadership&) = delete;

  result<void> run(const plan& what) {
    with_.router.open(term_);
    // Nothing may be encrypted with a key before the record names it.
    if (auto announced = encryption_.announce_keys(); !announced) return announced;
    bootstrap_facts first = what.first_objects;
    first.term = term_;
    if (auto made = create_bootstrap_objects(with_.store, with_.router, first); !made) {
      error why = made.error();
      why.message = "cannot create the cluster's first objects: " + why.message;
      return why;
    }
    // In a new cluster there was no place for the record until now.
    if (auto announced = encryption_.announce_keys(); !announced) return announced;
    if (what.enter)
      if (auto entered = what.enter(); !entered) return entered;
    with_.router.open_to_all();
    expiry_ = std::make_unique<expiry>(
        expiry::collaborators{with_.system, with_.store, with_.router, with_.registry, term_});
    events_ =
        std::make_unique<event_recorder>(event_recorder::collaborators{with_.router, with_.clock, term_});
    if (what.live_servers)
      endpoints_ = std::make_unique<server_endpoints>(server_endpoints::collaborators{
          with_.system, with_.store, with_.router, with_.registry, what.live_servers, term_});
    controllers_ = start_controllers(
        {with_.system, with_.store, with_.router, with_.registry, *events_, with_.clock, with_.random, term_},
        what.controllers, what.powers);
    clock_watch_ = std::make_unique<clock_watch>([this] { controllers_->clock_was_set(); });
    return {};
  }

private:
  const collaborators with_;
  const raft_term term_;
  encryption_keeper encryption_;
  std::unique_ptr<expiry> expiry_;
  std::unique_ptr<event_recorder> events_;
  std::unique_ptr<server_endpoints> endpoints_;
  std::unique_ptr<controllers> controllers_;
  std::unique_ptr<clock_watch> clock_watch_; ///< first to go
};

} // namespace

result<std::unique_ptr<leadership>> leadership::begin(const collaborators& with, const plan& what,
                                                      raft_term term) {
  auto begun = std::make_unique<running_leadership>(with, term);
  if (auto running = begun->run(what); !running) return running.error();
  return std::unique_ptr<leadership>(std::move(begun));
}

} // namespace actord::actors
