#include "storage/open_store.hpp"

#include "schema/base/always.hpp"
#include "storage/kv/lmdb_kv.hpp"
#include "storage/kv/memory_kv.hpp"
#include "storage/member/store_engine.hpp"

namespace actord::storage {
namespace {

result<void> begin_cluster(kv::environment& disk, random_source& random) {
  if (load_identity(*disk.read()).member != 0) return {};
  // Any number but 0 that no other member will ever draw.
  const member_id self = random.next() >> 1U | 1U;
  return initialise_member(disk, {self, new_uuid(random)}, {{self, true}});
}

} // namespace

result<std::unique_ptr<store>> open_store(const store_options& options) {
  auto opened = kv::open_lmdb({options.directory, options.map_bytes, false});
  if (!opened) return std::move(opened).error();
  std::shared_ptr<kv::environment> disk = std::move(opened).value();
  if (auto begun = begin_cluster(*disk, options.random); !begun) return std::move(begun).error();
  const value_codec& codec = options.codec != nullptr ? *options.codec : stored_object_codec();
  auto engine = std::make_unique<store_engine>(engine_parts{std::move(disk),
                                                            std::make_unique<no_transport>(),
                                                            codec,
                                                            options.clock,
                                                            options.random,
                                                            options.limits,
                                                            {}});
  if (auto started = engine->start(); !started) return std::move(started).error();
  engine->run_thread();
  return std::unique_ptr<store>(std::move(engine));
}

std::unique_ptr<store> open_memory_store(const clock_source& clock, random_source& random,
                                         const value_codec* codec) {
  const kv::memory_disk disk;
  std::shared_ptr<kv::environment> environment = kv::open_memory(disk);
  ALWAYS(begin_cluster(*environment, random).has_value());
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
