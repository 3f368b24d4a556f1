#include "actors/authorization/authorizer.hpp"
#include "actors/objects/write_command.hpp"
#include "schema/base/clock.hpp"
#include "schema/base/json.hpp"
#include "schema/base/rng.hpp"
#include "schema/object/stored_object.hpp"
#include "schema/tables/resource_table.hpp"
#include "storage/open_store.hpp"

#include <cstdio>
#include <cstdlib>
#include <future>
#include <string>

/// What one authorization costs on one core, with the default roles and 1,000 more bindings, and what the
/// first question after a change of a binding costs. Usage: bench_authorization [rounds]

using namespace actord;
using namespace actord::actors;

namespace {

constexpr int extra_bindings = 1000;

void put(storage::store& store, const schema::resource_type& type, const json& object) {
  const std::string space = object["metadata"].value("namespace", "");
  std::promise<bool> done;
  store.propose({{{{type.stored_as, space, object["metadata"]["name"]},
                   {},
                   storage::put_value{schema::encode_object(type, object, {})}}},
                 {},
                 {}},
                [&](const storage::outcome& outcome) {
                  done.set_value(std::holds_alternative<storage::committed>(outcome));
                });
  if (!done.get_future().get()) std::exit(1);
}

const schema::resource_type& rbac(const char* plural) {
  return schema::builtin("rbac.authorization.k8s.io", plural);
}

json with_uid(json object, random_source& random) {
  object["metadata"]["uid"] = new_uuid(random);
  return object;
}

json binding(int number) {
  const std::string name = "b" + std::to_string(number);
  return {{"metadata", {{"name", name}, {"namespace", "space-" + std::to_string(number % 100)}}},
          {"roleRef", {{"apiGroup", "rbac.authorization.k8s.io"}, {"kind", "ClusterRole"}, {"name", "edit"}}},
          {"subjects",
           {{{"kind", "ServiceAccount"}, {"name", "robot-" + std::to_string(number)}, {"namespace", "ci"}},
            {{"kind", "Group"}, {"name", "team-" + std::to_string(number % 50)}}}}};
}

void load(storage::store& store, random_source& random) {
  const json facts = json::parse(schema::default_rbac());
  for (const auto& [list, plural] : {std::pair{"clusterRoles", "clusterroles"},
                                     {"clusterRoleBindings", "clusterrolebindings"},
                                     {"roles", "roles"},
                                     {"roleBindings", "rolebindings"}})
    for (const json& row : facts.at(list)) put(store, rbac(plural), with_uid(row, random));
  for (int i = 0; i < extra_bindings; ++i) put(store, rbac("rolebindings"), with_uid(binding(i), random));
}

double nanoseconds_each(int rounds, auto work) {
  const auto start = system_clock_source().steady_now();
  for (int i = 0; i < rounds; ++i) work();
  return std::chrono::duration<double, std::nano>(system_clock_source().steady_now() - start).count() /
         rounds;
}

void measure(const char* what, const authorizer& access, const caller_identity& caller,
             const access_question& question, bool wanted, int rounds) {
  if (access.allows(caller, question) != wanted) {
    std::fprintf(stderr, "%s: not the answer it should be\n", what);
    std::exit(1);
  }
  int allowed = 0;
  const double each = nanoseconds_each(rounds, [&] { allowed += access.allows(caller, question) ? 1 : 0; });
  std::printf("%-62s %8.0f ns\n", what, each);
  if (allowed != (wanted ? rounds : 0)) std::exit(1);
}

} // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 500'000;
  seeded_random_source random(1);
  const auto store = storage::open_memory_store(system_clock_source(), random);
  load(*store, random);
  const authorizer access(*store);

  const caller_identity admin{"admin", {}, {"system:masters", "system:authenticated"}, {}};
  const caller_identity robot{"system:serviceaccount:ci:robot-7",
                              {},
                              {"system:serviceaccounts", "system:serviceaccounts:ci", "system:authenticated"},
                              {}};
  const caller_identity member{"jane", {}, {"team-7", "system:authenticated"}, {}};
  measure("an administrator", access, admin,
          {.verb = "get", .resource = "pods", .space = "space-7", .name = "p"}, true, rounds);
  measure("a service account by its binding of `edit`", access, robot,
          {.verb = "get", .resource = "pods", .space = "space-7", .name = "p"}, true, rounds);
  measure("a subresource by the same binding", access, robot,
          {.verb = "update",
           .group = "apps",
           .resource = "deployments",
           .subresource = "scale",
           .space = "space-7",
           .name = "d"},
          true, rounds);
  measure("the same service account, refused", access, robot,
          {.verb = "get", .resource = "nodes", .name = "n"}, false, rounds);
  measure("a member of a group with 20 bindings in 2 namespaces", access, member,
          {.verb = "list", .resource = "configmaps", .space = "space-7"}, true, rounds);
  measure("discovery by system:authenticated", access, member, {.verb = "get", .path = "/apis/apps/v1"}, true,
          rounds);

  double first = 0;
  constexpr int changes = 200;
  for (int i = 0; i < changes; ++i) {
    put(*store, rbac("rolebindings"), with_uid(binding(extra_bindings + i), random));
    first += nanoseconds_each(1, [&] {
      if (access.allows(robot, {.verb = "get", .resource = "nodes", .name = "n"})) std::exit(1);
    });
  }
  std::printf("%-62s %8.0f ns\n", "the first question after a binding was written", first / changes);
}
