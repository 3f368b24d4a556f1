#pragma once

#include "storage/kv/kv.hpp"
#include "storage/store.hpp"
#include "storage/value_codec.hpp"

#include <memory>

namespace actord::storage {

/// A store's snapshot over one view of its tables.
std::unique_ptr<snapshot> make_snapshot(std::unique_ptr<kv::read_view> view, const value_codec& codec);

} // namespace actord::storage
