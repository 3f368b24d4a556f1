#include "actors/cluster/joining/server_seat.hpp"

#include "actors/cluster/keys/authority_rotation.hpp"
#include "actors/cluster/keys/certificate_keeper.hpp"
#include "actors/cluster/keys/key_store.hpp"
#include "net/pki/secret_files.hpp"
#include "schema/base/json.hpp"
#include "storage/settled.hpp"

#include <algorithm>
#include <spdlog/spdlog.h>

namespace actord::actors {
namespace {

constexpr std::size_t events_at_once = 64;
constexpr std::string_view authorities_path = "/apis/actord.dev/v1/authorities";

bool same(const server_seat::credentials& left, const server_seat::credentials& right) {
  return left.pki.server == right.pki.server && left.pki.admin == right.pki.admin &&
         left.pki.trusted_pem == right.pki.trusted_pem && left.node.key == right.node.key;
}

class taken_seat final : public server_seat, public own_group_service {
public:
  taken_seat(collaborators with, settings how) : with_(std::move(with)), how_(std::move(how)) {}

  result<void> sit_down() {
    if (auto made = net::make_secret_directory(how_.pki.directory); !made) return made;
    auto made = read_anew();
    if (!made) return made.error();
    first_ = current_ = *std::move(made);
    authority_ = std::make_shared<authority_holder>(authority_of(current_));
    service_ = std::make_unique<join_service>(
        join_service::collaborators{with_.system, with_.store, with_.registry, with_.authorization,
                                    with_.clock, authority_, with_.members},
        join_service::settings{.pki_directory = how_.pki.directory,
                               .service_cidr = how_.service_cidr,
                               .cluster_cidr = how_.cluster_cidr,
                               .certificate_life = how_.pki.server_life});
    keeper_ = std::make_unique<certificate_keeper>(
        certificate_keeper::collaborators{with_.system, with_.registry, with_.clock}, due(current_),
        [this] { return refresh(); });
    wake_ = keeper_->waker();
    keeper_->look_now(); // begins to follow the key table
    return {};
  }

  [[nodiscard]] const credentials& first_credentials() const override { return first_; }
  [[nodiscard]] own_group_service& service() override { return *this; }

  [[nodiscard]] std::shared_ptr<const authority_holder> authority() const override { return authority_; }

  bool serve(const request_handle& request) override {
    if (request->http.path != authorities_path || request->http.method != "POST")
      return service_->serve(request);
    keeper_->run([this, request] { rotate(*request); });
    return true;
  }

  result<void> begin_to_lead() override {
    const auto settled = settle_keys(with_.store, how_.pki.directory, true, with_.random);
    if (!settled) return settled.error();
    if (*settled) keeper_->look_now();
    node_record self{.node = how_.node,
                     .key_hash = net::key_hash_of_certificate(first_.node.key.certificate_pem),
                     .member = how_.member,
                     .works = how_.works,
                     .rpc_address = how_.rpc_address,
                     .api_address = how_.api_address};
    return storage::propose_and_wait(with_.store, register_node(self, true,
                                                                {.actor = "cluster",
                                                                 .verb = "update",
                                                                 .request_id = {},
                                                                 .reacted_to = {},
                                                                 .note = "this server leads"},
                                                                std::make_shared<node_record>()));
  }

private:
  static cluster_authority authority_of(const credentials& from) {
    return {.signing = from.pki.authority, .trusted_pem = from.pki.trusted_pem};
  }

  result<bool> settle() { return restore_keys(with_.store, how_.pki.directory, with_.random); }

  [[nodiscard]] result<credentials> make_credentials() const {
    auto pki = net::open_cluster_pki(how_.pki, with_.clock);
    if (!pki) return pki.error();
    const auto known = read_identity(how_.pki.directory);
    joined_identity wanted = known && *known ? **known : joined_identity{};
    wanted.cluster = with_.store.cluster_id();
    wanted.member = how_.member;
    wanted.node = how_.node;
    wanted.authorities_pem = pki->trusted_pem;
    wanted.service_cidr = how_.service_cidr;
    wanted.cluster_cidr = how_.cluster_cidr;
    auto node = open_own_identity(how_.pki.directory, std::move(wanted), pki->authority, how_.pki.server_life,
                                  with_.clock.wall_now());
    if (!node) return node.error();
    return credentials{.pki = *std::move(pki), .node = *std::move(node)};
  }

  [[nodiscard]] result<credentials> read_anew() {
    if (auto settled = settle(); !settled) return settled.error();
    return make_credentials();
  }

  static wall_time due(const credentials& of) {
    const auto node = net::read_certificate(of.node.key.certificate_pem);
    return std::min(net::next_renewal(of.pki), node ? net::half_life(*node) : wall_time::max());
  }

  /// On the keeper's thread.
  void rotate(const api_request& request) {
    if (!with_.store.status().leading)
      return answer_error(request, {.kind = error_kind::unavailable, .message = "this server does not lead"});
    const auto files = read_key_files(how_.pki.directory);
    if (!files) return answer_error(request, files.error());
    const auto fresh = net::create_authority("actord-ca", with_.clock.wall_now());
    if (!fresh) return answer_error(request, fresh.error());
    const rotation_step step = next_rotation_step(*files, *fresh);
    const auto changed = change_keys(with_.store, how_.pki.directory, step.change, with_.random);
    if (!changed) return answer_error(request, changed.error());
    spdlog::info("{} (asked for by {})", step.did, request.caller.user);
    const json document = {{"kind", "AuthorityRotation"},
                           {"apiVersion", "actord.dev/v1"},
                           {"did", step.did},
                           {"next", step.next}};
    // Whoever asked may come back at once: what it was told is in use by then.
    if (auto refreshed = refresh(); !refreshed) return answer_error(request, refreshed.error());
    answer_json(request, 201, document.dump());
  }

  /// On the keeper's thread.
  result<wall_time> refresh() {
    if (auto followed = follow_keys(); !followed) return followed.error();
    auto made = read_anew();
    if (!made) return made.error();
    if (!same(current_, *made)) {
      current_ = *std::move(made);
      authority_->replace(authority_of(current_));
      spdlog::info("certificates were renewed");
      with_.put_to_use(current_);
    }
    return due(current_);
  }

  /// Takes what came off the cursor, so that the next change wakes the keeper again.
  result<void> follow_keys() {
    while (cursor_) {
      const auto events = cursor_->next(events_at_once);
      if (!events) cursor_.reset(); // fell behind: begin anew
      if (events && events->empty()) return {};
    }
    const object_key table = key_table_key();
    auto cursor = with_.store.watch({.resource = table.resource, .space = {}, .name = table.name},
                                    with_.store.read()->at(), wake_);
    if (!cursor) return cursor.error();
    cursor_ = *std::move(cursor);
    return {};
  }

  collaborators with_;
  settings how_;
  credentials first_;
  credentials current_; ///< the keeper's thread's, once it runs
  std::shared_ptr<authority_holder> authority_;
  std::unique_ptr<join_service> service_;
  std::function<void()> wake_;
  std::unique_ptr<storage::watch_cursor> cursor_; ///< the keeper's thread's
  std::unique_ptr<certificate_keeper> keeper_;    ///< ends first
};

} // namespace

result<std::unique_ptr<server_seat>> server_seat::take(collaborators with, settings how) {
  auto seat = std::make_unique<taken_seat>(std::move(with), std::move(how));
  if (auto seated = seat->sit_down(); !seated) return seated.error();
  return std::unique_ptr<server_seat>(std::move(seat));
}

} // namespace actord::actors
