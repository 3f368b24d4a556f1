#pragma once

#include "storage/value_codec.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace actord::sim {

class member;

/// What lives above a member's store while it is up.
class tenant {
public:
  virtual ~tenant() = default;
  virtual void advance(std::chrono::microseconds by) = 0;
  /// The member goes on after it stood still.
  virtual void resume() = 0;
  /// The process is gone, and the store goes next: nothing may use it afterwards. What holds on to answers of
  /// the store stays until this is destroyed.
  virtual void leave() = 0;
};

/// What the members of a run store, and what lives above them.
struct household {
  const storage::value_codec& codec;
  /// What two members must agree on of a value, and what failures show of it.
  std::function<std::string(std::string_view value)> text;
  /// Called once the member is up; null: nobody lives there.
  std::function<std::unique_ptr<tenant>(member& home)> move_in = nullptr;
};

} // namespace actord::sim
