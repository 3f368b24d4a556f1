#include "schema/write/prepare.hpp"
#include "schema/base/clock.hpp"
#include "schema/base/json.hpp"
#include "schema/base/rng.hpp"
#include "schema/tables/resource_table.hpp"

#include <cstdio>
#include <cstdlib>
#include <string>

/// How long the pure half of a write takes on one core: decode, default, track ownership, validate.
/// Usage: bench_prepare [rounds]

using namespace actord;
using namespace actord::schema;

namespace {

std::string config_map_body() {
  json data = json::object();
  for (int i = 0; i < 8; ++i) data["key-" + std::to_string(i)] = std::string(110, 'v');
  return json{{"apiVersion", "v1"}, {"kind", "ConfigMap"}, {"metadata", {{"name", "c"}}}, {"data", data}}
      .dump();
}

std::string pod_body() {
  return R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","labels":{"app":"web","pod-template-hash":"5d4f8c7b9"},)"
         R"("ownerReferences":[{"apiVersion":"apps/v1","blockOwnerDeletion":true,"controller":true,"kind":"ReplicaSet",)"
         R"("name":"web-5d4f8c7b9","uid":"0b7ed0f6-6b6f-4e0b-9e9a-5a2f3c1d9e11"}]},"spec":{"containers":[{"env":[{"name":)"
         R"("MODE","value":"fast"},{"name":"NODE","valueFrom":{"fieldRef":{"apiVersion":"v1","fieldPath":)"
         R"("spec.nodeName"}}}],"image":"registry.example.com/web:1.2.3","name":"web","ports":[{"containerPort":8080,)"
         R"("name":"http","protocol":"TCP"}],"readinessProbe":{"httpGet":{"path":"/ready","port":8080},"periodSeconds":5},)"
         R"("resources":{"limits":{"memory":"256Mi"},"requests":{"cpu":"100m","memory":"128Mi"}},"volumeMounts":[{)"
         R"("mountPath":"/etc/web","name":"config"}]}],"volumes":[{"configMap":{"name":"web"},"name":"config"}]}})";
}

double micros_each(int rounds, auto work) {
  const auto start = system_clock_source().steady_now();
  for (int i = 0; i < rounds; ++i) work();
  return std::chrono::duration<double, std::micro>(system_clock_source().steady_now() - start).count() /
         rounds;
}

void measure(const char* what, const resource_type& type, const std::string& body, int rounds) {
  seeded_random_source random(1);
  const auto create = [&] {
    const write_context context{.type = type,
                                .subresource = {},
                                .space = "default",
                                .name = {},
                                .now = system_clock_source().wall_now(),
                                .random = random,
                                .field_manager = "bench"};
    auto prepared = prepare_create(context, body_format::json, body);
    if (!prepared) {
      std::fprintf(stderr, "%s: %s\n", what, prepared.error().message.c_str());
      std::exit(1);
    }
    return std::move(prepared->object);
  };
  json stored = create();
  stored["metadata"]["resourceVersion"] = "1";
  const std::string name = stored["metadata"]["name"];
  std::printf("%-24s %5zu bytes  create %6.1f us", what, body.size(), micros_each(rounds, create));
  int label = 0;
  const auto patch = [&] {
    const write_context context{.type = type,
                                .subresource = {},
                                .space = "default",
                                .name = name,
                                .now = system_clock_source().wall_now(),
                                .random = random,
                                .field_manager = "patcher"};
    const std::string change = R"({"metadata":{"labels":{"n":")" + std::to_string(++label) + R"("}}})";
    auto prepared = prepare_patch(context, patch_format::merge_patch, change, &stored);
    if (!prepared || !prepared->changed) std::exit(1);
  };
  std::printf("  merge patch %6.1f us\n", micros_each(rounds, patch));
}

} // namespace

int main(int count, char** arguments) {
  const int rounds = count > 1 ? std::atoi(arguments[1]) : 20'000;
  measure("ConfigMap", builtin("", "configmaps"), config_map_body(), rounds);
  measure("Pod", builtin("", "pods"), pod_body(), rounds);
  return 0;
}
