#include "schema/cel/library/libraries.hpp"
#include "schema/cel/library/regex_cache.hpp"
#include "schema/custom/text_pattern.hpp"

#include <array>
#include <map>
#include <mutex>
#include <re2/re2.h>

namespace actord::schema::cel {
namespace {

using arguments = std::span<const value>;

re2::StringPiece piece(std::string_view from) { return {from.data(), from.size()}; }

/// Matching costs the text times the expression, roughly.
bool spend_on_match(std::string_view seen, std::string_view pattern, spending& cost) {
  return cost.spend(cost_of_text(seen.size()) * (pattern.size() / 4 + 1));
}

std::shared_ptr<const RE2> usable(std::string_view pattern, value& failed) {
  auto made = compiled_pattern(pattern);
  if (made->ok()) return made;
  failed = value::error(complaint_of_pattern(pattern));
  return nullptr;
}

value matches(arguments all, spending& cost) {
  const auto seen = all[0].string();
  const auto pattern = all[1].string();
  if (!seen || !pattern) return value::no_overload();
  if (!spend_on_match(*seen, *pattern, cost)) return {};
  value failed;
  const auto made = usable(*pattern, failed);
  return made == nullptr ? failed : value(RE2::PartialMatch(piece(*seen), *made));
}

value find(arguments all, spending& cost) {
  const auto seen = all[0].string();
  const auto pattern = all[1].string();
  if (!seen || !pattern) return value::no_overload();
  if (!spend_on_match(*seen, *pattern, cost)) return {};
  value failed;
  const auto made = usable(*pattern, failed);
  if (made == nullptr) return failed;
  re2::StringPiece hit;
  if (!made->Match(piece(*seen), 0, seen->size(), RE2::UNANCHORED, &hit, 1)) return value::of("");
  return value::of(std::string(hit.data(), hit.size()));
}

value find_all(arguments all, spending& cost) {
  const auto seen = all[0].string();
  const auto pattern = all[1].string();
  const auto* limit = all.size() > 2 ? all[2].as<std::int64_t>() : nullptr;
  if (!seen || !pattern || (all.size() > 2 && limit == nullptr)) return value::no_overload();
  if (!spend_on_match(*seen, *pattern, cost)) return {};
  value failed;
  const auto made = usable(*pattern, failed);
  if (made == nullptr) return failed;
  value_list hits;
  re2::StringPiece hit;
  std::size_t at = 0;
  while (at <= seen->size() &&
         (limit == nullptr || *limit < 0 || hits.size() < static_cast<std::size_t>(*limit))) {
    if (!cost.spend(cost_of_text(seen->size() - at))) return {};
    if (!made->Match(piece(*seen), at, seen->size(), RE2::UNANCHORED, &hit, 1)) break;
    hits.push_back(value::of(std::string(hit.data(), hit.size())));
    const auto end = static_cast<std::size_t>(hit.data() - seen->data()) + hit.size();
    at = hit.empty() ? end + 1 : end;
  }
  return value::of(std::move(hits));
}

constexpr std::array<function_row, 3> rows{
    {{"matches", "string.(string)bool;(string,string)bool", matches},
     {"find", "string.(string)string", find},
     {"findAll", "string.(string)list(string);string.(string,int)list(string)", find_all}}};

} // namespace

std::shared_ptr<const RE2> compiled_pattern(std::string_view pattern) {
  static std::mutex guard;
  static std::map<std::string, std::shared_ptr<const RE2>, std::less<>> kept;
  constexpr std::size_t most_kept = 256;
  constexpr std::int64_t memory_bytes = 1 << 20;
  const std::scoped_lock hold(guard);
  if (const auto found = kept.find(pattern); found != kept.end()) return found->second;
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(memory_bytes);
  auto made = std::make_shared<const RE2>(piece(pattern), options);
  if (kept.size() >= most_kept) kept.clear();
  kept.emplace(std::string(pattern), made);
  return made;
}

std::string complaint_of_pattern(std::string_view pattern) {
  return custom::text_pattern::complaint(std::string(pattern));
}

std::span<const function_row> regex_functions() { return rows; }

} // namespace actord::schema::cel
