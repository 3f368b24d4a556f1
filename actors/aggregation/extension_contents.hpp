#pragma once

#include "actors/aggregation/extension_caller.hpp"
#include "actors/aggregation/namespace_sweep.hpp"
#include "schema/base/clock.hpp"

#include <map>
#include <memory>
#include <mutex>

namespace actord::actors {

/// Empties namespaces of the objects of extension servers, as the namespace controller of Kubernetes: deletes
/// what there is and looks what is left. Any thread.
class extension_contents final : public foreign_contents {
public:
  extension_contents(const extension_services& services, const extension_board& board,
                     extension_caller& caller, const clock_source& clock);
  ~extension_contents() override;

  foreign_content empty(const std::string& space, const std::string& uid) override;
  void on_change(std::function<void(const std::string& space)> changed) override;

private:
  struct state;
  const std::shared_ptr<state> state_;
};

} // namespace actord::actors
