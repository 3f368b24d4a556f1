#include "api_plane.hpp"

#include <fmt/format.h>

using namespace actord;
using namespace actord::testing;

namespace {

const std::string rbac = "/apis/rbac.authorization.k8s.io/v1";
const net::peer_identity jane{"jane", {"dev"}};

json role(const std::string& kind, const std::string& name, json rules) {
  return {{"apiVersion", "rbac.authorization.k8s.io/v1"},
          {"kind", kind},
          {"metadata", {{"name", name}}},
          {"rules", std::move(rules)}};
}

json rule(json verbs, json resources, const std::string& group = "") {
  return {{"verbs", std::move(verbs)}, {"apiGroups", {group}}, {"resources", std::move(resources)}};
}

json binding(const std::string& kind, const std::string& name, const std::string& role_kind,
             const std::string& role_name, json subjects) {
  return {{"apiVersion", "rbac.authorization.k8s.io/v1"},
          {"kind", kind},
          {"metadata", {{"name", name}}},
          {"roleRef", {{"apiGroup", "rbac.authorization.k8s.io"}, {"kind", role_kind}, {"name", role_name}}},
          {"subjects", std::move(subjects)}};
}

json user(const std::string& name) { return {{"kind", "User"}, {"name", name}}; }

const std::string roles = rbac + "/namespaces/default/roles";
const std::string role_bindings = rbac + "/namespaces/default/rolebindings";

} // namespace

BOOST_AUTO_TEST_SUITE(access_rights)

BOOST_AUTO_TEST_CASE(a_binding_counts_from_the_next_request_on) {
  plane p;
  BOOST_TEST(p.call_as(jane, "GET", maps).code == 403);
  BOOST_TEST(p.call("POST", roles, role("Role", "reader", {rule({"get", "list"}, {"configmaps"})})).code ==
             201);
  for (int round = 0; round < 20; ++round) {
    const json made = binding("RoleBinding", "readers", "Role", "reader", {user("jane")});
    BOOST_REQUIRE_EQUAL(p.call("POST", role_bindings, made).code, 201);
    BOOST_REQUIRE_EQUAL(p.call_as(jane, "GET", maps).code, 200);
    BOOST_REQUIRE_EQUAL(p.call("DELETE", role_bindings + "/readers").code, 200);
    BOOST_REQUIRE_EQUAL(p.call_as(jane, "GET", maps).code, 403);
  }
  // So does a role that changes.
  BOOST_TEST(
      p.call("POST", role_bindings, binding("RoleBinding", "b", "Role", "reader", {user("jane")})).code ==
      201);
  BOOST_TEST(p.call_as(jane, "POST", maps, config_map("x")).code == 403);
  BOOST_TEST(
      p.call("PUT", roles + "/reader", role("Role", "reader", {rule({"create"}, {"configmaps"})})).code ==
      200);
  BOOST_TEST(p.call_as(jane, "POST", maps, config_map("x")).code == 201);
  BOOST_TEST(p.call_as(jane, "GET", maps).code == 403);
  BOOST_TEST(p.call("DELETE", roles + "/reader").code == 200);
  BOOST_TEST(
      p.call_as(jane, "POST", maps, config_map("y")).body["message"] ==
      "configmaps is forbidden: User \"jane\" cannot create resource \"configmaps\" in API group \"\" in "
      "the namespace \"default\": RBAC: role.rbac.authorization.k8s.io \"reader\" not found");
}

BOOST_AUTO_TEST_CASE(refusals_speak_kubernetes) {
  plane p;
  const auto message = [&](const std::string& method, const std::string& target) {
    const reply answer = p.call_as(jane, method, target);
    BOOST_TEST(answer.code == 403);
    BOOST_TEST(answer.body["reason"] == "Forbidden");
    return answer.body["message"].get<std::string>();
  };
  BOOST_TEST(message("GET", maps) ==
             "configmaps is forbidden: User \"jane\" cannot list resource \"configmaps\" in "
             "API group \"\" in the namespace \"default\"");
  BOOST_TEST(message("GET", "/api/v1/nodes/n") ==
             "nodes \"n\" is forbidden: User \"jane\" cannot get resource \"nodes\" in API group \"\" at the "
             "cluster scope");
  BOOST_TEST(
      message("PATCH", "/apis/apps/v1/namespaces/default/deployments/d/scale") ==
      "deployments.apps \"d\" is forbidden: User \"jane\" cannot patch resource \"deployments/scale\" in "
      "API group \"apps\" in the namespace \"default\"");
  BOOST_TEST(message("GET", "/metrics") == "forbidden: User \"jane\" cannot get path \"/metrics\"");
  const json details = p.call_as(jane, "GET", "/apis/apps/v1/deployments").body["details"];
  BOOST_TEST(details == json({{"group", "apps"}, {"kind", "deployments"}}));
  // A list that is pinned to one name is authorized like that object.
  BOOST_TEST(
      message("GET", maps + "?fieldSelector=metadata.name%3Dx") ==
      "configmaps \"x\" is forbidden: User \"jane\" cannot list resource \"configmaps\" in API group \"\" in "
      "the namespace \"default\"");
}

BOOST_AUTO_TEST_CASE(our_own_group_and_paths_are_authorized_too) {
  plane p;
  const std::string actors_path = "/apis/actord.dev/v1/actors";
  BOOST_TEST(p.call("GET", actors_path).code == 200);
  BOOST_TEST(p.call_as({}, "GET", actors_path).code == 401);
  const reply refused = p.call_as(jane, "GET", actors_path);
  BOOST_TEST(refused.body["message"] == "actors.actord.dev is forbidden: User \"jane\" cannot list resource "
                                        "\"actors\" in API group \"actord.dev\" at the cluster scope");
  BOOST_TEST(p.call_as(jane, "POST", "/apis/actord.dev/v1/images", config_map("x")).code == 403);
  p.call("POST", rbac + "/clusterroles",
         role("ClusterRole", "watcher", {rule({"list"}, {"actors"}, "actord.dev")}));
  p.call("POST", rbac + "/clusterrolebindings",
         binding("ClusterRoleBinding", "watcher", "ClusterRole", "watcher", {user("jane")}));
  BOOST_TEST(p.call_as(jane, "GET", actors_path).code == 200);

  BOOST_TEST(p.call_as(jane, "GET", "/metrics").code == 403);
  BOOST_TEST(p.call_as({"prometheus", {"system:monitoring"}}, "GET", "/metrics").code == 200);
  for (const char* open : {"/healthz", "/livez", "/readyz", "/version"})
    BOOST_TEST(p.call_as({}, "GET", open).code == 200, open);
  for (const char* closed :
       {"/", "/api", "/apis", "/openapi/v3", "/metrics", "/nothing", "/api/v1/namespaces"})
    BOOST_TEST(p.call_as({}, "GET", closed).code == 401, closed);
  BOOST_TEST(p.call_as(jane, "GET", "/apis").code == 200);
  BOOST_TEST(p.call_as(jane, "GET", "/api/v1").code == 200);
  BOOST_TEST(p.call_as(jane, "GET", "/openapi/v3").code == 200);
  BOOST_TEST(p.call_as(jane, "GET", "/nothing").code == 403);
}

BOOST_AUTO_TEST_CASE(nobody_gives_what_they_do_not_have) {
  plane p;
  p.call(
      "POST", roles,
      role("Role", "author",
           {rule({"*"}, {"roles", "rolebindings"}, "rbac.authorization.k8s.io"), rule({"get"}, {"pods"})}));
  p.call("POST", role_bindings, binding("RoleBinding", "author", "Role", "author", {user("mona")}));
  // "*" of the role covers escalate and bind: that is what these verbs are for.
  BOOST_TEST(p.call_as({"mona", {}}, "POST", roles, role("Role", "x", {rule({"get"}, {"secrets"})})).code ==
             201);

  p.call("POST", roles,
         role("Role", "writer",
              {rule({"get", "create", "update", "patch"}, {"roles", "rolebindings"},
                    "rbac.authorization.k8s.io"),
               rule({"get"}, {"pods"})}));
  p.call("POST", role_bindings, binding("RoleBinding", "writer", "Role", "writer", {user("jane")}));
  BOOST_TEST(p.call_as(jane, "POST", roles, role("Role", "fine", {rule({"get"}, {"pods"})})).code == 201);
  const reply refused =
      p.call_as(jane, "POST", roles, role("Role", "more", {rule({"get", "list"}, {"pods", "secrets"})}));
  BOOST_TEST(refused.code == 403);
  BOOST_TEST(refused.body["message"] ==
             "roles.rbac.authorization.k8s.io \"more\" is forbidden: user \"jane\" (groups=[\"dev\" "
             "\"system:authenticated\"]) is attempting to grant RBAC permissions not currently held:\n"
             "{APIGroups:[\"\"], Resources:[\"pods\"], Verbs:[\"list\"]}\n"
             "{APIGroups:[\"\"], Resources:[\"secrets\"], Verbs:[\"get\" \"list\"]}");
  BOOST_TEST(p.call_as(jane, "PUT", roles + "/fine", role("Role", "fine", {rule({"*"}, {"pods"})})).code ==
             403);
  BOOST_TEST(p.call("GET", roles + "/fine").body["rules"][0]["verbs"] == json({"get"}));

  const auto bind = [&](const std::string& name, const std::string& kind, const std::string& to) {
    return p.call_as(jane, "POST", role_bindings, binding("RoleBinding", name, kind, to, {user("joe")}));
  };
  BOOST_TEST(bind("ok", "Role", "fine").code == 201);
  const reply cluster = bind("no", "ClusterRole", "cluster-admin");
  BOOST_TEST(cluster.code == 403);
  BOOST_TEST(cluster.body["message"].get<std::string>().starts_with(
      "rolebindings.rbac.authorization.k8s.io \"no\" is forbidden: user \"jane\""));
  BOOST_TEST(bind("absent", "Role", "nothing").code == 404);
  // The verb bind on that role is enough.
  p.call("POST", roles,
         role("Role", "binder",
              {json{{"verbs", {"bind"}},
                    {"apiGroups", {"rbac.authorization.k8s.io"}},
                    {"resources", {"clusterroles"}},
                    {"resourceNames", {"edit"}}}}));
  p.call("POST", role_bindings, binding("RoleBinding", "binder", "Role", "binder", {user("jane")}));
  BOOST_TEST(bind("edit", "ClusterRole", "edit").code == 201);
  BOOST_TEST(bind("admin", "ClusterRole", "admin").code == 403);
}

BOOST_AUTO_TEST_CASE(an_aggregated_role_is_for_administrators) {
  plane p;
  p.call("POST", rbac + "/clusterroles",
         role("ClusterRole", "author",
              {rule({"create", "get"}, {"clusterroles"}, "rbac.authorization.k8s.io")}));
  p.call("POST", rbac + "/clusterrolebindings",
         binding("ClusterRoleBinding", "author", "ClusterRole", "author", {user("jane")}));
  json gathers = role("ClusterRole", "gathers", json::array());
  gathers["aggregationRule"] = {{"clusterRoleSelectors", {{{"matchLabels", {{"a", "b"}}}}}}};
  const reply refused = p.call_as(jane, "POST", rbac + "/clusterroles", gathers);
  BOOST_TEST(refused.code == 403);
  BOOST_TEST(refused.body["message"] ==
             "clusterroles.rbac.authorization.k8s.io \"gathers\" is forbidden: must have "
             "cluster-admin privileges to use the aggregationRule");
  BOOST_TEST(p.call("POST", rbac + "/clusterroles", gathers).code == 201);
}

BOOST_AUTO_TEST_CASE(speaking_for_others_takes_the_right_for_each_part) {
  plane p;
  const auto acting = [&](std::vector<std::pair<std::string, std::string>> headers) {
    return p.call_with(std::move(headers), "/apis/authentication.k8s.io/v1/selfsubjectreviews", "POST",
                       {{"apiVersion", "authentication.k8s.io/v1"}, {"kind", "SelfSubjectReview"}}, jane);
  };
  const auto allow = [&](const std::string& name, json allowed) {
    BOOST_REQUIRE_EQUAL(
        p.call("POST", rbac + "/clusterroles", role("ClusterRole", name, {std::move(allowed)})).code, 201);
    BOOST_REQUIRE_EQUAL(p.call("POST", rbac + "/clusterrolebindings",
                               binding("ClusterRoleBinding", name, "ClusterRole", name, {user("jane")}))
                            .code,
                        201);
  };
  const reply refused = acting({{"impersonate-user", "bob"}});
  BOOST_TEST(refused.code == 403);
  BOOST_TEST(refused.body["message"] ==
             "users \"bob\" is forbidden: User \"jane\" cannot impersonate resource "
             "\"users\" in API group \"\" at the cluster scope");
  allow("users", {{"verbs", {"impersonate"}},
                  {"apiGroups", {""}},
                  {"resources", {"users"}},
                  {"resourceNames", {"bob"}}});
  const json bob = acting({{"impersonate-user", "bob"}}).body["status"]["userInfo"];
  BOOST_TEST(bob == json({{"username", "bob"}, {"groups", {"system:authenticated"}}}));
  BOOST_TEST(acting({{"impersonate-user", "ann"}}).code == 403);
  BOOST_TEST(acting({{"impersonate-user", "bob"}, {"impersonate-group", "ops"}}).code == 403);
  BOOST_TEST(acting({{"impersonate-user", "bob"}, {"impersonate-uid", "1"}}).code == 403);
  BOOST_TEST(
      acting({{"impersonate-user", "bob"}, {"impersonate-extra-scopes", "view"}}).body["message"] ==
      "userextras.authentication.k8s.io \"view\" is forbidden: User \"jane\" cannot impersonate resource "
      "\"userextras/scopes\" in API group \"authentication.k8s.io\" at the cluster scope");
  allow("rest", rule({"impersonate"}, {"groups"}));
  allow("identity", rule({"impersonate"}, {"uids", "userextras/scopes"}, "authentication.k8s.io"));
  const json whole = acting({{"impersonate-user", "bob"},
                             {"impersonate-group", "ops"},
                             {"impersonate-group", "dev"},
                             {"impersonate-uid", "u-1"},
                             {"impersonate-extra-scopes", "view"},
                             {"impersonate-extra-scopes", "edit"}})
                         .body["status"]["userInfo"];
  BOOST_TEST(whole == json({{"username", "bob"},
                            {"uid", "u-1"},
                            {"groups", {"ops", "dev", "system:authenticated"}},
                            {"extra", {{"scopes", {"view", "edit"}}}}}));
  BOOST_TEST(acting({{"impersonate-user", "bob"}, {"impersonate-extra-acme.com%2fproject", "x"}}).code ==
             403);
  BOOST_TEST(acting({{"impersonate-group", "ops"}}).code == 400);
  // Service accounts are asked for by name, and bring their groups along.
  BOOST_TEST(acting({{"impersonate-user", "system:serviceaccount:default:robot"}}).code == 403);
  allow("accounts", rule({"impersonate"}, {"serviceaccounts"}));
  const json robot =
      acting({{"impersonate-user", "system:serviceaccount:default:robot"}}).body["status"]["userInfo"];
  BOOST_TEST(robot["groups"] ==
             json({"system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated"}));
  // Nobody in particular cannot speak for somebody.
  BOOST_TEST(p.call_with({{"impersonate-user", "bob"}}, "/version").code == 401);
}

BOOST_AUTO_TEST_CASE(access_reviews_answer_what_requests_would_get) {
  plane p;
  p.call("POST", roles, role("Role", "reader", {rule({"list"}, {"pods"})}));
  p.call("POST", role_bindings, binding("RoleBinding", "readers", "Role", "reader", {user("jane")}));
  const auto review = [&](json attributes, const std::string& who = "jane") {
    return p
        .call("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews",
              {{"apiVersion", "authorization.k8s.io/v1"},
               {"kind", "SubjectAccessReview"},
               {"spec", {{"user", who}, {"resourceAttributes", std::move(attributes)}}}})
        .body["status"];
  };
  BOOST_TEST(
      review({{"verb", "list"}, {"resource", "pods"}, {"namespace", "default"}}) ==
      json({{"allowed", true},
            {"reason",
             "RBAC: allowed by RoleBinding \"readers/default\" of Role \"reader\" to User \"jane\""}}));
  BOOST_TEST(review({{"verb", "list"}, {"resource", "pods"}}) == json({{"allowed", false}}));
  BOOST_TEST(review({{"verb", "list"},
                     {"resource", "pods"},
                     {"namespace", "default"},
                     {"fieldSelector",
                      {{"requirements", {{{"key", "a"}, {"operator", "Exists"}}}}}}})["evaluationError"] ==
             "spec.resourceAttributes.fieldSelector ignored due to parse error");
  const json self = p.call_as(jane, "POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
                              {{"apiVersion", "authorization.k8s.io/v1"},
                               {"kind", "SelfSubjectAccessReview"},
                               {"spec", {{"nonResourceAttributes", {{"verb", "get"}, {"path", "/apis"}}}}}})
                        .body["status"];
  BOOST_TEST(self["allowed"] == true);
  const json rules = p.call_as(jane, "POST", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
                               {{"apiVersion", "authorization.k8s.io/v1"},
                                {"kind", "SelfSubjectRulesReview"},
                                {"spec", {{"namespace", "default"}}}})
                         .body["status"];
  const json wanted = {{"verbs", {"list"}}, {"apiGroups", {""}}, {"resources", {"pods"}}};
  BOOST_TEST(std::ranges::count(rules["resourceRules"], wanted) == 1);
  BOOST_TEST(rules["incomplete"] == false);
  BOOST_TEST(
      p.call_as(jane, "POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", json::object()).code ==
      403);
}

BOOST_AUTO_TEST_SUITE_END()
