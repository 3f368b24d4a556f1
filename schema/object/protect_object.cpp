#include "schema/object/protect_object.hpp"

#include "schema/base/always.hpp"
#include "schema/crypt/key_ring.hpp"
#include "schema/object/frame.hpp"

namespace actord::schema {

result<bool> protect_object(std::string& bytes, random_source& random) {
  ALWAYS(frame::envelope_of(bytes).has_value());
  const resource_id resource(frame::read_u16(bytes, frame::resource_at));
  const std::shared_ptr<const key_ring> ring = current_key_ring();
  const text_key_id key = ring->key_for(resource);
  if (frame::read_u32(bytes, frame::key_id_at) != 0)
    return error{error_kind::internal, "an encrypted object cannot be stored again as it is"};
  if (key.value == 0) return false;
  frame::write_u32(bytes, frame::key_id_at, key.value);
  auto sealed = ring->seal(key, frame::text_of(bytes), *frame::envelope_of(bytes), random);
  if (!sealed) return std::move(sealed).error();
  bytes.resize(bytes.size() - frame::text_of(bytes).size());
  bytes += *sealed;
  return true;
}

} // namespace actord::schema
