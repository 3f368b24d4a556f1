#include "actors/authorization/node_access.hpp"

#include "actors/authorization/compiled_role.hpp"
#include "schema/base/json.hpp"
#include "schema/object/stored_object.hpp"
#include "schema/tables/resource_table.hpp"
#include "schema/view/object_references.hpp"
#include "storage/store.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace actord::actors {
namespace {

constexpr std::string_view nodes_group = "system:nodes";
constexpr std::string_view node_prefix = "system:node:";
constexpr std::string_view lease_space = "kube-node-lease";
/// On pods that a node made for a manifest of its own: what they name gives the node no right to read it.
constexpr std::string_view mirror_annotation = "kubernetes.io/config.mirror";

access_verdict allow() { return {true, {}}; }
access_verdict deny(std::string why = {}) { return {false, std::move(why)}; }

bool is_one_of(std::string_view what, std::initializer_list<std::string_view> list) {
  return std::ranges::find(list, what) != list.end();
}

bool has(const std::vector<std::string>& list, std::string_view what) {
  return std::ranges::any_of(list, [&](const std::string& item) { return item == what; });
}

const compiled_role& common_rules() {
  static const compiled_role role = [] {
    const json facts = json::parse(schema::default_rbac());
    std::vector<policy_rule> rules;
    for (const json& row : facts.at("clusterRoles"))
      if (row.at("metadata").at("name") == "system:node") rules = schema::parse_role(row.dump()).rules;
    return compiled_role(std::move(rules));
  }();
  return role;
}

/// Whether a field selector says `field=value` among other things.
bool selects(std::string_view selector, std::string_view field, std::string_view value) {
  while (!selector.empty()) {
    const std::size_t end = std::min(selector.find(','), selector.size());
    std::string_view part = selector.substr(0, end);
    selector.remove_prefix(std::min(end + 1, selector.size()));
    if (!part.starts_with(field)) continue;
    part.remove_prefix(field.size());
    if (part.starts_with("="))
      part.remove_prefix(part.starts_with("==") ? 2 : 1);
    else
      continue;
    if (part == value) return true;
  }
  return false;
}

/// The relations of one node in one snapshot.
class node_relations {
public:
  node_relations(const storage::snapshot& reads, std::string_view node, const access_question& question)
      : reads_(reads), node_(node), question_(question) {}

  [[nodiscard]] bool has_pod() const {
    const std::string bytes = text_of(schema::builtin("", "pods"), question_.space, question_.name);
    return !bytes.empty() && schema::parse_pod_references(bytes).node == node_;
  }
  [[nodiscard]] bool uses_secret() const {
    return any_pod(question_.space, [&](const auto& pod) { return has(pod.secrets, question_.name); }) ||
           any_volume([&](const std::string&, const schema::volume_references& volume) {
             return std::ranges::any_of(volume.secrets, [&](const schema::secret_reference& secret) {
               return secret.name == question_.name &&
                      (secret.space.empty() ? volume.claim_space : secret.space) == question_.space;
             });
           });
  }
  [[nodiscard]] bool uses_config_map() const {
    return any_pod(question_.space, [&](const auto& pod) { return has(pod.config_maps, question_.name); });
  }
  [[nodiscard]] bool uses_claim() const {
    return any_pod(question_.space, [&](const auto& pod) { return has(pod.claims, question_.name); });
  }
  [[nodiscard]] bool uses_resource_claim() const {
    return any_pod(question_.space,
                   [&](const auto& pod) { return has(pod.resource_claims, question_.name); });
  }
  [[nodiscard]] bool uses_account() const {
    return any_pod(question_.space, [&](const auto& pod) { return pod.service_account == question_.name; });
  }
  [[nodiscard]] bool uses_volume() const {
    return any_volume(
        [&](const std::string& name, const schema::volume_references&) { return name == question_.name; });
  }
  /// An object that names the node in that member of its spec.
  [[nodiscard]] bool is_named_in(const schema::resource_type& type, const char* member) const {
    const std::string text = text_of(type, {}, question_.name);
    if (text.empty()) return false;
    const json object = json::parse(text, nullptr, false);
    return object.is_object() &&
           object.value(json::json_pointer(std::string("/spec/") + member), "") == node_;
  }

private:
  [[nodiscard]] std::string text_of(const schema::resource_type& type, std::string_view space,
                                    std::string_view name) const {
    const std::string_view bytes = reads_.get({type.stored_as, std::string(space), std::string(name)});
    if (bytes.empty()) return {};
    const auto view = schema::object_view::open(bytes);
    return view ? std::string(view->text()) : std::string();
  }

  /// `space` empty means pods of all namespaces.
  template <class Visit>
  [[nodiscard]] bool any_pod(std::string_view space, Visit visit) const {
    return std::ranges::any_of(reads_.on_node(node_), [&](const object_key& key) {
      if (!space.empty() && key.space != space) return false;
      const auto view = schema::object_view::open(reads_.get(key));
      if (!view) return false;
      const schema::pod_references pod = schema::parse_pod_references(view->text());
      return !pod.meta.annotations.contains(mirror_annotation) && visit(pod);
    });
  }

  template <class Visit>
  [[nodiscard]] bool any_volume(Visit visit) const {
    return any_pod({}, [&](const schema::pod_references& pod) {
      return std::ranges::any_of(pod.claims, [&](const std::string& claim) {
        const std::string text =
            text_of(schema::builtin("", "persistentvolumeclaims"), pod.meta.space, claim);
        if (text.empty()) return false;
        const std::string name = schema::parse_claim_reference(text).volume;
        if (name.empty()) return false;
        const std::string volume = text_of(schema::builtin("", "persistentvolumes"), {}, name);
        return !volume.empty() && visit(name, schema::parse_volume_references(volume));
      });
    });
  }

  const storage::snapshot& reads_;
  std::string_view node_;
  const access_question& question_;
};

/// One question of one node, by the kind of thing it is about.
class node_judge {
public:
  node_judge(const storage::snapshot& reads, std::string_view node, const access_question& question)
      : node_(node), asked_(question), relations_(reads, node, question) {}

  [[nodiscard]] access_verdict judge() const {
    if (asked_.about_path()) return by_common_rules();
    if (asked_.group.empty()) return judge_core();
    if (asked_.group == "coordination.k8s.io" && asked_.resource == "leases") return judge_lease();
    if (asked_.group == "storage.k8s.io" && asked_.resource == "csinodes") return judge_csi_node();
    if (asked_.group == "storage.k8s.io" && asked_.resource == "volumeattachments")
      return judge_get([&] {
        return relations_.is_named_in(schema::builtin("storage.k8s.io", "volumeattachments"), "nodeName");
      });
    if (asked_.group == "resource.k8s.io" && asked_.resource == "resourceclaims")
      return judge_get([&] { return relations_.uses_resource_claim(); });
    if (asked_.group == "resource.k8s.io" && asked_.resource == "resourceslices") return judge_slice();
    return by_common_rules();
  }

private:
  [[nodiscard]] access_verdict by_common_rules() const {
    return {common_rules().allows(hashed_question(asked_)), {}};
  }
  [[nodiscard]] access_verdict related(bool is) const {
    if (is) return allow();
    return deny(fmt::format("no relationship found between node '{}' and this object", node_));
  }
  template <class Related>
  [[nodiscard]] access_verdict judge_related(Related is_related) const {
    return asked_.name.empty() ? deny("No Object name found") : related(is_related());
  }

  [[nodiscard]] access_verdict judge_core() const {
    if (asked_.resource == "secrets") return judge_read([&] { return relations_.uses_secret(); });
    if (asked_.resource == "configmaps") return judge_read([&] { return relations_.uses_config_map(); });
    if (asked_.resource == "persistentvolumes") return judge_get([&] { return relations_.uses_volume(); });
    if (asked_.resource == "persistentvolumeclaims") return judge_claim();
    if (asked_.resource == "serviceaccounts") return judge_account();
    if (asked_.resource == "nodes") return judge_node_object();
    if (asked_.resource == "pods") return judge_pod();
    return by_common_rules();
  }

  template <class Related>
  [[nodiscard]] access_verdict judge_get(Related is_related) const {
    if (asked_.verb != "get") return deny("can only get individual resources of this type");
    if (!asked_.subresource.empty()) return deny("cannot get subresource");
    return judge_related(is_related);
  }
  /// One object by its name: get it, or list and watch it alone.
  template <class Related>
  [[nodiscard]] access_verdict judge_read(Related is_related) const {
    if (!is_one_of(asked_.verb, {"get", "list", "watch"}))
      return deny("can only read resources of this type");
    if (!asked_.subresource.empty()) return deny("cannot read subresource");
    if (asked_.space.empty()) return deny("can only read namespaced object of this type");
    return judge_related(is_related);
  }

  [[nodiscard]] access_verdict judge_claim() const {
    const auto is_related = [&] { return relations_.uses_claim(); };
    if (asked_.subresource != "status") return judge_get(is_related);
    if (!is_one_of(asked_.verb, {"update", "patch"})) return deny("can only get/update/patch this type");
    return judge_related(is_related);
  }

  [[nodiscard]] access_verdict judge_account() const {
    if (asked_.verb == "get" && asked_.subresource.empty())
      return judge_read([&] { return relations_.uses_account(); });
    if (asked_.verb != "create" || asked_.name.empty())
      return deny("can only create tokens for individual service accounts");
    if (asked_.subresource != "token") return deny("can only create token subresource of serviceaccount");
    return related(relations_.uses_account());
  }

  [[nodiscard]] access_verdict judge_node_object() const {
    if (asked_.subresource == "status") return is_one_of(asked_.verb, {"update", "patch"}) ? allow() : deny();
    if (!asked_.subresource.empty()) return deny();
    if (is_one_of(asked_.verb, {"create", "update", "patch"})) return allow();
    if (!is_one_of(asked_.verb, {"get", "list", "watch"})) return deny();
    if (asked_.name == node_) return allow();
    if (asked_.name.empty())
      return deny(fmt::format("node '{}' cannot read all nodes, only its own Node object", node_));
    return deny(fmt::format("node '{}' cannot read '{}', only its own Node object", node_, asked_.name));
  }

  [[nodiscard]] access_verdict judge_pod() const {
    if (asked_.subresource == "status") return is_one_of(asked_.verb, {"update", "patch"}) ? allow() : deny();
    if (asked_.subresource == "eviction") return asked_.verb == "create" ? allow() : deny();
    if (!asked_.subresource.empty()) return deny();
    if (is_one_of(asked_.verb, {"create", "delete"})) return allow(); // admission sees whose pod it is
    if (asked_.verb == "get") return judge_related([&] { return relations_.has_pod(); });
    if (!is_one_of(asked_.verb, {"list", "watch"})) return deny();
    if (selects(asked_.field_selector, "spec.nodeName", node_)) return allow();
    if (!asked_.name.empty() && !asked_.space.empty()) return related(relations_.has_pod());
    return deny("can only list/watch pods with spec.nodeName field selector");
  }

  [[nodiscard]] access_verdict judge_lease() const {
    if (!is_one_of(asked_.verb, {"get", "create", "update", "patch", "delete"}))
      return deny("can only get, create, update, patch, or delete a node lease");
    if (asked_.space != lease_space)
      return deny(fmt::format("can only access leases in the \"{}\" system namespace", lease_space));
    if (asked_.verb != "create" && asked_.name != node_)
      return deny("can only access node lease with the same name as the requesting node");
    return allow();
  }

  [[nodiscard]] access_verdict judge_csi_node() const {
    if (!is_one_of(asked_.verb, {"get", "create", "update", "patch", "delete"}))
      return deny("can only get, create, update, patch, or delete a CSINode");
    if (!asked_.subresource.empty()) return deny("cannot authorize CSINode subresources");
    if (asked_.verb != "create" && asked_.name != node_)
      return deny("can only access CSINode with the same name as the requesting node");
    return allow();
  }

  [[nodiscard]] access_verdict judge_slice() const {
    if (!asked_.subresource.empty()) return deny("cannot authorize ResourceSlice subresources");
    if (asked_.verb == "create") return allow();
    if (is_one_of(asked_.verb, {"get", "update", "patch", "delete"}))
      return judge_related([&] {
        return relations_.is_named_in(schema::builtin("resource.k8s.io", "resourceslices"), "nodeName");
      });
    if (is_one_of(asked_.verb, {"watch", "list", "deletecollection"}))
      return selects(asked_.field_selector, "spec.nodeName", node_)
                 ? allow()
                 : deny("can only list/watch/deletecollection resourceslices with nodeName field selector");
    return deny("only the following verbs are allowed for a ResourceSlice: get, watch, list, create, update, "
                "patch, delete, deletecollection");
  }

  std::string_view node_;
  const access_question& asked_;
  node_relations relations_;
};

} // namespace

std::optional<std::string_view> node_of(const access_subject& who) {
  if (!who.user.starts_with(node_prefix)) return {};
  if (std::ranges::find(who.groups, nodes_group) == who.groups.end()) return {};
  return who.user.substr(node_prefix.size());
}

access_verdict judge_node(const storage::snapshot& reads, std::string_view node,
                          const access_question& question) {
  return node_judge(reads, node, question).judge();
}

} // namespace actord::actors
