#include "actors/scheduler/preemption.hpp"
#include "schema/base/clock.hpp"

#include <cstdio>
#include <cstdlib>
#include <ctime>

/// How many pods per second the scheduler's decision alone places on 5,000 nodes in memory, each pod counted
/// against its node before the next is decided; and how long it takes to find out whose end makes room for
/// one that fits nowhere, 30 pods to a node. Usage: bench_scheduling [nodes] [pods]

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
  const std::clock_t begin = std::clock(); // of one thread, whatever else the machine does
  for (std::size_t i = 0; i < pods; ++i) {
    scheduling_pod pod = pod_of(i);
    adjust(pod);
    const placement where = place(cluster, pod, i * 2654435761U);
    if (where.node)
      cluster.put_pod(std::make_shared<scheduling_pod>(std::move(pod)), *where.node);
    else
      ++unplaced;
  }
  const double seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  std::printf("%-24s %6zu nodes %6zu pods  %9.0f pods/s  %zu unplaced\n", name, nodes, pods,
              static_cast<double>(pods) / seconds, unplaced);
}

constexpr std::size_t pods_per_node = 30;

placement_state full_cluster(std::size_t nodes) {
  placement_state cluster = cluster_of(nodes);
  for (std::size_t i = 0; i < nodes * pods_per_node; ++i) {
    scheduling_pod pod = pod_of(i);
    pod.priority = static_cast<std::int64_t>(i / nodes % 3);
    pod.labels = {{"app", "app-" + std::to_string(i % 50)}};
    pod.request.milli_cpu = 1050;
    pod.started = wall_time(std::chrono::seconds(i % 1000));
    cluster.put_pod(std::make_shared<scheduling_pod>(std::move(pod)), "node-" + std::to_string(i % nodes));
  }
  return cluster;
}

template <class Adjust>
void run_preemption(const char* name, const placement_state& cluster, const budget_book& budgets,
                    Adjust adjust) {
  constexpr int rounds = 50;
  double place_ms = 0, preempt_ms = 0;
  std::size_t victims = 0;
  const auto since = [](std::clock_t begin) {
    return 1e3 * static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  };
  for (std::size_t i = 0; i < rounds; ++i) {
    scheduling_pod pod = pod_of(1'000'000 + i);
    pod.priority = 10;
    pod.request.milli_cpu = 4000;
    adjust(pod);
    std::clock_t begin = std::clock();
    pod_relations relations(cluster, pod);
    const placement where = place(cluster, pod, i, relations);
    place_ms += since(begin);
    begin = std::clock();
    const preemption found = preempt(cluster, pod, where, budgets, i * 2654435761U, relations);
    preempt_ms += since(begin);
    victims += found.leave.size();
  }
  std::printf("%-24s to find no node %6.2f ms, whose end helps %6.2f ms  %.1f victims\n", name,
              place_ms / rounds, preempt_ms / rounds, static_cast<double>(victims) / rounds);
}

void run_preemptions(std::size_t nodes) {
  const placement_state cluster = full_cluster(nodes);
  std::printf("preemption, %zu nodes, %zu pods\n", cluster.node_count(), cluster.pod_count());
  budget_book budgets;
  run_preemption("plain", cluster, budgets, [](scheduling_pod&) {});
  run_preemption("nobody is lower", cluster, budgets, [](scheduling_pod& pod) { pod.priority = 0; });
  run_preemption("too little leaves", cluster, budgets, [](scheduling_pod& pod) {
    pod.priority = 1;
    pod.request.milli_cpu = 20'000;
  });
  run_preemption("anti-affinity", cluster, budgets, [](scheduling_pod& pod) {
    pod.anti_affinity.required = {
        {schema::selector_of({{"app", "app-7"}}), {}, {}, "kubernetes.io/hostname"}};
  });
  run_preemption("topology spread", cluster, budgets, [](scheduling_pod& pod) {
    schema::topology_spread_view rule;
    rule.topology_key = "kubernetes.io/hostname";
    rule.selector = schema::selector_of({{"app", "app-7"}});
    pod.labels = {{"app", "app-7"}};
    pod.spread = {rule};
  });
  for (int i = 0; i < 50; ++i) {
    schema::budget_view budget;
    budget.selector = schema::selector_of({{"app", "app-" + std::to_string(i)}});
    budget.status.disruptions_allowed = i % 2;
    budgets.put("default", "budget-" + std::to_string(i), budget);
  }
  run_preemption("50 budgets", cluster, budgets, [](scheduling_pod&) {});
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
  run_preemptions(nodes);
  return 0;
}
