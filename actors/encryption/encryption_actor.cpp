#include "actors/encryption/encryption_actor.hpp"

#include "actors/console/actor_registry.hpp"
#include "actors/encryption/encryption_config.hpp"
#include "actors/encryption/stored_keys.hpp"
#include "actors/objects/object_router.hpp"
#include "net/pki/secret_files.hpp"
#include "runtime/files/file_tools.hpp"
#include "schema/base/json.hpp"
#include "schema/base/timestamp.hpp"
#include "schema/tables/resource_table.hpp"
#include "storage/store.hpp"

#include <algorithm>
#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/exit_reason.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <fmt/format.h>
#include <future>
#include <spdlog/spdlog.h>

namespace actord::actors::encryption_messages {

/// Time to see what is left to do.
struct step {};
/// One rewriting was answered.
struct rewritten {};

} // namespace actord::actors::encryption_messages

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(actord::actors::encryption_messages::step)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(actord::actors::encryption_messages::rewritten)

namespace actord::actors {
namespace {

using namespace encryption_messages;

constexpr std::size_t config_max_bytes = 1U << 20U;
/// Rewritings on their way at once: few, so that writes of people hardly notice.
constexpr std::size_t batch = 64;
constexpr std::chrono::milliseconds pause{20};
constexpr std::chrono::seconds history_check{60};

bool kube_system_exists(const storage::snapshot& reads) {
  return !reads.get({schema::builtin("", "namespaces").stored_as, "", key_record_space}).empty();
}

write_command record_command(const key_record& record, const schema::key_ring& ring,
                             std::optional<raft_term> term) {
  const schema::resource_type& type = schema::builtin("", "configmaps");
  const json object = {{"apiVersion", "v1"},
                       {"kind", "ConfigMap"},
                       {"metadata", {{"name", key_record_name}, {"namespace", key_record_space}}},
                       {"data", record_data(record, ring)}};
  write_command command;
  command.verb = write_verb::patch;
  command.patch = schema::patch_format::apply;
  command.force = true;
  command.key = {type.id, key_record_space, key_record_name};
  command.body = object.dump();
  command.field_manager = "actord";
  command.only_in_term = term;
  command.caller = {.user = "system:apiserver", .uid = {}, .groups = {"system:masters"}, .extra = {}};
  command.cause = {.actor = "encryption",
                   .verb = "update",
                   .request_id = {},
                   .reacted_to = {},
                   .note = "which keys stored objects need"};
  return command;
}

/// What the record must say before anything is written with this ring.
key_record announced(const std::optional<key_record>& known, const storage::snapshot& reads,
                     const schema::key_ring& ring) {
  key_record record = known.value_or(key_record{});
  if (!known)
    for (const auto& [id, use] : keys_in_use(reads)) record.needed.push_back(id);
  for (const schema::text_key_id id : current_keys(ring)) record.needed.push_back(id);
  std::ranges::sort(record.needed);
  const auto same = std::ranges::unique(record.needed);
  record.needed.erase(same.begin(), same.end());
  if (std::string policy = policy_of(ring); record.policy != policy) {
    record.policy = std::move(policy);
    record.rewritten = {};
  }
  return record;
}

class keeper {
public:
  keeper(caf::event_based_actor* self, encryption_keeper::collaborators with)
      : self_(self), with_(with), ring_(schema::current_key_ring()),
        card_(with.registry.enroll("encryption", ring_->source())) {
    card_->summarize("every object has its current key");
  }

  caf::behavior make() {
    self_->send(self_, step{});
    return {[this](step) {
              card_->handled("step", 0);
              look();
            },
            [this](rewritten) {
              if (--waiting_ == 0) self_->delayed_send(self_, pause, step{});
            }};
  }

private:
  void look() {
    const auto reads = with_.store.read();
    const auto read = read_key_record(*reads);
    if (!read) return spdlog::error("cannot keep account of keys: {}", read.error().message);
    const std::optional<key_record>& known = *read;
    if (!known || known->policy != policy_of(*ring_)) return; // another member's keys
    key_record record = *known;
    if (record.rewritten.value == 0) {
      const auto outdated = outdated_objects(*reads, *ring_, batch);
      if (!outdated.empty()) return rewrite(*reads, outdated);
      record.rewritten = reads->at();
      if (count_ > 0) spdlog::info("encryption: {} objects were rewritten with their current key", count_);
      card_->summarize("every object has its current key");
      with_.router.submit(record_command(record, *ring_, with_.term));
    }
    forget_old_keys(record);
  }

  /// Once no history is left that was written with them.
  void forget_old_keys(key_record record) {
    const auto current = current_keys(*ring_);
    if (record.needed == current) return;
    if (with_.store.status().compacted < record.rewritten)
      return self_->delayed_send(self_, history_check, step{});
    record.needed = current;
    with_.router.submit(record_command(record, *ring_, with_.term));
    spdlog::info("encryption: older keys are not needed any more and may be taken out of {}",
                 ring_->source());
  }

  void rewrite(const storage::snapshot& reads, const std::vector<outdated_object>& outdated) {
    const auto me = caf::actor_cast<caf::actor>(self_);
    std::vector<storage::transaction> writes;
    for (const outdated_object& each : outdated) {
      const auto view = schema::object_view::open(reads.get(each.key));
      if (!view) {
        spdlog::error("encryption: {}", view.error().message);
        continue;
      }
      const schema::resource_handle type = schema::resource_of(each.key.resource);
      if (type == nullptr) continue; // its definition went in between, and it goes too
      storage::object_change change{each.key, {}, {}};
      change.require.at = each.at;
      change.what = storage::put_value{schema::encode_object(*type, view->to_json(*type),
                                                             {.actor = "encryption",
                                                              .verb = "update",
                                                              .request_id = {},
                                                              .reacted_to = each.at,
                                                              .note = "rewritten with its current key"})};
      storage::transaction write;
      write.changes.push_back(std::move(change));
      write.only_in_term = with_.term;
      writes.push_back(std::move(write));
    }
    // What cannot be read stays as it is, and is said again at the next start.
    if (writes.empty()) return;
    waiting_ = writes.size();
    count_ += writes.size();
    card_->summarize(fmt::format("{} objects rewritten with their current key", count_));
    for (storage::transaction& write : writes)
      with_.store.propose(std::move(write),
                          [me](const storage::outcome&) { caf::anon_send(me, rewritten{}); });
  }

  caf::event_based_actor* self_;
  encryption_keeper::collaborators with_;
  std::shared_ptr<const schema::key_ring> ring_;
  std::shared_ptr<actor_card> card_;
  std::size_t waiting_ = 0;
  std::size_t count_ = 0;
};

struct keeper_state {
  std::unique_ptr<keeper> self;
};

caf::behavior keep_encryption(caf::stateful_actor<keeper_state>* self,
                              const std::shared_ptr<encryption_keeper::collaborators>& with) {
  self->state.self = std::make_unique<keeper>(self, *with);
  return self->state.self->make();
}

} // namespace

result<void> open_encryption(const encryption_source& source, const storage::store& store,
                             random_source& random) {
  const bool own = source.config_file.empty();
  const std::string& file = own ? source.default_file : source.config_file;
  auto text = own ? net::read_secret_file(file) : runtime::read_file(file, config_max_bytes);
  if (!text) return text.error();
  const bool is_new = !text->has_value();
  if (is_new && !own) return error{error_kind::not_found, file + ": there is no such file"};
  if (is_new) *text = new_encryption_config(random, "key-" + schema::format_time(store.now()).substr(0, 10));
  auto ring = parse_encryption_config(**text, file);
  if (!ring) return ring.error();
  schema::use_key_ring(*ring);
  const auto reads = store.read();
  const auto record = read_key_record(*reads);
  // A record that does not open is encrypted with a key that is not there: the look at everything names it.
  if (auto readable = check_stored_keys(*reads, record ? *record : std::nullopt, **ring, is_new); !readable)
    return readable.error();
  if (!record) return record.error();
  if (is_new) return net::write_secret_file(file, **text);
  return {};
}

struct encryption_keeper::state {
  collaborators with;
  caf::actor actor;
};

encryption_keeper::encryption_keeper(collaborators with) : state_(new state{with, {}}) {}

encryption_keeper::~encryption_keeper() {
  if (state_->actor) caf::anon_send_exit(state_->actor, caf::exit_reason::user_shutdown);
}

result<void> encryption_keeper::announce_keys() {
  const auto ring = schema::current_key_ring();
  std::promise<result<void>> stored;
  {
    const auto reads = state_->with.store.read();
    // A cluster that is just beginning: there is nothing stored that a record could be missed for.
    if (!kube_system_exists(*reads)) return {};
    const auto known = read_key_record(*reads);
    if (!known) return known.error();
    key_record record = announced(*known, *reads, *ring);
    if (*known != record) {
      write_command command = record_command(record, *ring, state_->with.term);
      command.done = [&stored](const result<write_answer>& outcome) {
        stored.set_value(outcome ? result<void>() : result<void>(outcome.error()));
      };
      state_->with.router.submit(std::move(command));
    } else {
      stored.set_value({});
    }
  }
  if (auto done = stored.get_future().get(); !done) return done.error();
  if (!state_->actor)
    state_->actor = state_->with.system.spawn(keep_encryption, std::make_shared<collaborators>(state_->with));
  return {};
}

} // namespace actord::actors
