#pragma once

#include "actors/admission/admission_chain.hpp"
#include "actors/console/actor_registry.hpp"
#include "actors/controllers/controllers.hpp"
#include "actors/controllers/event_recorder.hpp"
#include "actors/definitions/definition_follower.hpp"
#include "actors/objects/object_router.hpp"
#include "schema/base/json.hpp"
#include "storage/open_store.hpp"

#include <caf/all.hpp>
#include <caf/scheduler/test_coordinator.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace actord::testing {

/// A control plane without network, disk or threads: the real store in memory, object actors, controllers and
/// scheduler, stepped by CAF's test scheduler on a clock of its own. The test plays the nodes.
class cluster_fixture {
public:
  explicit cluster_fixture(const std::vector<std::string>& names = {"*"});
  ~cluster_fixture();

  /// Creates the object (with apiVersion and kind); fails the test when it is refused.
  json create(const json& object);
  /// The answer as it is.
  result<actors::write_answer> submit(actors::write_command command);
  json merge(const std::string& group, const std::string& plural, const std::string& space,
             const std::string& name, const json& patch, const std::string& subresource = "");
  void remove(const std::string& group, const std::string& plural, const std::string& space,
              const std::string& name, actors::delete_options options = {});

  [[nodiscard]] std::vector<json> list(const std::string& group, const std::string& plural,
                                       const std::string& space = "") const;
  /// Null when there is none.
  [[nodiscard]] json get(const std::string& group, const std::string& plural, const std::string& space,
                         const std::string& name) const;

  /// Lets time pass in small steps, everything handled at each. With `nodes_work` the nodes do their part at
  /// each step: pods that are bound become Running and Ready, pods that are being deleted go.
  void pass(std::chrono::milliseconds time, bool nodes_work = true);

  void add_node(const std::string& name, const std::string& cpu = "4", const std::string& memory = "8Gi");
  void restart_controllers(const std::vector<std::string>& names);

private:
  struct config : caf::actor_system_config {
    config();
  };

  void step();
  void play_nodes();
  void stop_controllers();

public:
  manual_clock_source clock{wall_time(std::chrono::seconds(1'800'000'000))};
  seeded_random_source random{1};
  actors::actor_registry registry;
  std::unique_ptr<storage::store> store;
  config system_config;
  caf::actor_system system{system_config};
  caf::scheduler::test_coordinator& scheduler;
  actors::admission_chain admission;
  std::unique_ptr<actors::definition_follower> definitions;
  std::unique_ptr<actors::object_router> router;
  std::unique_ptr<actors::event_recorder> events;
  std::unique_ptr<actors::controllers> running;
  /// Of the controllers that are started next.
  actors::controller_powers powers{{"PEM", ""}, {}};
  int next_address = 0;
};

} // namespace actord::testing
