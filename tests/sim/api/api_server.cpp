#include "tests/sim/api/api_server.hpp"

#include "schema/base/always.hpp"

#include "tests/sim/api/crooked_store.hpp"
#include "tests/sim/api/simulated_leadership.hpp"
#include "tests/sim/failure.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace actord::sim {
namespace {

/// What a server's pool of threads is here: its stage.
class staged_runner final : public actors::job_runner {
public:
  explicit staged_runner(stage& threads) : threads_(threads) {}
  void run(std::function<void()> job) override { threads_.post(0, std::move(job)); }

private:
  stage& threads_;
};

/// Signs nothing in these runs, and is dear to make.
const net::signing_key& shared_key() {
  static const net::signing_key key = *net::create_signing_key();
  return key;
}

const actors::service_network& services() {
  static const actors::service_network network = *actors::service_network::parse("10.96.0.0/24");
  return network;
}

} // namespace

api_server::api_server(member& home, surroundings& around)
    : home_(home), around_(around),
      stage_(dice(around.chance.source().next()), around.schedule, [&home] { return home.paused(); }),
      crooked_(crooked_store(around.wrong, home.store())), store_(crooked_ ? *crooked_ : home.store()),
      authorization_(std::make_unique<actors::authorizer>(home.store())),
      admission_(std::make_unique<actors::admission_chain>(home.store(), home.random())),
      roles_(std::make_unique<actors::role_guard>(*authorization_, home.store())),
      link_(around.links.link_of(home.id(), around.has_others)) {
  auto tokens = actors::token_authority::open(shared_key(), home.store(), home.random());
  require(tokens.has_value(), "the key that signs tokens is not taken");
  tokens_ = std::move(*tokens);
  router_ = std::make_unique<actors::object_router>(
      actors::object_router::collaborators{.system = stage_.actors(),
                                           .store = store_,
                                           .admission = *admission_,
                                           .registry = registry_,
                                           .random = home.random(),
                                           .network = services(),
                                           .published = actors::root_certificate(std::string()),
                                           .roles = roles_.get(),
                                           .begins_closed = true,
                                           .elsewhere = [this](actors::write_command command) {
                                             frontend_->write_at_leader(std::move(command));
                                           }});
  gate_ = std::make_shared<actors::flow_gate>(home.clock(), [this](std::size_t) {
    return std::unique_ptr<actors::job_runner>(std::make_unique<staged_runner>(stage_));
  });
  frontend_ = std::make_unique<actors::api_frontend>(
      actors::api_frontend::collaborators{.system = stage_.actors(),
                                          .store = store_,
                                          .router = *router_,
                                          .registry = registry_,
                                          .random = home.random(),
                                          .authentication = actors::authenticator({}, {}, home.clock()),
                                          .authorization = *authorization_,
                                          .tokens = *tokens_,
                                          .advertised_address = "192.0.2.2:6443",
                                          .readiness = nullptr,
                                          .gate = gate_,
                                          .audit = nullptr,
                                          .link = link_.get(),
                                          .clock = home.clock()});
  handler_ = frontend_->handler();
  around_.links.attach(
      home.id(),
      {.post = [this](time_us after, std::function<void()> job) { stage_.post(after, std::move(job)); },
       .sane = [this] { return home_.sane(); },
       .speaks = [this] { home_.speak(); },
       .serve =
           [this](const std::string& payload, std::function<void(result<std::string>)> answer) {
             frontend_->serve_forwarded(payload, std::move(answer));
           }});
  begin_to_listen();
}

api_server::~api_server() {
  stage_.empty();
  std::string left;
  for (const actors::actor_report& each : registry_.report()) left += each.kind + " " + each.key + ", ";
  ALWAYS_WITH(stage_.living() == 0, "these actors do not end: " + left);
}

void api_server::begin_to_listen() {
  keeper_ = std::make_unique<actors::leadership_keeper>(actors::leadership_keeper::collaborators{
      .leading_in = [this] { return leading_in(); },
      .begin =
          [this](raft_term term) {
            return result<std::unique_ptr<actors::leadership>>(
                begin_leadership({.threads = stage_,
                                  .router = *router_,
                                  .chance = dice(around_.chance.source().next()),
                                  .self = home_.id(),
                                  .opened = [this] { frontend_->leader_changed(); },
                                  .quiet = [this] { return around_.quiet; },
                                  .never_ends = around_.wrong == mutant::outlives_its_term},
                                 term));
          },
      .changed = [this] { frontend_->leader_changed(); },
      .own_thread = false});
  listening_ = home_.store().on_leadership([this](const storage::leadership& news) {
    // As an actor that nobody ends: what led once goes on.
    if (!news.leading && around_.wrong == mutant::keeps_object_actors) return;
    leading_in_ = news.leading ? news.term : raft_term{};
    leaderships_ += news.leading ? 1 : 0;
    keeper_->look();
    frontend_->leader_changed();
    stage_.post(0, [this] { keeper_->step(); });
  });
}

std::optional<raft_term> api_server::leading_in() {
  return leading_in_.value == 0 ? std::nullopt : std::optional(leading_in_);
}

/// In the daemon's order.
void api_server::leave() {
  around_.links.detach(home_.id());
  for (const auto& each : connections_)
    if (const auto open = each.lock()) open->break_off();
  listening_.reset();
  keeper_.reset();
  handler_ = {};
  frontend_.reset();
  gate_->stop();
  router_.reset();
  stage_.run_out();
  roles_.reset();
  admission_.reset();
  authorization_.reset();
  tokens_.reset();
}

void api_server::accept(net::http_request request, const std::shared_ptr<client_connection>& connection) {
  std::erase_if(connections_, [](const auto& each) { return each.expired(); });
  connections_.push_back(connection);
  stage_.post(0, [this, request = std::move(request), connection]() mutable {
    handler_.handle(std::move(request), connection);
  });
}

std::size_t api_server::object_actors() const {
  const auto all = registry_.report();
  return static_cast<std::size_t>(std::ranges::count(all, "object", &actors::actor_report::kind));
}

} // namespace actord::sim
