#include "actors/controllers/access/secret_tokens.hpp"
#include "actors/controllers/controller_kinds.hpp"
#include "actors/controllers/read_objects.hpp"
#include "schema/tables/resource_table.hpp"

namespace actord::actors {

namespace {

constexpr const char* bootstrap_type = "bootstrap.kubernetes.io/token";
constexpr const char* bootstrap_space = "kube-system";

std::string_view type_of(const schema::object_view& secret) { return secret.selectable("type"); }

class account_token_kind final : public controller_kind {
public:
  account_token_kind(root_certificate published, token_minter mint)
      : published_(std::move(published)), mint_(std::move(mint)) {}
  [[nodiscard]] std::string_view name() const override { return "serviceaccount-token"; }
  [[nodiscard]] std::vector<resource_id> watches() const override { return {secrets_, accounts_}; }

  void all_keys(const storage::snapshot& now, std::vector<object_key>& keys) const override {
    add_tokens(now, {}, {}, keys);
  }

  void keys_for(const storage::store_event& event, const storage::snapshot& now,
                std::vector<object_key>& keys) const override {
    if (event.key.resource == accounts_) {
      if (event.kind != storage::event_kind::modified) add_tokens(now, event.key.space, event.key.name, keys);
      return;
    }
    const auto secret = schema::object_view::open(*event.value);
    if (secret && type_of(*secret) == account_token_type) keys.push_back(event.key);
  }

  [[nodiscard]] plan reconcile(const reconcile_input& input) const override {
    auto secret = read_view(input.state, input.key, schema::parse_secret);
    if (!secret || secret->view.type != account_token_type || secret->view.meta.being_deleted()) return {};
    account_token_view view{input.key, std::move(*secret), {}, published_.pem()};
    const auto& annotations = view.secret.view.meta.annotations;
    if (const auto account = annotations.find(account_name_annotation); account != annotations.end())
      if (const auto found =
              schema::object_view::open(input.state.get({accounts_, input.key.space, account->second})))
        view.account_uid = found->uid();
    return reconcile_account_token(view, mint_);
  }

private:
  /// The token secrets of a namespace, of one account unless empty.
  void add_tokens(const storage::snapshot& now, std::string_view space, std::string_view account,
                  std::vector<object_key>& keys) const {
    each_object(now, secrets_, space, [&](const schema::object_view& secret) {
      if (type_of(secret) != account_token_type) return;
      const schema::secret_view view = schema::parse_secret(secret.text());
      const auto named = view.meta.annotations.find(account_name_annotation);
      if (account.empty() || (named != view.meta.annotations.end() && named->second == account))
        keys.push_back(secret.key());
    });
  }

  const root_certificate published_;
  const token_minter mint_;
  const resource_id secrets_ = schema::builtin("", "secrets").stored_as;
  const resource_id accounts_ = schema::builtin("", "serviceaccounts").stored_as;
};

class token_cleaner_kind final : public controller_kind {
public:
  [[nodiscard]] std::string_view name() const override { return "token-cleaner"; }
  [[nodiscard]] std::vector<resource_id> watches() const override { return {secrets_}; }

  void all_keys(const storage::snapshot& now, std::vector<object_key>& keys) const override {
    each_object(now, secrets_, bootstrap_space, [&](const schema::object_view& secret) {
      if (type_of(secret) == bootstrap_type) keys.push_back(secret.key());
    });
  }

  void keys_for(const storage::store_event& event, const storage::snapshot&,
                std::vector<object_key>& keys) const override {
    if (event.key.space != bootstrap_space) return;
    const auto secret = schema::object_view::open(*event.value);
    if (secret && type_of(*secret) == bootstrap_type) keys.push_back(event.key);
  }

  [[nodiscard]] plan reconcile(const reconcile_input& input) const override {
    const auto secret = read_view(input.state, input.key, schema::parse_secret);
    if (!secret || secret->view.type != bootstrap_type || secret->view.meta.being_deleted()) return {};
    return reconcile_bootstrap_token(input.key, *secret, input.now);
  }

private:
  const resource_id secrets_ = schema::builtin("", "secrets").stored_as;
};

} // namespace

std::unique_ptr<controller_kind> account_token_controller(root_certificate published, token_minter mint) {
  return std::make_unique<account_token_kind>(std::move(published), std::move(mint));
}

std::unique_ptr<controller_kind> token_cleaner_controller() { return std::make_unique<token_cleaner_kind>(); }

} // namespace actord::actors
