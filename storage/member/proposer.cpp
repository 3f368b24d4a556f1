#include "storage/member/proposer.hpp"

#include "schema/base/always.hpp"
#include "storage/layout.hpp"
#include "storage/leader_errors.hpp"
#include "storage/log/log_entry.hpp"

#include <algorithm>
#include <utility>

namespace actord::storage {
namespace {

constexpr std::size_t max_changes = 4096;
constexpr std::size_t max_name_bytes = 4096;
constexpr std::size_t max_transaction_bytes = 16U << 20U;
constexpr std::size_t max_request_id_bytes = 512;

error refusal(error_kind kind, const object_key& key, std::string_view why) {
  error out;
  out.kind = kind;
  out.message = '"' + (key.space.empty() ? key.name : key.space + "/" + key.name) + "\": " + std::string(why);
  return out;
}

std::optional<error> check(const precondition& require, const object_key& key, const object_head& head,
                           std::string_view uid) {
  if (require.must_be_absent && head.exists()) {
    return refusal(error_kind::already_exists, key, "the object already exists");
  }
  const bool needs_object = require.must_exist || require.at || !require.uid.empty();
  if (needs_object && !head.exists()) return refusal(error_kind::not_found, key, "the object was not found");
  if (!require.uid.empty() && require.uid != uid) {
    return refusal(error_kind::conflict, key, "the object was replaced by another with the same name");
  }
  if (require.at && *require.at != head.at) {
    return refusal(error_kind::conflict, key,
                   "the object has been modified; apply your changes to the latest version");
  }
  return std::nullopt;
}

/// What no batch may hold, whoever asked.
std::optional<std::pair<std::size_t, error>> malformed(const transaction& what) {
  if (what.changes.size() > max_changes) {
    return std::pair{std::size_t{0},
                     error{error_kind::too_large, "too many changes in one transaction", {}, {}, 0}};
  }
  if (what.request_id.size() > max_request_id_bytes) {
    return std::pair{std::size_t{0}, error{error_kind::bad_request, "the request id is too long", {}, {}, 0}};
  }
  for (std::size_t i = 0; i < what.changes.size(); ++i) {
    const object_key& key = what.changes[i].key;
    const bool bad = key.name.empty() || key.name.size() > max_name_bytes ||
                     key.space.size() > max_name_bytes || key.name.find('\0') != std::string::npos ||
                     key.space.find('\0') != std::string::npos;
    if (bad)
      return std::pair{i, error{error_kind::bad_request, "the object's name cannot be stored", {}, {}, 0}};
  }
  return std::nullopt;
}

} // namespace

std::optional<pending_heads::pending> pending_heads::find(const object_key& key) const {
  const std::scoped_lock hold(mutex_);
  const auto found = heads_.find(key);
  if (found == heads_.end()) return std::nullopt;
  return found->second;
}
void pending_heads::set(const object_key& key, pending head) {
  const std::scoped_lock hold(mutex_);
  order_.emplace_back(head.index, key);
  heads_[key] = std::move(head);
}
void pending_heads::drop(raft_index applied) {
  const std::scoped_lock hold(mutex_);
  while (!order_.empty() && order_.front().first <= applied) {
    const auto found = heads_.find(order_.front().second);
    if (found != heads_.end() && found->second.index <= applied) heads_.erase(found);
    order_.pop_front();
  }
}
void pending_heads::clear() {
  const std::scoped_lock hold(mutex_);
  heads_.clear();
  order_.clear();
}

/// One change of a transaction, decided.
struct proposer::resolved {
  object_key key;
  item_kind kind = item_kind::put;
  shared_bytes value; ///< null: the object is kept
  value_facts facts;
  revision previous;
  revision at;
};

struct proposer::verdict {
  std::optional<refused> no;
  /// It looked at something that is not applied yet: the answer, whatever it is, waits for that.
  bool on_pending = false;
};

/// The work on one batch.
class proposer::sealing {
public:
  sealing(proposer& owner, const kv::read_view& view, raft_index index, wall_time now)
      : owner_(owner), view_(view), index_(index), now_(now),
        builder_(owner.term_, revision{owner.last_.value + 1}, now, owner.logged_bytes_) {}

  /// Adds a transaction whole, or nothing of it.
  verdict add(transaction& what, std::vector<revision>& revisions) {
    verdict says;
    changes_.clear();
    std::size_t bytes = 0;
    revision next = builder_.next_revision();
    for (std::size_t i = 0; i < what.changes.size(); ++i) {
      auto decided = decide(what.changes[i], next, says.on_pending);
      if (!decided) {
        says.no = refused{i, std::move(decided).error()};
        return says;
      }
      if (decided->value != nullptr) {
        ++next.value;
        bytes += decided->value->size();
      }
      changes_.push_back(std::move(*decided));
    }
    if (bytes > max_transaction_bytes) {
      says.no = refused{0, error{error_kind::too_large, "the transaction is too large", {}, {}, 0}};
      return says;
    }
    revisions.reserve(changes_.size());
    for (resolved& change : changes_) {
      revisions.push_back(change.value == nullptr ? revision{} : change.at);
      if (change.value != nullptr) keep(change);
    }
    if (!what.request_id.empty() && next != revision{builder_.header().base.value}) {
      builder_.add_request(what.request_id, revisions);
      owner_.sealed_requests_.insert_or_assign(what.request_id, revisions);
    }
    return says;
  }

  batch_builder& builder() { return builder_; }
  std::vector<sealed_value> take_values() { return std::move(values_); }

private:
  struct found_head {
    object_head head;
    shared_bytes keeps; ///< what `head.value` views, when it is not applied
    revision previous;  ///< 0 when there is no such object
  };

  /// `decides`: a function of the transaction will look at it. What is applied cannot change while the batch
  /// is sealed.
  found_head head_of(const object_key& key, bool decides, bool& on_pending) {
    for (auto change = changes_.rbegin(); change != changes_.rend(); ++change) {
      if (change->value == nullptr || change->key != key) continue;
      return from(change->kind == item_kind::remove ? nullptr : change->value, change->at);
    }
    if (auto pending = owner_.heads_.find(key)) {
      on_pending = true;
      return from(pending->value, pending->at);
    }
    if (asked_key_ == key) return asked_;
    found_head found;
    if (const auto there = view_.get(kv::table::objects, layout::address(key))) {
      const revision at = owner_.codec_.revision_of(*there);
      found = {{*there, at}, nullptr, at};
    }
    if (!decides) return found;
    asked_key_ = key;
    return asked_ = found;
  }
  static found_head from(const shared_bytes& value, revision at) {
    if (value == nullptr) return {};
    return {{*value, at}, value, at};
  }

  result<resolved> decide(object_change& change, revision next, bool& on_pending) {
    const bool decides = std::holds_alternative<decide_change>(change.what);
    const found_head found = head_of(change.key, decides, on_pending);
    const std::string_view uid = !change.require.uid.empty() && found.head.exists()
                                     ? owner_.codec_.uid_of(found.head.value)
                                     : std::string_view{};
    if (auto no = check(change.require, change.key, found.head, uid)) return *std::move(no);
    resolved_change what = keep_value{};
    if (auto* put = std::get_if<put_value>(&change.what)) what = std::move(*put);
    if (auto* remove = std::get_if<remove_value>(&change.what)) what = std::move(*remove);
    if (auto* decision = std::get_if<decide_change>(&change.what)) {
      auto decided = (*decision)(found.head, now_);
      if (!decided) return std::move(decided).error();
      what = std::move(decided).value();
    }
    resolved out;
    out.key = std::move(change.key);
    out.previous = found.previous;
    out.at = next;
    if (auto* put = std::get_if<put_value>(&what)) return seal(std::move(out), std::move(put->value));
    auto* remove = std::get_if<remove_value>(&what);
    if (remove == nullptr || !found.head.exists()) return out;
    out.kind = item_kind::remove;
    return seal(std::move(out), std::move(remove->last));
  }

  result<resolved> seal(resolved out, std::string bytes) {
    auto value = std::make_shared<std::string>(std::move(bytes));
    auto facts = owner_.codec_.facts(*value);
    if (!facts) {
      return error{
          error_kind::internal, "what was proposed for \"" + out.key.name + "\" cannot be stored", {}, {}, 0};
    }
    out.facts = std::move(facts).value();
    owner_.codec_.stamp(*value, out.at);
    const auto changed = owner_.codec_.protect(*value);
    if (!changed) return changed.error();
    if (*changed) out.facts = owner_.codec_.facts(*value).value();
    out.value = std::move(value);
    return out;
  }

  void keep(resolved& change) {
    builder_.add(change.kind, change.key, change.previous, *change.value);
    owner_.heads_.set(change.key,
                      {change.kind == item_kind::remove ? nullptr : change.value, change.at, index_});
    values_.push_back({std::move(change.value), std::move(change.facts)});
  }

  proposer& owner_;
  const kv::read_view& view_;
  raft_index index_;
  wall_time now_;
  batch_builder builder_;
  std::vector<sealed_value> values_;
  std::vector<resolved> changes_; ///< of the transaction being added
  /// What was looked at last to decide something, as it is applied: most often the namespace that all of the
  /// batch is in.
  object_key asked_key_;
  found_head asked_;
};

void proposer::lead(raft_term term, const member_state& state) {
  term_ = term;
  last_ = state.last;
  time_ = state.time;
  logged_bytes_ = state.logged_bytes;
  applied_ = sealed_ = state.applied;
  heads_.clear();
  sealed_requests_.clear();
}

void proposer::remember(std::vector<remembered_request> requests, const std::vector<std::string>& forgotten) {
  for (const std::string& id : forgotten) requests_.erase(id);
  for (remembered_request& request : requests) {
    sealed_requests_.erase(request.id);
    requests_.insert_or_assign(std::move(request.id), std::move(request.revisions));
  }
}

void proposer::applied(raft_index index) {
  applied_ = std::max(applied_, index);
  heads_.drop(index);
}

sealing_result proposer::seal(std::deque<waiting_proposal>& waiting, const kv::read_view& view,
                              raft_index index, const sealing_bounds& bounds, const batch_orders& orders) {
  const wall_time now = std::max(clock_.wall_now(), time_);
  const steady_time began = clock_.steady_now();
  sealing work(*this, view, index, now);
  sealing_result out;
  const bool others_pending = sealed_ > applied_;
  std::size_t since_check = 0;
  while (!waiting.empty() && work.builder().bytes() < bounds.bytes) {
    if (++since_check % 16 == 0 && clock_.steady_now() - began > bounds.time) break;
    waiting_proposal next = std::move(waiting.front());
    waiting.pop_front();
    ++out.taken;
    out.taken_bytes += next.bytes;
    if (auto bad = malformed(next.what)) {
      out.now.push_back({std::move(next.done), refused{bad->first, std::move(bad->second)}});
      continue;
    }
    if (next.what.only_in_term && *next.what.only_in_term != term_) {
      out.now.push_back({std::move(next.done), refused{0, not_leading("the leader's term has changed")}});
      continue;
    }
    if (const std::string& id = next.what.request_id; !id.empty()) {
      if (const auto known = requests_.find(id); known != requests_.end()) {
        out.now.push_back({std::move(next.done), committed{known->second}});
        continue;
      }
      if (const auto known = sealed_requests_.find(id); known != sealed_requests_.end()) {
        out.after.push_back({std::move(next.done), committed{known->second}});
        continue;
      }
    }
    committed yes;
    const std::uint32_t before = work.builder().items();
    verdict says = work.add(next.what, yes.revisions);
    const bool waits = work.builder().items() > before || says.on_pending;
    outcome answer = says.no ? outcome(std::move(*says.no)) : outcome(std::move(yes));
    (waits ? out.after : out.now).push_back({std::move(next.done), std::move(answer)});
  }
  if (orders.compaction) work.builder().compact(orders.compaction->announce, orders.compaction->trim);
  if (orders.check) {
    ALWAYS(orders.check->at < index);
    work.builder().check(static_cast<std::uint32_t>(index.value - orders.check->at.value),
                         orders.check->hash);
  }
  if (!work.builder().empty()) {
    last_ = revision{work.builder().next_revision().value - 1};
    time_ = now;
    sealed_ = index;
    out.batch = sealed_batch{work.builder().finish(), work.take_values()};
    logged_bytes_ += out.batch->payload.size();
  } else if (!others_pending) {
    std::ranges::move(out.after, std::back_inserter(out.now));
    out.after.clear();
  }
  return out;
}

} // namespace actord::storage
