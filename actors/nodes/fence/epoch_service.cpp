#include "actors/nodes/fence/epoch_service.hpp"

#include "storage/store.hpp"

#include <chrono>
#include <utility>

namespace actord::actors {
namespace {

constexpr std::chrono::seconds leader_wait{4};
constexpr std::size_t name_max = 253;

error nobody_leads() { return {.kind = error_kind::unavailable, .message = "no server leads the cluster"}; }

} // namespace

void epoch_service::confirm_here(std::string node, std::function<void(result<void>)> done) const {
  if (node.empty() || node.size() > name_max)
    return done(error{.kind = error_kind::bad_request, .message = "that is no name of a node"});
  if (!with_.store.status().leading) return done(nobody_leads());
  with_.store.confirm_reads(
      [with = with_, node = std::move(node), done = std::move(done)](const result<void>& confirmed) {
        if (!confirmed) return done(confirmed.error());
        // A round that another server's leadership answered is not ours to count from.
        if (!with.store.status().leading) return done(nobody_leads());
        with.board->confirmed(node, with.clock.steady_now());
        done({});
      });
}

void epoch_service::confirm(std::string node, std::function<void(result<void>)> done) const {
  const storage::store_status status = with_.store.status();
  if (status.leading) return confirm_here(std::move(node), std::move(done));
  if (status.leader == 0) return done(nobody_leads());
  with_.link.call(status.leader, epoch_of_method, std::move(node), leader_wait,
                  [done = std::move(done)](const result<std::string>& answer) {
                    done(answer ? result<void>() : result<void>(answer.error()));
                  });
}

void epoch_service::answer_own(std::string node, std::function<void(result<epoch_answer>)> done) const {
  // Without the only voter nothing can be decided anywhere.
  const auto members = with_.store.members();
  if (members.size() == 1 && members.front().id == with_.store.status().self)
    return done(epoch_answer::alone);
  confirm(std::move(node), [done = std::move(done)](const result<void>& confirmed) {
    done(confirmed ? result<epoch_answer>(epoch_answer::yes) : result<epoch_answer>(confirmed.error()));
  });
}

} // namespace actord::actors
