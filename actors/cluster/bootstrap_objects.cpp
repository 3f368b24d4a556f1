#include "actors/cluster/bootstrap_objects.hpp"

#include "actors/aggregation/local_services.hpp"
#include "actors/authorization/default_roles.hpp"
#include "actors/cluster/joining/join_service.hpp"
#include "actors/cluster/server_endpoints.hpp"
#include "actors/flow/default_flow_objects.hpp"
#include "actors/objects/object_router.hpp"
#include "schema/base/json.hpp"
#include "schema/tables/resource_table.hpp"
#include "storage/store.hpp"

#include <condition_variable>
#include <mutex>
#include <spdlog/spdlog.h>

namespace actord::actors {
namespace {

constexpr const char* rbac_group = "rbac.authorization.k8s.io";

struct wanted_object {
  const schema::resource_type* type;
  std::string space;
  json object;
  const char* manager = "actord";
};

json named(const schema::resource_type& type, const std::string& name) {
  return {{"apiVersion", type.api_version()}, {"kind", type.kind}, {"metadata", {{"name", name}}}};
}

/// Waits for a number of writes, which end on other threads.
class write_barrier {
public:
  void expect() {
    const std::lock_guard lock(mutex_);
    ++open_;
  }
  void settle(const result<write_answer>& outcome) {
    const std::lock_guard lock(mutex_);
    // Somebody else of the cluster may have been first.
    const bool late = !outcome && (outcome.error().kind == error_kind::already_exists ||
                                   outcome.error().kind == error_kind::conflict);
    if (!outcome && !late) {
      if (!failure_)
        spdlog::error("cannot create one of the cluster's first objects: {}", outcome.error().message);
      failure_ = outcome.error();
    }
    if (--open_ == 0) done_.notify_all();
  }
  result<void> wait() {
    std::unique_lock lock(mutex_);
    done_.wait(lock, [this] { return open_ == 0; });
    if (failure_) return *failure_;
    return {};
  }

private:
  std::mutex mutex_;
  std::condition_variable done_;
  std::size_t open_ = 0;
  std::optional<error> failure_;
};

std::vector<wanted_object> namespaces() {
  const schema::resource_type& type = schema::builtin("", "namespaces");
  std::vector<wanted_object> wanted;
  for (const char* name : {"default", "kube-system", "kube-public", "kube-node-lease"})
    wanted.push_back({&type, {}, named(type, name)});
  return wanted;
}

void add_priority_classes(std::vector<wanted_object>& wanted) {
  const schema::resource_type& type = schema::builtin("scheduling.k8s.io", "priorityclasses");
  struct row {
    const char* name;
    std::int64_t value;
    const char* description;
  };
  for (const auto& [name, value, description] :
       {row{"system-cluster-critical", 2'000'000'000, "For pods the cluster needs, on whichever node."},
        row{"system-node-critical", 2'000'001'000, "For pods their node cannot do without."}}) {
    json object = named(type, name);
    object["value"] = value;
    object["description"] = description;
    wanted.push_back({&type, {}, std::move(object)});
  }
}

void add_api_service(std::vector<wanted_object>& wanted, const bootstrap_facts& facts) {
  const schema::resource_type& services = schema::builtin("", "services");
  json service = named(services, "kubernetes");
  service["metadata"]["labels"] = {{"component", "apiserver"}, {"provider", "kubernetes"}};
  service["spec"] = {
      {"type", "ClusterIP"},
      {"clusterIP", facts.network.address(1)},
      {"clusterIPs", {facts.network.address(1)}},
      {"ports", {{{"name", "https"}, {"port", 443}, {"protocol", "TCP"}, {"targetPort", facts.port}}}}};
  wanted.push_back({&services, "default", std::move(service)});

  // On a machine with no other address there is nowhere the service could lead.
  if (is_loopback(facts.advertised_address)) return;
  const std::vector<api_place> here{{facts.advertised_address, facts.port}};
  wanted.push_back(
      {&schema::builtin("discovery.k8s.io", "endpointslices"), "default", kubernetes_slice(here)});
  wanted.push_back({&schema::builtin("", "endpoints"), "default", kubernetes_endpoints(here)});
}

/// The range that the addresses of services are taken from, for who asks.
void add_service_range(std::vector<wanted_object>& wanted, const bootstrap_facts& facts) {
  const schema::resource_type& type = schema::builtin("networking.k8s.io", "servicecidrs");
  json object = named(type, "kubernetes");
  object["spec"]["cidrs"] = json::array({facts.network.text()});
  wanted.push_back({&type, {}, std::move(object)});
}

void add_flow_objects(std::vector<wanted_object>& wanted) {
  const auto add = [&](const char* plural, const std::vector<json>& objects) {
    for (const json& object : objects)
      wanted.push_back(
          {&schema::builtin("flowcontrol.apiserver.k8s.io", plural), {}, object, flow_object_manager});
  };
  add("prioritylevelconfigurations", mandatory_priority_levels());
  add("prioritylevelconfigurations", suggested_priority_levels());
  add("flowschemas", mandatory_flow_schemas());
  add("flowschemas", suggested_flow_schemas());
}

void add_api_services(std::vector<wanted_object>& wanted) {
  const schema::resource_type& type = schema::builtin(api_service_group, "apiservices");
  for (const local_service& one : builtin_services()) wanted.push_back({&type, {}, api_service_object(one)});
}

void add_roles(std::vector<wanted_object>& wanted) {
  const json facts = json::parse(schema::default_rbac());
  for (const auto& [list, plural] : {std::pair{"clusterRoles", "clusterroles"},
                                     {"clusterRoleBindings", "clusterrolebindings"},
                                     {"roles", "roles"},
                                     {"roleBindings", "rolebindings"}}) {
    const schema::resource_type& type = schema::builtin(rbac_group, plural);
    for (const json& row : facts.at(list)) {
      json object = row;
      object["apiVersion"] = type.api_version();
      object["kind"] = type.kind;
      wanted.push_back({&type, row["metadata"].value("namespace", ""), std::move(object)});
    }
  }
  for (const auto& [objects, plural] :
       {std::pair{join_roles(), "clusterroles"}, {join_role_bindings(), "clusterrolebindings"}}) {
    const schema::resource_type& type = schema::builtin(rbac_group, plural);
    for (json object : objects) {
      object["apiVersion"] = type.api_version();
      object["kind"] = type.kind;
      wanted.push_back({&type, {}, std::move(object)});
    }
  }
}

write_command command_for(const wanted_object& what, write_verb verb,
                          const std::shared_ptr<write_barrier>& barrier, std::optional<raft_term> term) {
  write_command command;
  command.only_in_term = term;
  command.verb = verb;
  command.key = {what.type->id, what.space, what.object["metadata"]["name"].get<std::string>()};
  if (verb != write_verb::remove) command.body = what.object.dump();
  command.field_manager = what.manager;
  command.caller = {.user = "system:apiserver", .uid = {}, .groups = {"system:masters"}, .extra = {}};
  command.cause = {.actor = "bootstrap",
                   .verb = verb == write_verb::create   ? "create"
                           : verb == write_verb::update ? "update"
                                                        : "delete",
                   .request_id = {},
                   .reacted_to = {},
                   .note = "every cluster has it"};
  command.done = [barrier](const result<write_answer>& outcome) { barrier->settle(outcome); };
  barrier->expect();
  return command;
}

/// What is there already is left alone, but for default roles and bindings, to which what they lack is added.
void submit(object_router& router, const wanted_object& wanted, const std::string& stored,
            const std::shared_ptr<write_barrier>& barrier, std::optional<raft_term> term) {
  if (stored.empty()) return router.submit(command_for(wanted, write_verb::create, barrier, term));
  if (wanted.type->group != rbac_group) return;
  const auto view = schema::object_view::open(stored);
  if (!view) return spdlog::error("a default role is damaged: {}", view.error().message);
  auto change = reconcile_default(wanted.object, view->to_json(*wanted.type));
  if (!change) return;
  const wanted_object next{wanted.type, wanted.space, std::move(change->object)};
  if (!change->replaces) return router.submit(command_for(next, write_verb::update, barrier, term));
  router.submit(command_for(next, write_verb::remove, barrier, term));
  router.submit(command_for(next, write_verb::create, barrier, term));
}

/// Hands them all to their actors; the barrier opens when all are stored.
std::shared_ptr<write_barrier> submit_all(const storage::store& store, object_router& router,
                                          const std::vector<wanted_object>& wanted,
                                          std::optional<raft_term> term) {
  const auto barrier = std::make_shared<write_barrier>();
  barrier->expect();
  for (const wanted_object& each : wanted)
    submit(router, each, store.head({each.type->stored_as, each.space, each.object["metadata"]["name"]}),
           barrier, term);
  barrier->settle(write_answer{});
  return barrier;
}

} // namespace

bool is_loopback(std::string_view address) { return address.starts_with("127.") || address == "::1"; }

result<void> create_bootstrap_objects(const storage::store& store, object_router& router,
                                      const bootstrap_facts& facts) {
  if (auto made = submit_all(store, router, namespaces(), facts.term)->wait(); !made) return made.error();
  std::vector<wanted_object> wanted;
  add_api_service(wanted, facts);
  add_service_range(wanted, facts);
  add_priority_classes(wanted);
  add_flow_objects(wanted);
  add_api_services(wanted);
  add_roles(wanted);
  return submit_all(store, router, wanted, facts.term)->wait();
}

} // namespace actord::actors
