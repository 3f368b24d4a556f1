#include "actors/objects/object_router.hpp"

#include "actors/objects/object_actor.hpp"
#include "schema/base/key_hash.hpp"
#include "schema/tables/resource_table.hpp"
#include "storage/leader_errors.hpp"

#include <array>
#include <atomic>
#include <caf/actor_system.hpp>
#include <list>
#include <mutex>
#include <unordered_map>

namespace actord::actors {
namespace {

constexpr std::size_t shard_count = 8;
/// Idle actors a shard keeps, for the console and for objects that are written again and again. Beyond them
/// the one idle longest becomes the next object's.
constexpr std::size_t idle_kept = 32;
/// The more are ended: between the two, a wave of writes comes and goes without making and ending any.
constexpr std::size_t idle_max = 64;

/// The store knows no such name, so it cannot be mistaken for one.
constexpr std::string_view unnamed_prefix = " unnamed ";

/// An object that generateName will name has an actor of its own until it has one.
bool is_unnamed(const object_key& key) { return key.name.starts_with(unnamed_prefix); }

std::string console_key(const object_key& key) {
  const auto type = schema::resource_of(key.resource);
  std::string text = type == nullptr       ? "(unknown)"
                     : type->group.empty() ? std::string(type->plural)
                                           : std::string(type->group) + "/" + std::string(type->plural);
  text += ' ';
  if (!key.space.empty()) text += key.space + "/";
  return text + (is_unnamed(key) ? "(to be named)" : key.name);
}

} // namespace

/// One lock per shard orders sending and handing over: an actor is given to another object, or retired, only
/// when `sent` equals what it says it has handled, and nobody can send between that comparison and its
/// removal.
struct object_router::state : std::enable_shared_from_this<object_router::state> {
  struct entry {
    caf::actor object;
    std::uint64_t sent = 0;
    std::list<object_key>::iterator idle;
    bool is_idle = false;
  };
  struct shard {
    std::mutex mutex;
    std::unordered_map<object_key, entry, kept_key_hash> objects;
    std::list<object_key> idle; ///< longest idle first
  };

  explicit state(collaborators with)
      : environment{with.store, with.admission, with.random, with.network, std::move(with.published),
                    with.roles, with.webhooks},
        actor_system(with.system), registry(with.registry), elsewhere(std::move(with.elsewhere)),
        door(with.begins_closed ? closed : to_all) {}

  enum door_position : std::uint8_t { closed, to_own, to_all };

  shard& shard_of(const object_key& key) { return shards[kept_key_hash{}(key) % shard_count]; }

  /// An actor for an object that has none: the shard's oldest idle one, or a new one.
  caf::actor find_actor(shard& home) {
    if (home.idle.size() <= idle_kept)
      return spawn_object_actor(actor_system, {{shared_from_this(), &environment}, &registry});
    return take_oldest(home);
  }

  static caf::actor take_oldest(shard& home) {
    const auto oldest = home.objects.find(home.idle.front());
    caf::actor taken = std::move(oldest->second.object);
    home.objects.erase(oldest);
    home.idle.pop_front();
    return taken;
  }

  std::unique_ptr<object_assignment> assign(const object_key& key) {
    return std::make_unique<object_assignment>(object_assignment{
        .title = console_key(key),
        .on_idle = [self = shared_from_this(), key](std::uint64_t handled) { self->rest(key, handled); }});
  }

  void rest(const object_key& key, std::uint64_t handled) {
    shard& home = shard_of(key);
    caf::actor retired;
    {
      const std::lock_guard lock(home.mutex);
      const auto found = home.objects.find(key);
      if (found == home.objects.end() || found->second.sent != handled || found->second.is_idle) return;
      if (door == closed) {
        retired = std::move(found->second.object);
        home.objects.erase(found);
      } else {
        found->second.is_idle = true;
        // Nobody will ask for one without a name again.
        found->second.idle = home.idle.insert(is_unnamed(key) ? home.idle.begin() : home.idle.end(), key);
        if (home.idle.size() <= idle_max) return;
        retired = take_oldest(home);
      }
    }
    retire(retired);
  }

  write_environment environment;
  caf::actor_system& actor_system;
  actor_registry& registry;
  const std::function<void(write_command)> elsewhere;
  std::array<shard, shard_count> shards;
  std::atomic<std::uint64_t> unnamed{0};
  std::atomic<door_position> door;
  std::atomic<std::uint64_t> term{0}; ///< that it is open in; 0 in tests whose store always leads
};

object_router::object_router(collaborators with) : state_(std::make_shared<state>(std::move(with))) {}

object_router::~object_router() {
  // Nobody waits for an answer any more.
  for (state::shard& home : state_->shards) {
    const std::lock_guard lock(home.mutex);
    for (auto& [key, entry] : home.objects) retire(entry.object);
    home.objects.clear();
    home.idle.clear();
  }
}

void object_router::open(raft_term term) {
  state_->term = term.value;
  state_->door = state::to_own;
}

void object_router::open_to_all() { state_->door = state::to_all; }
bool object_router::is_open_to_all() const { return state_->door == state::to_all; }

std::optional<raft_term> object_router::term() const {
  const raft_term term{state_->term};
  if (state_->door == state::closed || term.value == 0) return {};
  return term;
}

void object_router::close() {
  state_->door = state::closed;
  for (state::shard& home : state_->shards) {
    const std::lock_guard lock(home.mutex);
    for (const object_key& key : home.idle) {
      const auto found = home.objects.find(key);
      retire(found->second.object);
      home.objects.erase(found);
    }
    home.idle.clear();
  }
}

void object_router::submit(write_command command) {
  if (state_->door == state::closed) {
    // What a leadership writes is its own and ends with it. What a client's request writes travels as that
    // request only, else it could take effect twice, and its client is told of more than a success.
    const bool may_travel =
        !command.only_in_term && command.request_id.empty() && command.cause.request_id.empty();
    if (state_->elsewhere && may_travel) return state_->elsewhere(std::move(command));
    if (command.done) command.done(storage::not_leading("this server does not lead the cluster"));
    return;
  }
  object_key key = command.key;
  // Versions of one object share one actor.
  if (const auto type = schema::resource_of(key.resource)) key.resource = type->stored_as;
  if (key.name.empty())
    key.name =
        std::string(unnamed_prefix) + std::to_string(state_->unnamed.fetch_add(1, std::memory_order_relaxed));
  state::shard& home = state_->shard_of(key);
  const std::lock_guard lock(home.mutex);
  std::unique_ptr<object_assignment> assignment;
  auto found = home.objects.find(key);
  if (found == home.objects.end()) {
    caf::actor object = state_->find_actor(home);
    found = home.objects.emplace(key, state::entry{.object = std::move(object), .idle = {}}).first;
    assignment = state_->assign(key);
  }
  state::entry& entry = found->second;
  if (entry.is_idle) {
    home.idle.erase(entry.idle);
    entry.is_idle = false;
  }
  ++entry.sent;
  send_command(entry.object, std::move(command), std::move(assignment));
}

} // namespace actord::actors
