#pragma once

#include "actors/conversion/conversion_gate.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace actord::actors {

/// What one write needs converted before it can be planned. A plan cannot wait, so one that meets a form that
/// is not there says what it wants and is given up; who carries out has it converted, and the plan is made
/// again (as with admission webhooks: write_reviews). Nothing here is for two threads at once.
class write_conversions final : public std::enable_shared_from_this<write_conversions> {
public:
  explicit write_conversions(const conversion_gate& gate) : gate_(gate) {}

  // For the plan. Whatever it comes to is worth nothing once `wants`.

  /// A stored object as if it were stored in the version of `type`. The error is the webhook's failure, or
  /// says that the form is wanted.
  result<std::string> stored(const schema::resource_handle& type, const std::string& bytes);
  /// An object of `from` as one of `to`, another version of the kind, managedFields left out of both. Null:
  /// it could not be converted, or is wanted now.
  const json* tree(const schema::resource_handle& from, const schema::resource_handle& to, json object);

  [[nodiscard]] bool wants() const { return wanted_form_ || !wanted_trees_.empty(); }

  // For who carries out.

  /// Runs a job: one at a time, maybe later, on whatever thread.
  using runner = std::function<void(std::function<void()> job)>;
  /// Has what is wanted converted; `done` runs by `run` too.
  void fetch(const runner& run, std::function<void()> done);
  /// Why what is stored could not be converted: the end of the write.
  [[nodiscard]] const std::optional<error>& failure() const { return failure_; }
  /// Why an object that is not stored could not be: whoever wanted it has to know what that means.
  [[nodiscard]] const std::optional<error>& tree_failure() const { return tree_failure_; }

private:
  struct known_tree {
    std::string asked; ///< version and text of what was converted, and the version it was converted to
    std::optional<json> object; ///< none: it could not be converted
  };
  struct wanted_form {
    schema::resource_handle type;
    shared_bytes bytes;
  };

  void take(result<json> tree, std::string asked);

  const conversion_gate& gate_;
  std::optional<wanted_form> form_asked_; ///< the form's source
  shared_bytes form_;                     ///< null: none yet
  bool wanted_form_ = false;
  std::vector<std::shared_ptr<const known_tree>> trees_;
  std::vector<std::pair<std::string, conversion_gate::tree_conversion>> wanted_trees_;
  std::optional<error> failure_;
  std::optional<error> tree_failure_; ///< the first
  int rounds_ = 0;
};

} // namespace actord::actors
