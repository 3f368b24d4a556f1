#include "actors/cluster/worker_daemon.hpp"

#include "actors/admission/admission_chain.hpp"
#include "actors/cluster/actor_config.hpp"
#include "actors/cluster/joining/join_client.hpp"
#include "actors/cluster/keys/certificate_keeper.hpp"
#include "actors/cluster/memory_gauge.hpp"
#include "actors/cluster/worker_network.hpp"
#include "actors/console/actor_registry.hpp"
#include "actors/controllers/event_recorder.hpp"
#include "actors/encryption/encryption_actor.hpp"
#include "actors/nodes/feed_client.hpp"
#include "actors/nodes/fence/epoch_keeper.hpp"
#include "actors/nodes/fence/epoch_service.hpp"
#include "actors/nodes/node_service_host.hpp"
#include "actors/nodes/node_writer.hpp"
#include "actors/nodes/pod_tokens.hpp"
#include "actors/objects/object_router.hpp"
#include "actors/worker/worker.hpp"
#include "net/pki/node_certificate.hpp"
#include "schema/tables/resource_table.hpp"
#include "storage/open_store.hpp"

#include <caf/actor_system.hpp>
#include <spdlog/spdlog.h>
#include <utility>

namespace actord::actors {
namespace {

constexpr std::chrono::seconds first_word{60};
constexpr std::chrono::seconds epoch_wait{5};

/// Members in the order they start; destroyed from the last to the first.
class worker_daemon final : public daemon {
public:
  worker_daemon(daemon_options options, cluster_identity identity)
      : options_(std::move(options)), joined_(std::move(*identity.joined)),
        network_of_services_(identity.network), pki_directory_(options_.data_dir + "/pki") {}
  ~worker_daemon() override { stop(); }
  worker_daemon(const worker_daemon&) = delete;
  worker_daemon& operator=(const worker_daemon&) = delete;

  [[nodiscard]] std::uint16_t port() const override { return 0; }
  [[nodiscard]] std::string kubeconfig_path() const override { return {}; }

  result<void> run() {
    if (auto opened = open_the_store(); !opened) return opened;
    system_ = std::make_unique<caf::actor_system>(config_);
    memory_ = std::make_unique<memory_gauge>(*system_, registry_);
    writer_ = std::make_unique<node_writer>(node_writer::collaborators{
        *system_, registry_, network_, system_clock_source(), system_random_source()});
    make_the_router();
    host_.serve(network_);
    if (auto speaking =
            network_.start({joined_.node, joined_.cluster, credentials(joined_), joined_.members});
        !speaking)
      return in_context(speaking.error(), "the network to the cluster's servers");
    feed_ = std::make_unique<feed_client>(feed_client::collaborators{
        *system_, *store_, registry_, network_, joined_.cluster,
        [this](std::vector<net::feed_server> servers) { use_servers(std::move(servers)); }});
    if (auto told = wait_for_the_first_word(); !told) return told;
    if (auto working = start_the_worker(); !working) return working;
    renew_in_time(); // from here on who this node is belongs to the keeper's thread
    return {};
  }

private:
  result<void> open_the_store() {
    auto store = storage::open_store({.directory = options_.data_dir + "/replica",
                                      .clock = system_clock_source(),
                                      .random = system_random_source(),
                                      .begin = storage::begin_cluster{}});
    if (!store) return in_context(store.error(), "cannot open the store in " + options_.data_dir);
    store_ = std::move(*store);
    const encryption_source keys{{}, options_.data_dir + "/pki/encryption.yaml"};
    if (auto opened = open_encryption(keys, *store_, system_random_source()); !opened)
      return in_context(opened.error(), "encryption of stored objects");
    return {};
  }

  /// Nothing is written here: what the worker writes goes to the servers.
  void make_the_router() {
    admission_ = std::make_unique<admission_chain>(
        *store_, system_random_source(),
        [](const caller_identity&, const access_question&) { return false; });
    router_ = std::make_unique<object_router>(object_router::collaborators{
        .system = *system_,
        .store = *store_,
        .admission = *admission_,
        .registry = registry_,
        .random = system_random_source(),
        .network = network_of_services_,
        .published = "",
        .roles = nullptr,
        .begins_closed = true,
        .elsewhere = [this](write_command command) { writer_->write(std::move(command)); }});
  }

  static net::peer_credentials credentials(const joined_identity& identity) {
    return {.authorities_pem = identity.authorities_pem, .own = identity.key};
  }

  void use_servers(std::vector<net::feed_server> told) {
    std::vector<known_server> servers;
    for (net::feed_server& each : told)
      servers.push_back(
          {each.member, std::move(each.node), std::move(each.rpc_address), std::move(each.api_address)});
    network_.use_servers(std::move(servers));
  }

  static wall_time due(const joined_identity& identity) {
    const auto facts = net::read_certificate(identity.key.certificate_pem);
    return facts ? net::half_life(*facts) : wall_time{};
  }

  void renew_in_time() {
    keeper_ = std::make_unique<certificate_keeper>(
        certificate_keeper::collaborators{*system_, registry_, system_clock_source()}, due(joined_),
        [this] { return renew(); });
  }

  /// On the keeper's thread.
  result<wall_time> renew() {
    error last{.kind = error_kind::unavailable, .message = "no server of the cluster is known"};
    for (const known_server& each : network_.known_servers()) {
      auto renewed = renew_identity(each.api_address, joined_, pki_directory_);
      if (renewed) {
        joined_ = std::move(*renewed);
        network_.use_credentials(credentials(joined_));
        return due(joined_);
      }
      last = renewed.error();
    }
    return last;
  }

  /// What lies here from before is enough to keep pods running; without anything nobody knows what to run.
  [[nodiscard]] result<void> wait_for_the_first_word() const {
    const object_key own{schema::builtin("", "nodes").stored_as, {}, joined_.node};
    if (!store_->read()->get(own).empty()) return {};
    if (feed_->wait_until_complete(first_word)) return {};
    return error{.kind = error_kind::unavailable,
                 .message =
                     "no server of the cluster told this node what to run: is the network between them "
                     "open (--rpc-listen of the servers)?"};
  }

  result<void> start_the_worker() {
    worker_options node{.node_name = joined_.node,
                        .cluster = joined_.cluster,
                        .data_dir = options_.data_dir,
                        .runtime_dir = {},
                        .cluster_cidr = joined_.cluster_cidr,
                        .slot = joined_.slot,
                        .runtime = options_.runtime,
                        .pause_path = {},
                        .sign_token = [this](const std::string& space, const std::string& account,
                                             const std::string& pod, const std::string& pod_uid,
                                             std::string_view audience, std::int64_t expiration_s) {
                          return ask_for_pod_token(
                              *writer_, {space, account, pod, pod_uid, std::string(audience), expiration_s});
                        }};
    node_events_ =
        std::make_unique<event_recorder>(event_recorder::collaborators{*router_, system_clock_source()});
    auto worker = start_worker(
        std::move(node), {*system_, *store_, *router_, registry_, *node_events_, system_clock_source()});
    if (!worker) return in_context(worker.error(), "cannot run containers on this machine");
    worker_ = std::move(*worker);
    epochs_ = std::make_unique<epoch_keeper>(epoch_keeper::collaborators{
        *system_, registry_, worker_->epoch(),
        [this, tries = std::size_t{0}](const auto& done) mutable { ask_for_epoch(tries++, done); }});
    return host_.connect(worker_->services());
  }

  void ask_for_epoch(std::size_t tries, const std::function<void(result<epoch_answer>)>& done) {
    const auto servers = network_.servers();
    if (servers.empty())
      return done(error{.kind = error_kind::unavailable, .message = "no server is connected"});
    network_.call(servers[tries % servers.size()], own_epoch_method, {}, epoch_wait,
                  [done](const result<std::string>& answer) {
                    done(answer ? result<epoch_answer>(epoch_answer::yes)
                                : result<epoch_answer>(answer.error()));
                  });
  }

  void stop() {
    host_.disconnect();
    epochs_.reset();
    feed_.reset();
    keeper_.reset();
    network_.stop();
    worker_.reset();
    node_events_.reset();
    router_.reset();
    writer_.reset();
    memory_.reset();
    if (system_) {
      system_->await_all_actors_done();
      system_.reset();
    }
    store_.reset();
  }

  const daemon_options options_;
  joined_identity joined_; ///< the keeper's thread's, once it runs
  const service_network network_of_services_;
  const std::filesystem::path pki_directory_;
  actor_registry registry_;
  worker_network network_{system_clock_source(), system_random_source()};
  node_service_host host_;
  std::unique_ptr<storage::store> store_;
  actor_config config_;
  std::unique_ptr<caf::actor_system> system_;
  std::unique_ptr<memory_gauge> memory_;
  std::unique_ptr<node_writer> writer_;
  std::unique_ptr<admission_chain> admission_;
  std::unique_ptr<object_router> router_;
  std::unique_ptr<certificate_keeper> keeper_;
  std::unique_ptr<feed_client> feed_;
  std::unique_ptr<event_recorder> node_events_;
  std::unique_ptr<worker> worker_;
  std::unique_ptr<epoch_keeper> epochs_;
};

} // namespace

result<std::unique_ptr<daemon>> start_worker_daemon(daemon_options options, cluster_identity identity) {
  auto instance = std::make_unique<worker_daemon>(std::move(options), std::move(identity));
  if (auto running = instance->run(); !running) return running.error();
  return std::unique_ptr<daemon>(std::move(instance));
}

} // namespace actord::actors
