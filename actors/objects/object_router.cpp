#include "actors/objects/object_router.hpp"

#include "actors/objects/object_actor.hpp"
#include "schema/tables/resource_table.hpp"

#include <array>
#include <atomic>
#include <caf/actor_system.hpp>
#include <list>
#include <mutex>
#include <unordered_map>

namespace actord::actors {
namespace {

constexpr std::size_t shard_count = 8;
/// Idle actors a shard keeps, for the console and for objects that are written again and again.
constexpr std::size_t idle_max = 32;

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

/// One lock per shard orders sending and retiring: an actor is retired only when `sent` equals what it says
/// it has handled, and nobody can send between that comparison and its removal.
struct object_router::state : std::enable_shared_from_this<object_router::state> {
  struct entry {
    caf::actor object;
    std::uint64_t sent = 0;
    std::list<object_key>::iterator idle;
    bool is_idle = false;
  };
  struct shard {
    std::mutex mutex;
    std::unordered_map<object_key, entry> objects;
    std::list<object_key> idle; ///< longest idle first
  };

  explicit state(collaborators with)
      : environment{with.store,
                    with.admission,
                    with.random,
                    with.network,
                    std::move(with.root_certificate_pem),
                    with.roles},
        actor_system(with.system), registry(with.registry) {}

  shard& shard_of(const object_key& key) { return shards[std::hash<object_key>{}(key) % shard_count]; }

  caf::actor activate(const object_key& key) {
    const std::shared_ptr<state> self = shared_from_this();
    return spawn_object_actor(actor_system,
                              {.environment = {self, &environment},
                               .registry = &registry,
                               .kind = "object",
                               .key = console_key(key),
                               .on_idle = [self, key](std::uint64_t handled) { self->rest(key, handled); }});
  }

  void rest(const object_key& key, std::uint64_t handled) {
    shard& home = shard_of(key);
    caf::actor retired;
    {
      const std::lock_guard lock(home.mutex);
      const auto found = home.objects.find(key);
      if (found == home.objects.end() || found->second.sent != handled || found->second.is_idle) return;
      if (is_unnamed(key)) {
        retired = std::move(found->second.object);
        home.objects.erase(found);
      } else if (!keep_idle(home, *found, retired)) {
        return;
      }
    }
    retire(retired);
  }

  /// True when `retired` is an actor to end in favour of the one that just came to rest.
  static bool keep_idle(shard& home, std::pair<const object_key, entry>& row, caf::actor& retired) {
    row.second.is_idle = true;
    row.second.idle = home.idle.insert(home.idle.end(), row.first);
    if (home.idle.size() <= idle_max) return false;
    const auto oldest = home.objects.find(home.idle.front());
    retired = std::move(oldest->second.object);
    home.objects.erase(oldest);
    home.idle.pop_front();
    return true;
  }

  write_environment environment;
  caf::actor_system& actor_system;
  actor_registry& registry;
  std::array<shard, shard_count> shards;
  std::atomic<std::uint64_t> unnamed{0};
};

object_router::object_router(collaborators with) : state_(std::make_shared<state>(std::move(with))) {}

object_router::~object_router() {
  for (state::shard& home : state_->shards) {
    const std::lock_guard lock(home.mutex);
    for (auto& [key, entry] : home.objects) retire(entry.object);
    home.objects.clear();
    home.idle.clear();
  }
}

void object_router::submit(write_command command) {
  object_key key = command.key;
  // Versions of one object share one actor.
  if (const auto type = schema::resource_of(key.resource)) key.resource = type->stored_as;
  if (key.name.empty())
    key.name =
        std::string(unnamed_prefix) + std::to_string(state_->unnamed.fetch_add(1, std::memory_order_relaxed));
  state::shard& home = state_->shard_of(key);
  const std::lock_guard lock(home.mutex);
  state::entry& entry = home.objects[key];
  if (!entry.object) entry.object = state_->activate(key);
  if (entry.is_idle) {
    home.idle.erase(entry.idle);
    entry.is_idle = false;
  }
  ++entry.sent;
  send_command(entry.object, std::move(command));
}

} // namespace actord::actors
