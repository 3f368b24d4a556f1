#include "storage/read/kv_snapshot.hpp"

#include "schema/base/always.hpp"
#include "storage/encoding/bytes.hpp"
#include "storage/layout.hpp"
#include "storage/read/history.hpp"
#include "storage/tables/member_state.hpp"

#include <functional>
#include <utility>

namespace actord::storage {
namespace {

using kv::table;

/// Walks the keys of a prefix, from its first or from just above `from`.
class prefix_walk {
public:
  prefix_walk(const kv::read_view& view, table where, std::string prefix, const std::string& from)
      : cursor_(view.walk(where)), prefix_(std::move(prefix)) {
    valid_ = cursor_->seek(from.empty() ? prefix_ : from) && within();
  }
  [[nodiscard]] bool valid() const { return valid_; }
  void next() { valid_ = cursor_->next() && within(); }
  [[nodiscard]] std::string_view key() const { return cursor_->key(); }
  [[nodiscard]] std::string_view value() const { return cursor_->value(); }

private:
  [[nodiscard]] bool within() const { return cursor_->key().starts_with(prefix_); }

  std::unique_ptr<kv::cursor> cursor_;
  std::string prefix_;
  bool valid_ = false;
};

/// The smallest key above the address of a position; empty for the beginning.
std::string above(resource_id resource, const list_position& from) {
  if (from.name.empty() && from.space.empty()) return {};
  return layout::address({resource, from.space, from.name}).append(1, '\0');
}

class kv_snapshot final : public snapshot {
public:
  kv_snapshot(std::unique_ptr<kv::read_view> view, const value_codec& codec)
      : view_(std::move(view)), codec_(codec) {}

  [[nodiscard]] revision at() const override { return load_state(*view_).last; }

  [[nodiscard]] std::string_view get(const object_key& key) const override {
    return view_->get(table::objects, layout::address(key)).value_or(std::string_view{});
  }

  [[nodiscard]] list_page list(resource_id resource, std::string_view space, const list_position& from,
                               std::size_t limit) const override {
    list_page page;
    prefix_walk walk(*view_, table::objects, layout::address_prefix(resource, space), above(resource, from));
    for (; walk.valid(); walk.next()) {
      if (limit != 0 && page.values.size() == limit) {
        page.more = true;
        const object_key last = codec_.key_of(page.values.back());
        page.next = {last.space, last.name};
        break;
      }
      page.values.push_back(walk.value());
    }
    return page;
  }

  void scan(resource_id resource, std::string_view space,
            const std::function<bool(std::string_view value)>& visit) const override {
    prefix_walk walk(*view_, table::objects, layout::address_prefix(resource, space), {});
    while (walk.valid() && visit(walk.value())) walk.next();
  }

  [[nodiscard]] std::size_t count(resource_id resource, std::string_view space) const override {
    std::size_t found = 0;
    prefix_walk walk(*view_, table::objects, layout::address_prefix(resource, space), {});
    for (; walk.valid(); walk.next()) ++found;
    return found;
  }

  [[nodiscard]] std::vector<object_key> owned_by(std::string_view owner_uid) const override {
    return keys(table::by_owner, layout::owner_prefix(owner_uid), layout::hash128_bytes);
  }
  [[nodiscard]] std::vector<object_key> on_node(std::string_view node) const override {
    return keys(table::by_node, layout::node_prefix(node), layout::hash128_bytes);
  }
  [[nodiscard]] std::vector<object_key> labelled(resource_id resource, std::string_view space,
                                                 std::string_view label,
                                                 std::string_view value) const override {
    std::vector<object_key> found;
    prefix_walk walk(*view_, table::by_label, layout::label_prefix(resource, label, value, space), {});
    for (; walk.valid(); walk.next()) {
      found.push_back(layout::row_key(layout::label_address(walk.key()), walk.value()));
    }
    return found;
  }

  [[nodiscard]] std::vector<std::pair<wall_time, object_key>> due(wall_time until,
                                                                  std::size_t limit) const override {
    std::vector<std::pair<wall_time, object_key>> found;
    prefix_walk walk(*view_, table::by_deadline, {}, {});
    for (; walk.valid() && found.size() < limit; walk.next()) {
      const auto at = static_cast<std::int64_t>(load_big<std::uint64_t>(walk.key()));
      const wall_time deadline{std::chrono::nanoseconds{at}};
      if (deadline > until) break;
      found.emplace_back(deadline, layout::row_key(walk.key().substr(layout::deadline_bytes), walk.value()));
    }
    return found;
  }

  [[nodiscard]] result<std::string> get_at(const object_key& key, revision past) const override {
    if (auto no = not_in_history(past)) return *std::move(no);
    const std::string address = layout::address(key);
    return object_at(*view_, codec_, address,
                     view_->get(table::objects, address).value_or(std::string_view{}), past);
  }

  /// Walks the objects there are and those there were, side by side, in address order.
  [[nodiscard]] result<past_page> list_at(resource_id resource, std::string_view space,
                                          const list_position& from, std::size_t limit,
                                          revision past) const override {
    if (auto no = not_in_history(past)) return *std::move(no);
    past_page page;
    const std::string prefix = layout::address_prefix(resource, space);
    const std::string start = above(resource, from);
    prefix_walk now(*view_, table::objects, prefix, start);
    prefix_walk then(*view_, table::versions, prefix, start.empty() ? start : start + '\xff');
    while (now.valid() || then.valid()) {
      const std::string address = first_address(now, then);
      const bool here = now.valid() && now.key() == address;
      auto value = object_at(*view_, codec_, address, here ? now.value() : std::string_view{}, past);
      if (!value) return std::move(value).error();
      if (!value->empty()) {
        if (limit != 0 && page.values.size() == limit) {
          page.more = true;
          const object_key last = codec_.key_of(page.values.back());
          page.next = {last.space, last.name};
          return page;
        }
        page.values.push_back(std::move(*value));
      }
      if (here) now.next();
      while (then.valid() && version_address(then.key()) == address) then.next();
    }
    return page;
  }

private:
  [[nodiscard]] std::optional<error> not_in_history(revision past) const {
    const member_state state = load_state(*view_);
    if (past < state.history_from()) return history_expired(past, state.history_from());
    if (past > state.last) {
      return error{
          error_kind::timeout, "revision " + std::to_string(past.value) + " is in the future", {}, {}, 1};
    }
    return std::nullopt;
  }
  static std::string_view version_address(std::string_view row) {
    return row.substr(0, row.size() - 1 - sizeof(std::uint64_t));
  }
  static std::string first_address(const prefix_walk& now, const prefix_walk& then) {
    if (!then.valid()) return std::string(now.key());
    const std::string_view past = version_address(then.key());
    return std::string(now.valid() && now.key() < past ? now.key() : past);
  }
  [[nodiscard]] std::vector<object_key> keys(table where, std::string prefix, std::size_t skip) const {
    std::vector<object_key> found;
    prefix_walk walk(*view_, where, std::move(prefix), {});
    for (; walk.valid(); walk.next()) found.push_back(layout::row_key(walk.key().substr(skip), walk.value()));
    return found;
  }

  std::unique_ptr<kv::read_view> view_;
  const value_codec& codec_;
};

} // namespace

std::unique_ptr<snapshot> make_snapshot(std::unique_ptr<kv::read_view> view, const value_codec& codec) {
  return std::make_unique<kv_snapshot>(std::move(view), codec);
}

} // namespace actord::storage
