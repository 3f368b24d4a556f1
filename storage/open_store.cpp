#include "storage/open_store.hpp"

#include "schema/base/always.hpp"
#include "storage/departures.hpp"
#include "storage/kv/lmdb_kv.hpp"
#include "storage/kv/memory_kv.hpp"
#include "storage/member/store_engine.hpp"

namespace actord::storage {
namespace {

error refusal(error_kind kind, std::string why) {
  error out;
  out.kind = kind;
  out.message = std::move(why);
  return out;
}

result<void> check_identity(const member_identity& found, member_id self, const std::string& cluster) {
  if (self != 0 && found.member != self)
    return refusal(error_kind::conflict, "the directory belongs to another member");
  if (!cluster.empty() && found.cluster != cluster)
    return refusal(error_kind::conflict, "the directory belongs to a member of another cluster");
  return {};
}

result<void> initialise(kv::environment& disk, random_source& random, const begin_cluster& how) {
  const member_identity found = load_identity(*disk.read());
  if (found.member != 0) return check_identity(found, how.self, {});
  if (how.address.size() > max_address_bytes)
    return refusal(error_kind::bad_request, "the member's address is too long");
  // Any number but 0 that no other member will ever draw.
  const member_id self = how.self != 0 ? how.self : random.next() >> 1U | 1U;
  return initialise_member(disk, {self, new_uuid(random)}, {{self, true, how.address}});
}

result<void> initialise(kv::environment& disk, random_source&, const join_cluster& how) {
  if (how.self == 0 || how.cluster.empty())
    return refusal(error_kind::bad_request, "who joins needs a member id and the id of a cluster");
  const member_identity found = load_identity(*disk.read());
  if (found.member != 0) return check_identity(found, how.self, how.cluster);
  return initialise_joining(disk, {how.self, how.cluster});
}

} // namespace

result<std::unique_ptr<store>> open_store(store_options options) {
  auto opened = kv::open_lmdb({options.directory, options.map_bytes, false});
  if (!opened) return std::move(opened).error();
  std::shared_ptr<kv::environment> disk = std::move(opened).value();
  auto begun =
      std::visit([&](const auto& how) { return initialise(*disk, options.random, how); }, options.begin);
  if (!begun) return std::move(begun).error();
  if (options.transport == nullptr) options.transport = std::make_unique<no_transport>();
  const value_codec& codec = options.codec != nullptr ? *options.codec : stored_object_codec();
  auto engine = std::make_unique<store_engine>(engine_parts{std::move(disk),
                                                            std::move(options.transport),
                                                            codec,
                                                            options.clock,
                                                            options.random,
                                                            options.limits,
                                                            {}});
  if (auto started = engine->start(); !started) return std::move(started).error();
  engine->run_thread();
  return std::unique_ptr<store>(std::move(engine));
}

void tell_gone(store& told, member_id member) {
  auto* const engine = dynamic_cast<store_engine*>(&told);
  ALWAYS(engine != nullptr);
  engine->gone(member);
}

void tell_removed(store& told) {
  auto* const engine = dynamic_cast<store_engine*>(&told);
  ALWAYS(engine != nullptr);
  engine->removed();
}

std::unique_ptr<store> open_memory_store(const clock_source& clock, random_source& random,
                                         const value_codec* codec) {
  const kv::memory_disk disk;
  std::shared_ptr<kv::environment> environment = kv::open_memory(disk);
  ALWAYS(initialise(*environment, random, begin_cluster{}).has_value());
  auto engine = std::make_unique<store_engine>(engine_parts{std::move(environment),
                                                            std::make_unique<no_transport>(),
                                                            codec != nullptr ? *codec : stored_object_codec(),
                                                            clock,
                                                            random,
                                                            {},
                                                            {}});
  ALWAYS(engine->start().has_value());
  return engine;
}

} // namespace actord::storage
