#include "actors/cluster/daemon.hpp"

#include "actors/admission/admission_chain.hpp"
#include "actors/aggregation/aggregator.hpp"
#include "actors/api/api_frontend.hpp"
#include "actors/api/forwarding/answer_collector.hpp"
#include "actors/audit/audit_trail.hpp"
#include "actors/authentication/bootstrap_tokens.hpp"
#include "actors/authentication/openid_providers.hpp"
#include "actors/authentication/token_authority.hpp"
#include "actors/authorization/authorizer.hpp"
#include "actors/authorization/role_guard.hpp"
#include "actors/cluster/actor_config.hpp"
#include "actors/cluster/cluster_identity.hpp"
#include "actors/cluster/joining/node_register.hpp"
#include "actors/cluster/joining/server_seat.hpp"
#include "actors/cluster/keys/key_store.hpp"
#include "actors/cluster/leadership_keeper.hpp"
#include "actors/cluster/memory_gauge.hpp"
#include "actors/cluster/server_network.hpp"
#include "actors/cluster/worker_daemon.hpp"
#include "actors/console/actor_registry.hpp"
#include "actors/controllers/controllers.hpp"
#include "actors/controllers/event_recorder.hpp"
#include "actors/conversion/conversion_gate.hpp"
#include "actors/definitions/definition_follower.hpp"
#include "actors/encryption/encryption_actor.hpp"
#include "actors/flow/flow_actor.hpp"
#include "actors/flow/flow_gate.hpp"
#include "actors/nodes/feed_service.hpp"
#include "actors/nodes/fence/epoch_service.hpp"
#include "actors/nodes/node_directory.hpp"
#include "actors/nodes/node_service_host.hpp"
#include "actors/nodes/node_writer.hpp"
#include "actors/objects/object_router.hpp"
#include "actors/webhooks/webhook_gate.hpp"
#include "actors/worker/worker.hpp"
#include "net/http/http_server.hpp"
#include "net/peer/feed.hpp"
#include "net/peer/forwarding.hpp"
#include "schema/cel/library/authorizers.hpp"
#include "schema/codec/status.hpp"
#include "storage/open_store.hpp"

#include <atomic>
#include <caf/actor_system.hpp>
#include <filesystem>
#include <fmt/format.h>
#include <mutex>
#include <spdlog/spdlog.h>

namespace actord::actors {
namespace {

constexpr int http_threads = 2;

/// The server's own refusals in the form of all others.
net::http_response refusal(int code, std::string_view message) {
  error_kind kind = error_kind::bad_request;
  if (code == http_code(error_kind::too_large)) kind = error_kind::too_large;
  if (code == http_code(error_kind::internal)) kind = error_kind::internal;
  return {code,
          {{"content-type", "application/json"}},
          share_bytes(schema::status_text({.kind = kind, .message = std::string(message)}))};
}

/// The authorizer, for admission, webhooks and controllers.
access_check access_of(const authorizer& authorization) {
  return [&authorization](const caller_identity& caller, const access_question& about) {
    return authorization.allows(caller, about);
  };
}

/// Members in the order they start; destroyed from the last to the first.
class running_daemon final : public daemon {
public:
  running_daemon(daemon_options options, cluster_identity identity)
      : options_(std::move(options)), identity_(std::move(identity)) {}
  ~running_daemon() override { stop(); }
  running_daemon(const running_daemon&) = delete;
  running_daemon& operator=(const running_daemon&) = delete;

  result<void> run() {
    auto audit = open_audit(options_.audit, system_random_source(), system_clock_source());
    if (!audit) return in_context(audit.error(), "audit");
    audit_ = std::move(*audit);
    if (auto opened = open_the_store(); !opened) return opened;
    system_ = std::make_unique<caf::actor_system>(config_);
    memory_ = std::make_unique<memory_gauge>(*system_, registry_);
    definitions_ = std::make_unique<definition_follower>(
        definition_follower::collaborators{*system_, *store_, registry_});
    authorization_ = std::make_unique<authorizer>(*store_);
    admission_ =
        std::make_unique<admission_chain>(*store_, system_random_source(), access_of(*authorization_));
    role_guard_ = std::make_unique<role_guard>(*authorization_, *store_);
    conversions_ =
        std::make_unique<conversion_gate>(*store_, system_random_source(), net::https_caller::create());
    webhooks_ = std::make_unique<webhook_gate>(*store_, system_random_source(), net::https_caller::create(),
                                               access_of(*authorization_), conversions_.get());
    published_.replace(identity_.pki.trusted_pem);
    router_ = std::make_unique<object_router>(object_router::collaborators{
        .system = *system_,
        .store = *store_,
        .admission = *admission_,
        .registry = registry_,
        .random = system_random_source(),
        .network = identity_.network,
        .published = published_,
        .roles = role_guard_.get(),
        .begins_closed = true,
        .elsewhere = [this](write_command command) { frontend_->write_at_leader(std::move(command)); },
        .webhooks = webhooks_.get()});
    aggregator_ = std::make_unique<aggregator>(aggregator::collaborators{
        *system_, *store_, *router_, registry_, system_random_source(), system_clock_source()});
    auto tokens = token_authority::open(identity_.pki.service_account, *store_, system_random_source());
    if (!tokens) return in_context(tokens.error(), "cannot read the key that signs tokens");
    tokens_ = std::move(*tokens);
    if (auto written = save_kubeconfig(options_, identity_, options_.listen_port); !written) return written;
    auto names = chosen_controllers();
    if (!names) return names.error();
    if (auto listening = listen(); !listening) return listening;
    flows_ = std::make_unique<flow_config>(
        flow_config::collaborators{*system_, *store_, *router_, registry_, gate_});
    if (auto seated = take_the_seat(); !seated) return seated;
    if (auto speaking = speak_with_others(); !speaking) return speaking;
    if (auto leads = lead_when_due(std::move(*names)); !leads) return leads;
    return start_the_worker();
  }

  [[nodiscard]] std::uint16_t port() const override { return server_->port(); }
  [[nodiscard]] std::string kubeconfig_path() const override { return identity_.kubeconfig; }

private:
  result<void> open_the_store() {
    storage::store_options how{.directory = options_.data_dir + "/store",
                               .clock = system_clock_source(),
                               .random = system_random_source(),
                               .transport = network_->transport()};
    const auto& joined = identity_.joined;
    if (joined && joined->members.size() > 1) {
      // Who was let in by others knows nothing until they have told it.
      how.begin = storage::join_cluster{.self = joined->member, .cluster = joined->cluster};
    } else {
      // The first server of a cluster is its member 1.
      const bool fresh = !std::filesystem::exists(how.directory);
      how.begin = storage::begin_cluster{.self = fresh ? 1U : 0U};
    }
    auto store = storage::open_store(std::move(how));
    if (!store) return in_context(store.error(), "cannot open the store in " + options_.data_dir);
    store_ = std::move(*store);
    const auto restored = restore_keys(*store_, options_.data_dir + "/pki", system_random_source());
    if (!restored) return in_context(restored.error(), "the cluster's keys");
    // Only now: a key that was lost is one to restore, not one to make.
    auto pki = net::open_cluster_pki(pki_options(options_, identity_), system_clock_source());
    if (!pki) return in_context(pki.error(), "cannot read or make the cluster's keys");
    identity_.pki = std::move(*pki);
    const encryption_source keys{options_.encryption_config, options_.data_dir + "/pki/encryption.yaml"};
    if (auto opened = open_encryption(keys, *store_, system_random_source()); !opened)
      return in_context(opened.error(), "encryption of stored objects");
    return {};
  }

  result<std::vector<std::shared_ptr<const token_checker>>> token_checkers() {
    std::vector<std::shared_ptr<const token_checker>> checkers{tokens_,
                                                               std::make_shared<bootstrap_tokens>(*store_)};
    auto people =
        open_openid_providers({options_.openid, options_.authentication_config}, system_clock_source());
    if (!people) return people.error();
    people_ = std::move(*people);
    checkers.insert(checkers.end(), people_.checkers.begin(), people_.checkers.end());
    return checkers;
  }

  result<void> listen() {
    std::vector<static_token> static_tokens;
    static_tokens.push_back({identity_.pki.admin_token,
                             {.user = std::string(net::admin_user),
                              .uid = {},
                              .groups = {std::string(net::admin_group)},
                              .extra = {}}});
    nodes_ = std::make_unique<node_directory>(options_.node_name, network_.get());
    auto checkers = token_checkers();
    if (!checkers) return checkers.error();
    authenticator authentication(std::move(static_tokens), std::move(*checkers), system_clock_source(),
                                 people_.anonymous);
    frontend_ = std::make_unique<api_frontend>(api_frontend::collaborators{
        .system = *system_,
        .store = *store_,
        .router = *router_,
        .registry = registry_,
        .random = system_random_source(),
        .authentication = std::move(authentication),
        .authorization = *authorization_,
        .tokens = *tokens_,
        .advertised_address = fmt::format("{}:{}", identity_.address, options_.listen_port),
        .readiness = [this] { return waiting_for(); },
        .gate = gate_,
        .audit = audit_,
        .admission = admission_.get(),
        .webhooks = webhooks_.get(),
        .extensions = &aggregator_->endpoint(),
        .link = network_.get()});
    net::http_server_options options;
    options.listen_address = options_.listen_address;
    options.port = options_.listen_port;
    const net::tls_server_options tls = tls_of(identity_.pki);
    options.certificate_pem = tls.certificate_pem;
    options.key_pem = tls.key_pem;
    options.client_ca_pem = tls.client_ca_pem;
    options.threads = http_threads;
    options.render_error = refusal;
    auto server = net::http_server::start(std::move(options), frontend_->handler());
    if (!server)
      return in_context(server.error(),
                        fmt::format("cannot listen on {}:{}", options_.listen_address, options_.listen_port));
    server_ = std::move(*server);
    frontend_->connect_nodes(nodes_.get());
    aggregator_->connect_nodes(nodes_.get());
    frontend_->on_connection_count([this] { return server_->connections(); });
    // Port 0 was a wish for any free one.
    if (options_.listen_port == 0) return save_kubeconfig(options_, identity_, server_->port());
    return {};
  }

  /// Certificates and authorities for what begins from now on.
  static net::tls_server_options tls_of(const net::cluster_pki& pki) {
    return {.certificate_pem = pki.server.certificate_pem + pki.trusted_pem,
            .key_pem = pki.server.key_pem,
            .client_ca_pem = pki.trusted_pem};
  }

  [[nodiscard]] std::string rpc_address() const {
    return host_and_port(is_vague(options_.rpc_listen_address) ? identity_.address
                                                               : options_.rpc_listen_address,
                         options_.rpc_listen_port);
  }

  result<void> take_the_seat() {
    auto seat = server_seat::take(
        {.system = *system_,
         .store = *store_,
         .registry = registry_,
         .authorization = *authorization_,
         .clock = system_clock_source(),
         .random = system_random_source(),
         .members = network_,
         .put_to_use = [this](const server_seat::credentials& credentials) { put_to_use(credentials); }},
        {.pki = pki_options(options_, identity_),
         .node = options_.node_name,
         .member = store_->status().self,
         .works = options_.works,
         .rpc_address = rpc_address(),
         .api_address = host_and_port(identity_.address, port()),
         .service_cidr = options_.service_cidr,
         .cluster_cidr = options_.cluster_cidr});
    if (!seat) return in_context(seat.error(), "this server's place in the cluster");
    seat_ = std::move(*seat);
    frontend_->connect_cluster(&seat_->service());
    speak_for_clients(seat_->first_credentials().pki);
    return {};
  }

  /// To extension servers.
  void speak_for_clients(const net::cluster_pki& pki) {
    aggregator_->use(pki.front_proxy, {pki.trusted_pem, pki.front_proxy_authority_pem});
  }

  static net::peer_credentials peer_credentials_of(const server_seat::credentials& credentials) {
    return {.authorities_pem = credentials.pki.trusted_pem, .own = credentials.node.key};
  }

  result<void> speak_with_others() {
    server_network::settings how{.listen_address = options_.rpc_listen_address,
                                 .port = options_.rpc_listen_port,
                                 .credentials = peer_credentials_of(seat_->first_credentials()),
                                 .node_name = options_.node_name,
                                 .own = {rpc_address(), host_and_port(identity_.address, port())},
                                 .known = {},
                                 .node_connected = {},
                                 .node_gone = {}};
    if (identity_.joined) how.known = identity_.joined->members;
    how.node_connected = [this](const std::string& node) {
      lives_->connected(node, system_clock_source().steady_now());
    };
    how.node_gone = [this](const std::string& node) {
      lives_->gone(node, system_clock_source().steady_now());
    };
    epochs_.emplace(epoch_service::collaborators{*store_, *network_, epoch_board_, system_clock_source()});
    serve_others();
    host_.serve(*network_);
    auto started = network_->start(*system_, registry_, *store_, std::move(how));
    if (!started) return in_context(started.error(), "the network of the cluster's servers");
    return {};
  }

  static std::function<void(result<void>)> in_words(const net::peer_answer& answer) {
    return [answer](const result<void>& confirmed) {
      answer(confirmed ? result<std::string>(std::string()) : result<std::string>(confirmed.error()));
    };
  }

  /// The network's own thread has other things to do than a request.
  void serve_others() {
    network_->serve(
        std::string(net::forward_method),
        [this](const net::peer_caller&, std::string payload, const net::peer_answer& answer) {
          gate_->lane().run_short(
              [this, payload = std::move(payload), answer] { frontend_->serve_forwarded(payload, answer); });
        },
        net::callers::members);
    network_->serve(
        std::string(node_write_method),
        [this](const net::peer_caller& from, std::string payload, const net::peer_answer& answer) {
          gate_->lane().run_short([this, node = from.node_name, payload = std::move(payload), answer] {
            frontend_->serve_node(node, payload, answer);
          });
        },
        net::callers::nodes);
    network_->serve(
        std::string(node_batch_method),
        [this](const net::peer_caller&, std::string payload, const net::peer_answer& answer) {
          gate_->lane().run_short(
              [this, payload = std::move(payload), answer] { frontend_->serve_node_batch(payload, answer); });
        },
        net::callers::members);
    feeds_ = std::make_unique<feed_service>(feed_service::collaborators{*system_, *store_, registry_});
    network_->serve(
        std::string(own_epoch_method),
        [this](const net::peer_caller& from, const std::string&, const net::peer_answer& answer) {
          epochs_->confirm(from.node_name, in_words(answer));
        },
        net::callers::nodes);
    network_->serve(
        std::string(epoch_of_method),
        [this](const net::peer_caller&, std::string node, const net::peer_answer& answer) {
          epochs_->confirm_here(std::move(node), in_words(answer));
        },
        net::callers::members);
    network_->serve_stream(
        std::string(net::feed_method),
        [this](const net::peer_caller& from, std::string, std::shared_ptr<net::peer_stream> stream) {
          return feeds_->open(from, std::move(stream));
        },
        net::callers::nodes);
  }

  /// On the seat's thread.
  void put_to_use(const server_seat::credentials& credentials) {
    const std::lock_guard lock(serving_);
    if (!server_) return;
    cluster_identity renewed = identity_;
    renewed.pki = credentials.pki;
    if (auto used = server_->use_certificate(tls_of(credentials.pki)); !used)
      spdlog::error("the renewed certificate cannot be used: {}", used.error().message);
    if (auto saved = save_kubeconfig(options_, renewed, server_->port()); !saved)
      spdlog::error("{}", saved.error().message);
    network_->use_credentials(peer_credentials_of(credentials));
    published_.replace(credentials.pki.trusted_pem);
    speak_for_clients(credentials.pki);
  }

  /// No request and no renewal comes afterwards.
  void stop_serving() {
    std::unique_ptr<net::http_server> last;
    {
      const std::lock_guard lock(serving_);
      last = std::move(server_);
    }
    last.reset();
  }

  [[nodiscard]] result<std::vector<std::string>> chosen_controllers() const {
    std::vector<std::string> wanted;
    for (std::size_t from = 0; from <= options_.controllers.size();) {
      const std::size_t to = std::min(options_.controllers.find(',', from), options_.controllers.size());
      if (to > from) wanted.push_back(options_.controllers.substr(from, to - from));
      from = to + 1;
    }
    auto names = choose_controllers(wanted);
    if (!names) return in_context(names.error(), "--controllers");
    return names;
  }

  [[nodiscard]] leadership::plan leadership_plan(std::vector<std::string> controllers) {
    return {.first_objects = {identity_.network, identity_.address, port()},
            .controllers = std::move(controllers),
            .powers = {{identity_.pki.trusted_pem, identity_.pki.authority.key_pem},
                       access_of(*authorization_),
                       [this](const std::string& space, const std::string& account,
                              const std::string& account_uid, const std::string& secret) {
                         return tokens_->issue_legacy(space, {account, account_uid}, secret);
                       },
                       [authority = seat_->authority()] { return authority->current()->signing; },
                       lives_,
                       published_,
                       epoch_board_,
                       aggregator_->contents()},
            .enter = [this] { return seat_->begin_to_lead(); },
            .live_servers = [network = network_] { return network->live_servers(); }};
  }

  /// A cluster of one leads at once, and has its first objects when this returns.
  result<void> lead_when_due(std::vector<std::string> controllers) {
    keeper_ = std::make_unique<leadership_keeper>(leadership_keeper::collaborators{
        .leading_in = [this]() -> std::optional<raft_term> {
          const raft_term term{leading_in_};
          return term.value == 0 ? std::nullopt : std::optional(term);
        },
        .begin =
            [this, plan = leadership_plan(std::move(controllers))](raft_term term) {
              return leadership::begin(
                  {*system_, *store_, *router_, registry_, system_clock_source(), system_random_source()},
                  plan, term);
            },
        .changed =
            [this] {
              frontend_->leader_changed();
              flows_->leader_changed();
              aggregator_->leader_changed();
            }});
    listening_ = store_->on_leadership([this](const storage::leadership& news) {
      leading_in_ = news.leading ? news.term.value : 0;
      keeper_->look();
      frontend_->leader_changed();
    });
    if (leading_in_ == 0 && network_->has_others()) return {};
    return keeper_->wait_for_first_attempt();
  }

  /// What /readyz says; empty when nothing is lacking.
  std::string waiting_for() {
    if (network_->was_removed()) return "this server was removed from the cluster";
    if (router_->is_open_to_all()) return {};
    const storage::store_status status = store_->status();
    if (status.leader == status.self && status.self != 0) return "the first objects are not stored yet";
    if (!caught_up_ && status.leader != 0 && !catching_up_.exchange(true))
      store_->confirm_reads([this](const result<void>& ready) {
        if (ready) caught_up_ = true;
        catching_up_ = false;
      });
    return caught_up_ ? std::string() : std::string("this server has not caught up with the cluster yet");
  }

  /// Of the pods of this server's own worker.
  [[nodiscard]] std::uint64_t slot() const {
    const auto record = read_node_record(store_->read()->get(node_record_key(options_.node_name)));
    return record ? record->slot : 0;
  }

  result<void> start_the_worker() {
    if (!options_.works) return {};
    worker_options node{.node_name = options_.node_name,
                        .cluster = store_->cluster_id(),
                        .data_dir = options_.data_dir,
                        .runtime_dir = {},
                        .cluster_cidr = options_.cluster_cidr,
                        .slot = slot(),
                        .runtime = options_.runtime,
                        .pause_path = {},
                        .sign_token = [this](const std::string& space, const std::string& account,
                                             const std::string& pod, const std::string& pod_uid,
                                             std::string_view audience, std::int64_t expiration_s) {
                          return tokens_->issue_for_pod(space, account, {pod, pod_uid}, audience,
                                                        std::chrono::seconds(expiration_s));
                        }};
    node_events_ =
        std::make_unique<event_recorder>(event_recorder::collaborators{*router_, system_clock_source()});
    auto worker = start_worker(
        std::move(node), {*system_, *store_, *router_, registry_, *node_events_, system_clock_source()});
    if (!worker)
      return in_context(worker.error(),
                        "cannot run containers on this machine (--roles server runs without)");
    worker_ = std::move(*worker);
    nodes_->connect_own(&worker_->services());
    own_epoch_ = std::make_unique<epoch_keeper>(
        epoch_keeper::collaborators{*system_, registry_, worker_->epoch(), [this](auto done) {
                                      epochs_->answer_own(options_.node_name, std::move(done));
                                    }});
    if (auto reached = host_.connect(worker_->services()); !reached) return reached;
    return {};
  }

  void stop() {
    for (const auto& each : people_.checkers) each->stop();
    stop_serving();
    host_.disconnect();
    network_->stop();
    feeds_.reset();
    if (nodes_) nodes_->connect_own(nullptr);
    own_epoch_.reset();
    worker_.reset();
    node_events_.reset();
    listening_.reset();
    keeper_.reset();
    flows_.reset();
    seat_.reset();
    if (aggregator_) aggregator_->stop();
    frontend_.reset();
    nodes_.reset();
    audit_.reset();
    router_.reset();
    if (webhooks_) webhooks_->stop();
    if (conversions_) conversions_->stop();
    memory_.reset();
    definitions_.reset();
    if (system_) {
      system_->await_all_actors_done();
      system_.reset();
    }
    aggregator_.reset();
    webhooks_.reset();
    conversions_.reset();
    role_guard_.reset();
    authorization_.reset();
    store_.reset();
  }

  daemon_options options_;
  cluster_identity identity_;
  actor_registry registry_;
  const std::shared_ptr<server_network> network_ =
      std::make_shared<server_network>(system_clock_source(), system_random_source());
  root_certificate published_{std::string()}; ///< what pods verify this cluster's API by
  const std::shared_ptr<life_board> lives_ = std::make_shared<life_board>();
  const std::shared_ptr<epoch_board> epoch_board_ = std::make_shared<epoch_board>();
  std::optional<epoch_service> epochs_;
  std::unique_ptr<feed_service> feeds_;
  node_service_host host_;
  std::unique_ptr<node_directory> nodes_;
  std::unique_ptr<storage::store> store_;
  actor_config config_;
  std::unique_ptr<caf::actor_system> system_;
  std::unique_ptr<memory_gauge> memory_;
  std::unique_ptr<definition_follower> definitions_;
  std::unique_ptr<admission_chain> admission_;
  std::unique_ptr<authorizer> authorization_;
  std::unique_ptr<role_guard> role_guard_;
  std::unique_ptr<conversion_gate> conversions_;
  std::unique_ptr<webhook_gate> webhooks_;
  std::unique_ptr<object_router> router_;
  std::unique_ptr<aggregator> aggregator_;
  std::shared_ptr<flow_gate> gate_ = std::make_shared<flow_gate>(system_clock_source());
  std::shared_ptr<const audit_trail> audit_;
  std::shared_ptr<const token_authority> tokens_;
  openid_providers people_; ///< who else gives out identities
  std::unique_ptr<api_frontend> frontend_;
  std::unique_ptr<flow_config> flows_;
  std::unique_ptr<server_seat> seat_;
  std::atomic<std::uint64_t> leading_in_{0}; ///< the term in which the store may propose; 0: it follows
  std::unique_ptr<leadership_keeper> keeper_;
  std::shared_ptr<void> listening_; ///< to who leads
  std::unique_ptr<event_recorder> node_events_;
  std::unique_ptr<worker> worker_;
  std::unique_ptr<epoch_keeper> own_epoch_;
  std::mutex serving_; ///< a renewal on one side, the end on the other
  std::unique_ptr<net::http_server> server_;
  std::atomic<bool> caught_up_{false};   ///< with the cluster, once since the start
  std::atomic<bool> catching_up_{false}; ///< the store was asked
};

} // namespace

result<std::unique_ptr<daemon>> daemon::start(daemon_options options) {
  auto identity = open_identity(options);
  if (!identity) return identity.error();
  if (!options.serves) return start_worker_daemon(std::move(options), std::move(*identity));
  auto instance = std::make_unique<running_daemon>(std::move(options), std::move(*identity));
  if (auto running = instance->run(); !running) return running.error();
  return std::unique_ptr<daemon>(std::move(instance));
}

} // namespace actord::actors
