#include "actors/scheduler/place.hpp"
#include "schema/base/clock.hpp"

#include <cstdio>
#include <cstdlib>

/// How many pods per second the scheduler's decision alone places on 5,000 nodes in memory, each pod counted
/// against its node before the next is decided. Usage: bench_scheduling [nodes] [pods]

using namespace actord;
using namespace actord::actors;

namespace {

placement_state cluster_of(std::size_t nodes) {
  placement_state cluster;
  for (std::size_t i = 0; i < nodes; ++i) {
    schema::node_view node;
    node.meta.name = "node-" + std::to_string(i);
    node.meta.labels = {{"kubernetes.io/hostname", node.meta.name},
                        {"topology.kubernetes.io/zone", "zone-" + std::to_string(i % 3)}};
    node.allocatable = {32'000, 256LL << 30, 1LL << 40, 110, {}};
    cluster.put_node(node);
  }
  return cluster;
}

scheduling_pod pod_of(std::size_t number) {
  scheduling_pod pod;
  pod.space = "default";
  pod.name = "pod-" + std::to_string(number);
  pod.uid = "uid-" + std::to_string(number);
  pod.labels = {{"app", "web"}};
  pod.request.milli_cpu = pod.request.scored_milli_cpu = 100;
  pod.request.memory_bytes = pod.request.scored_memory_bytes = 500LL << 20;
  pod.tolerations = {{"node.kubernetes.io/not-ready", "", true, schema::taint_effect::no_execute, 300},
                     {"node.kubernetes.io/unreachable", "", true, schema::taint_effect::no_execute, 300}};
  return pod;
}

template <class Adjust>
void run(const char* name, std::size_t nodes, std::size_t pods, Adjust adjust) {
  placement_state cluster = cluster_of(nodes);
  std::size_t unplaced = 0;
  const auto& clock = system_clock_source();
  const auto begin = clock.steady_now();
  for (std::size_t i = 0; i < pods; ++i) {
    scheduling_pod pod = pod_of(i);
    adjust(pod);
    const placement where = place(cluster, pod, i * 2654435761U);
    if (where.node)
      cluster.put_pod(std::make_shared<scheduling_pod>(std::move(pod)), *where.node);
    else
      ++unplaced;
  }
  const double seconds = std::chrono::duration<double>(clock.steady_now() - begin).count();
  std::printf("%-24s %6zu nodes %6zu pods  %9.0f pods/s  %zu unplaced\n", name, nodes, pods,
              static_cast<double>(pods) / seconds, unplaced);
}

} // namespace

int main(int argc, char** argv) {
  const std::size_t nodes = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 5000;
  const std::size_t pods = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 10000;
  run("basic", nodes, pods, [](scheduling_pod&) {});
  run("siblings", nodes, pods, [](scheduling_pod& pod) { pod.controller_uid = "set"; });
  run("node affinity", nodes, pods, [](scheduling_pod& pod) {
    pod.node_affinity.required = {
        {{{"topology.kubernetes.io/zone", schema::selector_operator::in, {"zone-1"}}}, {}}};
  });
  run("unschedulable", nodes, pods / 10, [](scheduling_pod& pod) { pod.request.milli_cpu = 64'000; });
  run("topology spread", nodes, pods / 10, [](scheduling_pod& pod) {
    schema::topology_spread_view rule;
    rule.topology_key = "topology.kubernetes.io/zone";
    rule.selector = schema::selector_of({{"app", "web"}});
    pod.spread = {rule};
  });
  return 0;
}
