#include "actors/aggregation/aggregator.hpp"

namespace actord::actors {

aggregator::aggregator(const collaborators& with)
    : services_(with.store), lines_(with.store, with.random), caller_(lines_),
      endpoint_(services_, board_, lines_, caller_),
      contents_(std::make_shared<extension_contents>(services_, board_, caller_, with.clock)),
      keeper_(std::make_unique<extension_keeper>(
          extension_keeper::collaborators{with.system, with.store, with.router, with.registry, services_,
                                          lines_, caller_, board_, with.clock})) {}

aggregator::~aggregator() = default;

void aggregator::use(net::certified_key front_proxy, authentication_facts facts) {
  lines_.use_identity(std::move(front_proxy));
  if (keeper_) keeper_->publish(std::move(facts));
}

void aggregator::leader_changed() {
  if (keeper_) keeper_->leader_changed();
}

void aggregator::stop() {
  caller_.stop();
  keeper_.reset();
}

} // namespace actord::actors
