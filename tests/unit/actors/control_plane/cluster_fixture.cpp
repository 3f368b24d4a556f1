#include "cluster_fixture.hpp"

#include "schema/base/timestamp.hpp"
#include "schema/object/stored_object.hpp"
#include "schema/tables/custom_rows.hpp"
#include "schema/tables/resource_table.hpp"

#include <boost/test/unit_test.hpp>

namespace actord::testing {

cluster_fixture::config::config() {
  set("scheduler.policy", caf::atom("testing"));
  set("logger.verbosity", caf::atom("quiet"));
}

cluster_fixture::cluster_fixture(const std::vector<std::string>& names)
    : store(storage::open_memory_store(clock, random)),
      scheduler(dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler())),
      admission(*store, random) {
  definitions = std::make_unique<actors::definition_follower>(
      actors::definition_follower::collaborators{system, *store, registry});
  auto network = actors::service_network::parse("10.96.0.0/16");
  BOOST_REQUIRE(network.has_value());
  router = std::make_unique<actors::object_router>(
      actors::object_router::collaborators{system, *store, admission, registry, random, *network, "PEM"});
  events = std::make_unique<actors::event_recorder>(actors::event_recorder::collaborators{*router, clock});
  create({{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", "default"}}}});
  restart_controllers(names);
}

cluster_fixture::~cluster_fixture() {
  stop_controllers();
  router.reset();
  definitions.reset();
  scheduler.run();
}

void cluster_fixture::stop_controllers() {
  if (!running) return;
  running->begin_stop();
  scheduler.run();
  running.reset();
}

void cluster_fixture::restart_controllers(const std::vector<std::string>& names) {
  stop_controllers();
  auto chosen = actors::choose_controllers(names);
  BOOST_REQUIRE(chosen.has_value());
  running =
      actors::start_controllers({system, *store, *router, registry, *events, clock, random}, *chosen, powers);
  step();
}

result<actors::write_answer> cluster_fixture::submit(actors::write_command command) {
  std::optional<result<actors::write_answer>> answer;
  command.done = [&](result<actors::write_answer> outcome) { answer = std::move(outcome); };
  router->submit(std::move(command));
  scheduler.run();
  BOOST_REQUIRE(answer.has_value());
  return std::move(*answer);
}

namespace {

/// Of a built-in kind, or of a custom one by its best version.
schema::resource_handle row_of(const std::string& group, const std::string& plural) {
  for (const auto& row : schema::custom_rows::current()->served())
    if (row->group == group && row->plural == plural) return row;
  return schema::builtin_handle(schema::builtin(group, plural));
}

actors::write_command command_for(const std::string& group, const std::string& plural,
                                  const std::string& space, const std::string& name) {
  actors::write_command command;
  command.key = {row_of(group, plural)->stored_as, space, name};
  command.caller.user = "tester";
  command.caller.groups = {"system:masters"};
  command.field_manager = "tester";
  return command;
}

json tree_of(const actors::write_answer& answer) {
  auto object = schema::object_view::open(*answer.stored);
  BOOST_REQUIRE(object.has_value());
  return object->to_json(*schema::resource_of(object->resource()));
}

} // namespace

json cluster_fixture::create(const json& object) {
  const std::string version = object["apiVersion"];
  const auto slash = version.find('/');
  const auto type = schema::find_kind(slash == std::string::npos ? "" : version.substr(0, slash),
                                      slash == std::string::npos ? version : version.substr(slash + 1),
                                      object["kind"].get<std::string>());
  BOOST_REQUIRE(type != nullptr);
  auto command = command_for(std::string(type->group), std::string(type->plural),
                             type->namespaced ? object["metadata"].value("namespace", "default") : "",
                             object["metadata"].value("name", ""));
  command.body = object.dump();
  auto answer = submit(std::move(command));
  BOOST_REQUIRE_MESSAGE(answer.has_value(), (answer ? std::string() : answer.error().message));
  return tree_of(answer.value());
}

json cluster_fixture::merge(const std::string& group, const std::string& plural, const std::string& space,
                            const std::string& name, const json& patch, const std::string& subresource) {
  auto command = command_for(group, plural, space, name);
  command.verb = actors::write_verb::patch;
  command.subresource = subresource;
  command.body = patch.dump();
  auto answer = submit(std::move(command));
  BOOST_REQUIRE_MESSAGE(answer.has_value(), (answer ? std::string() : answer.error().message));
  return tree_of(answer.value());
}

void cluster_fixture::remove(const std::string& group, const std::string& plural, const std::string& space,
                             const std::string& name, actors::delete_options options) {
  auto command = command_for(group, plural, space, name);
  command.verb = actors::write_verb::remove;
  command.removal = std::move(options);
  auto answer = submit(std::move(command));
  BOOST_REQUIRE_MESSAGE(answer.has_value(), (answer ? std::string() : answer.error().message));
}

std::vector<json> cluster_fixture::list(const std::string& group, const std::string& plural,
                                        const std::string& space) const {
  const auto type = row_of(group, plural);
  std::vector<json> out;
  store->read()->scan(type->stored_as, space, [&](std::string_view bytes) {
    auto object = schema::object_view::open(bytes);
    BOOST_REQUIRE(object.has_value());
    out.push_back(object->to_json(*type));
    return true;
  });
  return out;
}

json cluster_fixture::get(const std::string& group, const std::string& plural, const std::string& space,
                          const std::string& name) const {
  for (json& object : list(group, plural, space))
    if (object["metadata"]["name"] == name) return object;
  return nullptr;
}

void cluster_fixture::add_node(const std::string& name, const std::string& cpu, const std::string& memory) {
  const json amounts{{"cpu", cpu}, {"memory", memory}, {"pods", "110"}};
  create({{"apiVersion", "v1"},
          {"kind", "Node"},
          {"metadata", {{"name", name}, {"labels", {{"kubernetes.io/hostname", name}}}}}});
  merge("", "nodes", "", name,
        {{"status",
          {{"capacity", amounts},
           {"allocatable", amounts},
           {"conditions", json::array({{{"type", "Ready"}, {"status", "True"}}})}}}},
        "status");
}

void cluster_fixture::step() {
  scheduler.run();
  clock.advance(std::chrono::milliseconds(10));
  scheduler.advance_time(std::chrono::milliseconds(10));
  scheduler.run();
}

void cluster_fixture::pass(std::chrono::milliseconds time, bool nodes_work) {
  for (auto passed = std::chrono::milliseconds(0); passed < time; passed += std::chrono::milliseconds(10)) {
    step();
    if (nodes_work) play_nodes();
  }
}

void cluster_fixture::play_nodes() {
  for (const json& pod : list("", "pods")) {
    const json& meta = pod["metadata"];
    if (!pod["spec"].contains("nodeName")) continue;
    if (meta.contains("deletionTimestamp")) {
      actors::delete_options options;
      options.grace_period_s = 0;
      remove("", "pods", meta["namespace"], meta["name"], options);
    } else if (pod["status"].value("phase", "") == "Pending") {
      const std::string ip = "10.244.0." + std::to_string(++next_address);
      const std::string now = schema::format_time(clock.wall_now());
      merge("", "pods", meta["namespace"], meta["name"],
            {{"status",
              {{"phase", "Running"},
               {"podIP", ip},
               {"podIPs", json::array({{{"ip", ip}}})},
               {"conditions",
                json::array({{{"type", "PodScheduled"}, {"status", "True"}, {"lastTransitionTime", now}},
                             {{"type", "Ready"}, {"status", "True"}, {"lastTransitionTime", now}}})}}}},
            "status");
    }
  }
}

} // namespace actord::testing
