#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace actord::actors {

/// What a namespace that is being deleted has outside of the store: with extension servers.
struct foreign_content {
  bool known = true;                  ///< they were asked, and all that could be was asked of them
  std::string discovery_failure = {}; ///< why it is not known what kinds there are; empty: it is
  std::string deletion_failure = {};  ///< why something could not be deleted; empty: nothing failed
  std::map<std::string, std::size_t> remaining = {};  ///< objects by "PLURAL.GROUP"
  std::map<std::string, std::size_t> finalizers = {}; ///< objects by finalizer

  bool operator==(const foreign_content&) const = default;
  /// Nothing of the namespace is left there.
  [[nodiscard]] bool gone() const {
    return known && discovery_failure.empty() && deletion_failure.empty() && remaining.empty();
  }
};

/// Empties namespaces of what is not in the store. Any thread.
class foreign_contents {
public:
  virtual ~foreign_contents() = default;
  /// What is known of a namespace that is being deleted; has it emptied, if that is not under way. Does not
  /// wait: `on_change` tells when there is more to know.
  virtual foreign_content empty(const std::string& space, const std::string& uid) = 0;
  /// Called with a namespace's name, on whatever thread, until replaced.
  virtual void on_change(std::function<void(const std::string& space)> changed) = 0;
};

class controller_kind;
/// The namespace controller where not all there is is in the store.
std::unique_ptr<controller_kind> namespace_controller(std::shared_ptr<foreign_contents> foreign);

} // namespace actord::actors
