#include "actors/api/list_page.hpp"

#include "actors/objects/refusals.hpp"
#include "net/pki/base64url.hpp"
#include "schema/base/json.hpp"

#include <fmt/format.h>
#include <iterator>
#include <map>
#include <set>

namespace actord::actors {
namespace {

error bad_token(std::string_view why) {
  return bad_request(fmt::format("invalid continue token: continue key is not valid: {}", why));
}

/// The objects that the rarest of the wanted labels names; none when going through all of them is cheaper.
std::optional<std::vector<object_key>> labelled_candidates(const storage::snapshot& reads,
                                                           const page_question& question) {
  constexpr std::size_t most_values = 16;
  constexpr std::size_t always_few = 500;
  // Fetching an object by its key costs several times what it costs to pass it by.
  constexpr std::size_t fetch_cost = 3;
  const resource_id resource = question.type.stored_as;
  std::optional<std::vector<object_key>> fewest;
  for (const label_requirement& label : question.selector.labels) {
    const bool names_values = label.op == label_operator::equals || label.op == label_operator::in;
    if (!names_values || label.values.empty() || label.values.size() > most_values) continue;
    std::vector<object_key> found;
    for (const std::string& value : label.values) {
      std::vector<object_key> some = reads.labelled(resource, question.space, label.key, value);
      found.insert(found.end(), std::make_move_iterator(some.begin()), std::make_move_iterator(some.end()));
    }
    if (!fewest || found.size() < fewest->size()) fewest = std::move(found);
    if (fewest->size() <= always_few) return fewest;
  }
  if (fewest && fewest->size() * fetch_cost > reads.count(resource, question.space)) return {};
  return fewest;
}

/// Candidates the selector can name without a look at every object; none when all must be looked at.
std::optional<std::vector<object_key>> named_candidates(const storage::snapshot& reads,
                                                        const page_question& question) {
  const resource_id resource = question.type.stored_as;
  if (const auto name = question.selector.required_field("metadata.name"); name && !question.space.empty())
    return std::vector<object_key>{{resource, std::string(question.space), std::string(*name)}};
  if (const auto name = question.selector.required_field("metadata.name"); name && !question.type.namespaced)
    return std::vector<object_key>{{resource, {}, std::string(*name)}};
  if (const auto node = question.selector.required_field("spec.nodeName");
      node && !node->empty() && question.type.group.empty() && question.type.plural == "pods")
    return reads.on_node(*node);
  return labelled_candidates(reads, question);
}

bool is_after(const object_key& key, const storage::list_position& from) {
  return std::tie(key.space, key.name) > std::tie(from.space, from.name);
}

/// Adds objects until the page is full.
class page_builder {
public:
  page_builder(const page_question& question, revision at) : question_(question) { page_.at = at; }

  [[nodiscard]] bool full() const { return question_.limit != 0 && page_.values.size() >= question_.limit; }

  /// False when the object does not match.
  bool add(std::string_view value) {
    if (!question_.selector.empty()) {
      const auto view = schema::object_view::open(value);
      if (!view || !question_.selector.matches(*view)) return false;
    }
    page_.values.push_back(value);
    return true;
  }
  void add_kept(std::string value) {
    auto kept = std::make_unique<std::string>(std::move(value));
    if (add(*kept)) page_.kept.push_back(std::move(kept));
  }

  /// `total` is what there was before this page; unset when that is not known.
  object_page finish(bool more, storage::list_position last, std::optional<std::int64_t> total) {
    if (more) {
      page_.next = continuation{page_.at, std::move(last), {}};
      if (total && question_.selector.empty())
        page_.next->remaining =
            std::max<std::int64_t>(0, *total - static_cast<std::int64_t>(page_.values.size()));
    }
    return std::move(page_);
  }

private:
  const page_question& question_;
  object_page page_;
};

storage::list_position position_of(std::string_view value) {
  const auto view = schema::object_view::open(value);
  if (!view) return {};
  return {std::string(view->space()), std::string(view->name())};
}

object_page read_candidates(const storage::snapshot& reads, const page_question& question,
                            std::vector<object_key> candidates) {
  page_builder page(question, reads.at());
  std::sort(candidates.begin(), candidates.end());
  candidates.erase(std::unique(candidates.begin(), candidates.end()), candidates.end());
  storage::list_position last;
  bool more = false;
  for (const object_key& key : candidates) {
    if (!question.space.empty() && key.space != question.space) continue;
    if (!is_after(key, question.from) && !(question.from.space.empty() && question.from.name.empty()))
      continue;
    if (page.full()) {
      more = true;
      break;
    }
    const std::string_view value = reads.get(key);
    if (!value.empty() && page.add(value)) last = {key.space, key.name};
  }
  return page.finish(more, std::move(last), {});
}

} // namespace

std::string encode_continuation(const continuation& place) {
  json token = {
      {"v", "meta.k8s.io/v1"}, {"rv", place.at.value}, {"start", place.from.space + '/' + place.from.name}};
  if (place.remaining) token["left"] = *place.remaining;
  return net::base64url(token.dump());
}

result<continuation> decode_continuation(std::string_view token) {
  const auto text = net::from_base64url(token);
  if (!text) return bad_token("illegal base64 data");
  const json parsed = json::parse(*text, nullptr, false);
  if (!parsed.is_object()) return bad_token("not a token of this server");
  const auto version = parsed.find("v");
  const auto at = parsed.find("rv");
  const auto start = parsed.find("start");
  if (version == parsed.end() || *version != "meta.k8s.io/v1" || at == parsed.end() ||
      !at->is_number_unsigned() || start == parsed.end() || !start->is_string())
    return bad_token("not a token of this server");
  const std::string place = start->get<std::string>();
  const std::size_t slash = place.find('/');
  if (slash == std::string::npos) return bad_token("not a token of this server");
  continuation decoded{
      revision{at->get<std::uint64_t>()}, {place.substr(0, slash), place.substr(slash + 1)}, {}};
  if (const auto left = parsed.find("left"); left != parsed.end() && left->is_number_integer())
    decoded.remaining = left->get<std::int64_t>();
  return decoded;
}

object_page read_page(const storage::snapshot& reads, const page_question& question) {
  if (!question.selector.empty())
    if (auto candidates = named_candidates(reads, question))
      return read_candidates(reads, question, std::move(*candidates));

  constexpr std::size_t chunk = 1000;
  page_builder page(question, reads.at());
  storage::list_position from = question.from;
  storage::list_position last;
  bool more = true;
  while (more && !page.full()) {
    // Without a selector every object counts, so one read is the page.
    const std::size_t wanted = question.selector.empty() ? question.limit : chunk;
    const storage::list_page part = reads.list(question.type.stored_as, question.space, from, wanted);
    more = part.more;
    for (std::size_t i = 0; i < part.values.size(); ++i) {
      if (!page.add(part.values[i]) || !page.full()) continue;
      more = more || i + 1 < part.values.size();
      last = position_of(part.values[i]);
      break;
    }
    from = part.next;
    if (!page.full()) last = part.next;
  }
  std::optional<std::int64_t> total = question.remaining;
  if (more && !total && question.from.space.empty() && question.from.name.empty())
    total = static_cast<std::int64_t>(reads.count(question.type.stored_as, question.space));
  return page.finish(more, std::move(last), total);
}

result<object_page> read_past_page(storage::store& store, const storage::snapshot& reads,
                                   const page_question& question, revision past) {
  // What changed between then and the snapshot; everything else is still as it was.
  auto cursor = store.watch({question.type.stored_as, std::string(question.space), {}}, past, [] {});
  if (!cursor) return cursor.error();
  std::set<object_key> changed;
  while ((*cursor)->position() < reads.at()) {
    auto events = (*cursor)->next(1000);
    if (!events) return events.error();
    for (const storage::store_event& event : *events) changed.insert(event.key);
    if (events->empty()) break;
  }
  page_builder page(question, past);
  storage::list_position last;
  storage::list_position from = question.from;
  const bool from_start = from.space.empty() && from.name.empty();
  auto history = changed.begin();
  const auto skip_done = [&] {
    while (history != changed.end() && !from_start && !is_after(*history, question.from)) ++history;
  };
  skip_done();
  bool more_here = true;
  bool more = false;
  const auto take_history = [&](const object_key* up_to) -> result<void> {
    while (history != changed.end() && (up_to == nullptr || *history < *up_to)) {
      if (page.full()) {
        more = true;
        return {};
      }
      auto value = reads.get_at(*history, past);
      if (!value) return value.error();
      if (!value->empty()) {
        page.add_kept(std::move(*value));
        last = {history->space, history->name};
      }
      ++history;
    }
    return {};
  };
  while (more_here && !more) {
    const storage::list_page part = reads.list(question.type.stored_as, question.space, from, 1000);
    more_here = part.more;
    from = part.next;
    for (const std::string_view value : part.values) {
      const auto view = schema::object_view::open(value);
      if (!view) return view.error();
      const object_key key = view->key();
      if (auto taken = take_history(&key); !taken) return taken.error();
      if (page.full()) more = true;
      if (more) break;
      if (changed.contains(key)) continue;
      page.add(value);
      last = {key.space, key.name};
    }
  }
  if (!more)
    if (auto taken = take_history(nullptr); !taken) return taken.error();
  return page.finish(more, std::move(last), question.remaining);
}

} // namespace actord::actors
