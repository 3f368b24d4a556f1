#include "actors/controllers/controllers.hpp"

#include "actors/controllers/controller_actor.hpp"
#include "actors/controllers/controller_kinds.hpp"
#include "actors/controllers/core/foreign_contents.hpp"
#include "actors/scheduler/scheduler_actor.hpp"
#include "schema/tables/resource_table.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <array>

namespace actord::actors {

namespace {

constexpr std::string_view scheduler_name = "scheduler";
constexpr std::string_view node_life_name = "node-lifecycle";
constexpr std::string_view namespace_name = "namespace";
/// They write down by which certificate the API server is known.
constexpr std::array<std::string_view, 2> publisher_names{"root-ca-certificate-publisher",
                                                          "serviceaccount-token"};

/// A connection that comes or goes makes its node worth a look.
void listen_to(const std::shared_ptr<life_board>& board, const caf::actor& controller) {
  board->on_change([weak = caf::actor_cast<caf::actor_addr>(controller)](const std::string& node) {
    if (const auto strong = caf::actor_cast<caf::actor>(weak))
      look_at(strong, {schema::builtin("", "nodes").id, "", node});
  });
}

/// So do extension servers that have been asked for a namespace's objects.
void listen_to(foreign_contents& foreign, const caf::actor& controller) {
  foreign.on_change([weak = caf::actor_cast<caf::actor_addr>(controller)](const std::string& space) {
    if (const auto strong = caf::actor_cast<caf::actor>(weak))
      look_at(strong, {schema::builtin("", "namespaces").id, "", space});
  });
}

root_certificate published_by(const controller_powers& powers) {
  return powers.published ? *powers.published : root_certificate(powers.authority.certificate_pem);
}

std::vector<std::unique_ptr<controller_kind>> all_kinds(const controller_powers& powers,
                                                        const clock_source& clock) {
  std::vector<std::unique_ptr<controller_kind>> out;
  const std::shared_ptr<const epoch_board> epochs =
      powers.epochs ? powers.epochs : std::make_shared<const epoch_board>();
  out.push_back(deployment_controller());
  out.push_back(replica_set_controller());
  out.push_back(replication_controller());
  out.push_back(stateful_set_controller());
  out.push_back(daemon_set_controller());
  out.push_back(job_controller());
  out.push_back(cron_job_controller());
  out.push_back(expiry_controller());
  out.push_back(endpoints_controller());
  out.push_back(slice_mirror_controller());
  out.push_back(service_range_controller());
  out.push_back(server_role_controller());
  out.push_back(powers.foreign ? namespace_controller(powers.foreign) : namespace_controller());
  out.push_back(service_account_controller());
  out.push_back(root_ca_controller(published_by(powers)));
  out.push_back(role_aggregation_controller());
  out.push_back(policy_status_controller());
  out.push_back(account_token_controller(published_by(powers), powers.mint));
  out.push_back(token_cleaner_controller());
  out.push_back(garbage_controller());
  out.push_back(pod_garbage_controller(epochs, clock));
  out.push_back(node_taint_controller());
  out.push_back(node_life_controller(powers.board ? powers.board : std::make_shared<life_board>(), clock));
  out.push_back(taint_eviction_controller());
  out.push_back(pod_fencing_controller(epochs, clock));
  out.push_back(quota_controller());
  out.push_back(disruption_controller());
  out.push_back(claim_protection_controller());
  out.push_back(volume_protection_controller());
  out.push_back(signing_approval_controller(powers.may));
  out.push_back(signing_controller(powers.signer ? powers.signer
                                                 : [authority = powers.authority] { return authority; }));

  out.push_back(signing_cleanup_controller());
  return out;
}

class running_controllers final : public controllers {
public:
  running_controllers(const controller_collaborators& with, const std::vector<std::string>& names,
                      const controller_powers& powers)
      : context_(std::make_shared<controller_context>(
            controller_context{with.system, with.store, with.router, with.registry, with.events, verdicts_,
                               with.clock, with.term, std::make_shared<actor_gate>()})),
        board_(powers.board), foreign_(powers.foreign) {
    if (board_) board_->begin(with.clock.steady_now());
    if (powers.epochs) powers.epochs->begin(with.clock.steady_now());
    const auto chosen = [&](std::string_view name) {
      return std::find(names.begin(), names.end(), name) != names.end();
    };
    actors_.push_back(spawn_controller(context_, definition_controller()));
    actors_.push_back(spawn_controller(context_, local_service_controller()));
    std::vector<caf::actor> publishers;
    for (auto& kind : all_kinds(powers, with.clock)) {
      if (!chosen(kind->name())) continue;
      const bool watches_lives = kind->name() == node_life_name;
      const bool empties = kind->name() == namespace_name;
      const bool publishes = std::ranges::find(publisher_names, kind->name()) != publisher_names.end();
      actors_.push_back(spawn_controller(context_, std::move(kind)));
      if (watches_lives && powers.board) listen_to(powers.board, actors_.back());
      if (empties && powers.foreign) listen_to(*powers.foreign, actors_.back());
      if (publishes) publishers.push_back(actors_.back());
    }
    published_ = published_by(powers).on_change([publishers = std::move(publishers)] {
      for (const caf::actor& one : publishers) look_at_everything(one);
    });
    if (chosen(scheduler_name)) scheduler_ = spawn_scheduler(context_, with.random);
  }

  ~running_controllers() override {
    begin_stop();
    context_->live->wait_until_empty();
  }

  void begin_stop() override {
    if (board_) board_->on_change({});
    if (foreign_) foreign_->on_change({});
    published_.reset();
    for (const auto& actor : actors_) caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
    actors_.clear();
    if (scheduler_) caf::anon_send_exit(scheduler_, caf::exit_reason::user_shutdown);
    scheduler_ = nullptr;
  }

  void clock_was_set() override {
    for (const auto& actor : actors_) look_at_everything(actor);
  }

  [[nodiscard]] const verdict_board& verdicts() const override { return verdicts_; }

private:
  verdict_board verdicts_;
  const std::shared_ptr<const controller_context> context_;
  std::vector<caf::actor> actors_; ///< controllers
  caf::actor scheduler_;           ///< none when it is not chosen
  const std::shared_ptr<life_board> board_;
  const std::shared_ptr<foreign_contents> foreign_;
  std::shared_ptr<void> published_; ///< listens whether the certificate changes
};

} // namespace

const std::vector<std::string>& controller_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> out;
    for (const auto& kind : all_kinds({}, system_clock_source())) out.emplace_back(kind->name());
    out.emplace_back(scheduler_name);
    return out;
  }();
  return names;
}

result<std::vector<std::string>> choose_controllers(const std::vector<std::string>& wanted) {
  std::vector<std::string> out;
  for (const std::string& entry : wanted) {
    if (entry == "*") {
      out = controller_names();
      continue;
    }
    if (entry == "none") {
      out.clear();
      continue;
    }
    const bool without = entry.starts_with('-');
    const std::string name = without ? entry.substr(1) : entry;
    if (std::find(controller_names().begin(), controller_names().end(), name) == controller_names().end())
      return error{error_kind::bad_request, "there is no controller \"" + name + "\""};
    std::erase(out, name);
    if (!without) out.push_back(name);
  }
  return out;
}

std::unique_ptr<controllers> start_controllers(const controller_collaborators& with,
                                               const std::vector<std::string>& names,
                                               const controller_powers& powers) {
  return std::make_unique<running_controllers>(with, names, powers);
}

} // namespace actord::actors
