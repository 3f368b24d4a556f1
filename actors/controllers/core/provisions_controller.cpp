#include "actors/controllers/controller_kinds.hpp"
#include "actors/controllers/read_objects.hpp"
#include "schema/base/json.hpp"
#include "schema/tables/resource_table.hpp"
#include "schema/view/config_map_view.hpp"
#include "schema/view/namespace_view.hpp"

/// What every active namespace is provided with: the default ServiceAccount and the CA certificate of the API
/// server.

namespace actord::actors {

namespace {

constexpr std::string_view account_name = "default";
constexpr std::string_view ca_name = "kube-root-ca.crt";
constexpr std::string_view ca_key = "ca.crt";
constexpr std::string_view ca_note = "Contains a CA bundle that can be used to verify the kube-apiserver "
                                     "when using internal endpoints such as the "
                                     "internal service IP or kubernetes.default.svc. No other usage is "
                                     "guaranteed across distributions of Kubernetes "
                                     "clusters.";

/// One object of a fixed name in each namespace; keys are namespaces.
class provision_kind : public controller_kind {
public:
  provision_kind(resource_id provided, std::string_view name) : provided_(provided), object_name_(name) {}

  [[nodiscard]] std::vector<resource_id> watches() const override { return {namespaces_, provided_}; }

  void all_keys(const storage::snapshot& now, std::vector<object_key>& keys) const override {
    all_keys_of(now, namespaces_, keys);
  }

  void keys_for(const storage::store_event& event, const storage::snapshot&,
                std::vector<object_key>& keys) const override {
    if (event.key.resource == namespaces_)
      keys.push_back(event.key);
    else if (event.key.name == object_name_)
      keys.push_back({namespaces_, "", event.key.space});
  }

  [[nodiscard]] plan reconcile(const reconcile_input& input) const override {
    const auto space = read_view(input.state, input.key, schema::parse_namespace);
    plan out;
    if (!space || space->view.meta.being_deleted()) return out;
    const object_key key{provided_, input.key.name, std::string(object_name_)};
    const std::string_view bytes = input.state.get(key);
    if (bytes.empty()) {
      out.create.push_back({key, fresh(input.key.name), "provided in every namespace"});
      out.verdict = "missing";
    } else {
      out.verdict = "there";
      mend(key, bytes, out);
    }
    return out;
  }

protected:
  [[nodiscard]] virtual json fresh(const std::string& space) const = 0;
  virtual void mend(const object_key& key, std::string_view bytes, plan& out) const = 0;

private:
  const resource_id namespaces_ = schema::builtin("", "namespaces").id;
  const resource_id provided_;
  const std::string_view object_name_;
};

class service_account_kind final : public provision_kind {
public:
  service_account_kind() : provision_kind(schema::builtin("", "serviceaccounts").id, account_name) {}
  [[nodiscard]] std::string_view name() const override { return "serviceaccount"; }

private:
  [[nodiscard]] json fresh(const std::string& space) const override {
    return {{"apiVersion", "v1"},
            {"kind", "ServiceAccount"},
            {"metadata", {{"name", account_name}, {"namespace", space}}}};
  }
  void mend(const object_key&, std::string_view, plan&) const override {}
};

class root_ca_kind final : public provision_kind {
public:
  explicit root_ca_kind(root_certificate published)
      : provision_kind(schema::builtin("", "configmaps").id, ca_name), published_(std::move(published)) {}
  [[nodiscard]] std::string_view name() const override { return "root-ca-certificate-publisher"; }

private:
  [[nodiscard]] json data() const { return {{std::string(ca_key), published_.pem()}}; }

  [[nodiscard]] json fresh(const std::string& space) const override {
    return {{"apiVersion", "v1"},
            {"kind", "ConfigMap"},
            {"metadata",
             {{"name", ca_name},
              {"namespace", space},
              {"annotations", {{"kubernetes.io/description", ca_note}}}}},
            {"data", data()}};
  }

  void mend(const object_key& key, std::string_view bytes, plan& out) const override {
    const auto map = view_of(bytes, schema::parse_config_map);
    if (!map || map->view.meta.being_deleted()) return;
    const schema::text_map wanted{{std::string(ca_key), published_.pem()}};
    if (map->view.data == wanted) return;
    json patch{{"data", data()}};
    for (const auto& [name, value] : map->view.data)
      if (name != ca_key) patch["data"][name] = nullptr;
    out.patch.push_back(
        {key, "", map->view.meta.uid, map->at, std::move(patch), "the certificate of this cluster"});
  }

  const root_certificate published_;
};

} // namespace

std::unique_ptr<controller_kind> service_account_controller() {
  return std::make_unique<service_account_kind>();
}

std::unique_ptr<controller_kind> root_ca_controller(root_certificate published) {
  return std::make_unique<root_ca_kind>(std::move(published));
}

} // namespace actord::actors
