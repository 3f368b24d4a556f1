#include "schema/tables/custom_rows.hpp"

namespace actord::schema {
namespace {

std::atomic<std::shared_ptr<const custom_rows>>& place() {
  static std::atomic<std::shared_ptr<const custom_rows>> rows{std::make_shared<const custom_rows>()};
  return rows;
}

} // namespace

custom_rows::custom_rows(std::uint64_t generation, std::vector<resource_handle> served,
                         std::vector<resource_handle> stored)
    : generation_(generation), served_(std::move(served)), stored_(std::move(stored)) {
  for (std::size_t i = 0; i < served_.size(); ++i) {
    const resource_type& row = *served_[i];
    by_plural_.emplace(name{row.group, row.version, row.plural}, i);
    by_kind_.emplace(name{row.group, row.version, row.kind}, i);
    by_id_.emplace(row.id, served_[i]);
  }
  for (const resource_handle& row : stored_) {
    by_id_.emplace(row->stored_as, row);
    by_id_.emplace(row->id, row);
  }
}

std::shared_ptr<const custom_rows> custom_rows::current() { return place().load(std::memory_order_acquire); }

void custom_rows::publish(std::shared_ptr<const custom_rows> next) {
  place().store(std::move(next), std::memory_order_release);
}

resource_handle custom_rows::find_plural(std::string_view group, std::string_view version,
                                         std::string_view plural) const {
  const auto found = by_plural_.find(name{group, version, plural});
  return found == by_plural_.end() ? resource_handle() : served_[found->second];
}

resource_handle custom_rows::find_kind(std::string_view group, std::string_view version,
                                       std::string_view kind) const {
  const auto found = by_kind_.find(name{group, version, kind});
  return found == by_kind_.end() ? resource_handle() : served_[found->second];
}

resource_handle custom_rows::find_id(resource_id id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? resource_handle() : found->second;
}

} // namespace actord::schema
