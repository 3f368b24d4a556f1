#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

namespace actord::actors {

/// Completion indexes, written as Kubernetes does: "0-2,5".
class index_set {
public:
  index_set() = default;
  /// Parts that are no indexes below `end` are left out.
  static index_set parse(std::string_view text, std::int64_t end);

  void add(std::int64_t index) { members_.insert(index); }
  [[nodiscard]] bool has(std::int64_t index) const { return members_.contains(index); }
  [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(members_.size()); }
  [[nodiscard]] std::string text() const;
  [[nodiscard]] const std::set<std::int64_t>& members() const { return members_; }

private:
  std::set<std::int64_t> members_;
};

} // namespace actord::actors
