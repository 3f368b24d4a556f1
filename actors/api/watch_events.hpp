#pragma once

#include "actors/api/forms/media_types.hpp"
#include "actors/api/forms/object_forms.hpp"
#include "actors/api/selectors.hpp"
#include "schema/base/bytes.hpp"
#include "storage/store.hpp"

#include <array>
#include <mutex>
#include <optional>
#include <string>

/// Store events as one subscriber sees them, and their encoded form shared by all who see the same.

namespace actord::actors {

enum class watch_event : std::uint8_t { added, modified, deleted, bookmark, error };

/// What an event is to someone who sees only what `selector` matches; none when it is nothing to them.
///
///   before  after   event
///   no      yes     added     (also when it existed but did not match)
///   yes     yes     modified
///   yes     no      deleted   (also when it lives on but no longer matches: its last matching form)
///   no      no      none
std::optional<watch_event> visible_event(const storage::store_event& event, const object_selector& selector);

/// Encodes events as lines of a watch stream. Every (event, form) is encoded once and shared: thousands of
/// watchers of one resource send the same bytes. Safe from any thread.
class event_encoder {
public:
  /// `first` Table events carry the column definitions; those are not shared.
  result<shared_bytes> encode(const schema::resource_type& type, watch_event what,
                              const storage::store_event& event, const answer_form& form,
                              table_objects include, bool first);

private:
  struct slot {
    std::mutex mutex;
    std::uint64_t key = 0;
    revision at;
    shared_bytes line;
  };
  /// Recent events only: a watcher that lags behind encodes for itself.
  static constexpr std::size_t slot_count = 512;
  std::array<slot, slot_count> slots_;
};

/// One event of a stream around an object that is in the stream's format: in JSON
/// {"type":"ADDED","object":...} and a line end; in protobuf a WatchEvent behind its length, four bytes of
/// it, highest first.
std::string framed_event(watch_event what, std::string_view object, wire_format format);
/// An object of the kind with nothing but the revision, in the stream's form; `end_of_initial` marks that the
/// initial state is complete.
result<std::string> bookmark_object(const schema::resource_type& type, revision at, bool end_of_initial,
                                    const answer_form& form);

} // namespace actord::actors
