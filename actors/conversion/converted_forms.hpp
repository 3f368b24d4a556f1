#pragma once

#include "schema/base/bytes.hpp"
#include "schema/base/clock.hpp"

#include <cstddef>
#include <list>
#include <string>
#include <unordered_map>

namespace actord::actors {

/// Stored objects in other versions, as webhooks converted them a moment ago: watchers of one event and lists
/// in a row ask for the same. Bounded in bytes and in time: a webhook whose owner mended it is believed again
/// after `kept_for`. Nothing here is for two threads at once.
class converted_forms {
public:
  static constexpr std::size_t bytes_max = 32U << 20U;
  static constexpr std::chrono::seconds kept_for{60};

  /// Names what a form depends on: the definition as it is, the object, its revision, the version.
  using key = std::string;

  /// Null when there is none.
  [[nodiscard]] shared_bytes find(const key& of, steady_time now);
  void keep(const key& of, shared_bytes form, steady_time now);

  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  [[nodiscard]] std::size_t size() const { return by_key_.size(); }

private:
  struct entry {
    key of;
    shared_bytes form;
    steady_time until;
  };
  using place = std::list<entry>::iterator;
  static std::size_t weight(const entry& one);
  void drop(place which);

  std::list<entry> entries_; ///< asked for last at the front
  std::unordered_map<key, place> by_key_;
  std::size_t bytes_ = 0;
};

} // namespace actord::actors
