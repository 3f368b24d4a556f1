#include "actors/controllers/certificates/signing_reconciler.hpp"
#include "actors/controllers/controller_kinds.hpp"
#include "actors/controllers/read_objects.hpp"
#include "net/pki/certificates.hpp"
#include "net/pki/signing_requests.hpp"
#include "schema/tables/resource_table.hpp"

namespace actord::actors {

namespace {

/// Keys are requests.
class signing_kind : public controller_kind {
public:
  [[nodiscard]] std::vector<resource_id> watches() const override { return {requests_}; }

  void all_keys(const storage::snapshot& now, std::vector<object_key>& keys) const override {
    all_keys_of(now, requests_, keys);
  }

  void keys_for(const storage::store_event& event, const storage::snapshot&,
                std::vector<object_key>& keys) const override {
    if (event.kind != storage::event_kind::removed) keys.push_back(event.key);
  }

  [[nodiscard]] plan reconcile(const reconcile_input& input) const override {
    auto request = read_view(input.state, input.key, schema::parse_signing_request);
    if (!request || request->view.meta.being_deleted()) return {};
    return decide({input.key, std::move(*request)}, input.now);
  }

protected:
  [[nodiscard]] virtual plan decide(const signing_state& state, wall_time now) const = 0;

private:
  const resource_id requests_ = schema::builtin("certificates.k8s.io", "certificatesigningrequests").id;
};

class approving_kind final : public signing_kind {
public:
  explicit approving_kind(access_check may) : may_(std::move(may)) {}
  [[nodiscard]] std::string_view name() const override { return "certificatesigningrequest-approving"; }

private:
  [[nodiscard]] plan decide(const signing_state& state, wall_time) const override {
    return may_ ? approve_for_nodes(state, may_) : plan{};
  }
  const access_check may_;
};

class authority_kind final : public signing_kind {
public:
  explicit authority_kind(std::function<net::certified_key()> authority) : authority_(std::move(authority)) {}
  [[nodiscard]] std::string_view name() const override { return "certificatesigningrequest-signing"; }

private:
  [[nodiscard]] plan decide(const signing_state& state, wall_time now) const override {
    const net::certified_key authority = authority_();
    if (authority.key_pem.empty()) return {};

    return sign_approved(
        state, now, [&](const schema::signing_request_view& request, std::chrono::seconds life) {
          return net::sign_request(authority, request.request_pem, {request.usages, life}, now);
        });
  }
  const std::function<net::certified_key()> authority_;
};

class cleaning_kind final : public signing_kind {
public:
  [[nodiscard]] std::string_view name() const override { return "certificatesigningrequest-cleaner"; }

private:
  [[nodiscard]] plan decide(const signing_state& state, wall_time now) const override {
    std::optional<wall_time> ends;
    if (const std::string& pem = state.request.view.certificate_pem; !pem.empty())
      if (const auto facts = net::read_certificate(pem)) ends = facts->not_after;
    return clean_up(state, now, ends);
  }
};

} // namespace

std::unique_ptr<controller_kind> signing_approval_controller(access_check may) {
  return std::make_unique<approving_kind>(std::move(may));
}

std::unique_ptr<controller_kind> signing_controller(std::function<net::certified_key()> authority) {
  return std::make_unique<authority_kind>(std::move(authority));
}

std::unique_ptr<controller_kind> signing_cleanup_controller() { return std::make_unique<cleaning_kind>(); }

} // namespace actord::actors
