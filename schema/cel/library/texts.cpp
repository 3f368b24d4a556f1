#include "schema/cel/issues.hpp"
#include "schema/cel/library/libraries.hpp"
#include "schema/cel/library/text_format.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace actord::schema::cel {
namespace {

using arguments = std::span<const value>;

/// Two texts, after what looking through the first costs.
struct two_texts {
  std::string_view first;
  std::string_view second;
};
std::optional<two_texts> both(arguments all) {
  const auto first = all[0].string();
  const auto second = all[1].string();
  return first && second ? std::optional(two_texts{*first, *second}) : std::nullopt;
}

value size_of(arguments all, spending& cost) {
  if (const auto seen = all[0].string())
    return cost.spend(cost_of_text(seen->size())) ? value(static_cast<std::int64_t>(character_count(*seen)))
                                                  : value();
  if (const auto* bytes = all[0].as<byte_text>()) return static_cast<std::int64_t>(bytes->bytes.get().size());
  if (const auto count = all[0].size()) return static_cast<std::int64_t>(*count);
  return value::no_overload();
}

template <class Test>
value test_texts(arguments all, spending& cost, Test test) {
  const auto texts = both(all);
  if (!texts) return value::no_overload();
  if (!cost.spend(cost_of_text(texts->first.size()))) return {};
  return test(texts->first, texts->second);
}

value contains(arguments all, spending& cost) {
  return test_texts(all, cost,
                    [](auto seen, auto part) { return seen.find(part) != std::string_view::npos; });
}
value starts_with(arguments all, spending& cost) {
  return test_texts(all, cost, [](auto seen, auto part) { return seen.starts_with(part); });
}
value ends_with(arguments all, spending& cost) {
  return test_texts(all, cost, [](auto seen, auto part) { return seen.ends_with(part); });
}

template <char First, char Last, int Step>
value shifted(arguments all, spending& cost) {
  const auto seen = all[0].string();
  if (!seen) return value::no_overload();
  if (!cost.spend(cost_of_text(seen->size()))) return {};
  std::string made(*seen);
  for (char& c : made)
    if (c >= First && c <= Last) c = static_cast<char>(c + Step);
  return value::of(std::move(made));
}

value out_of_range(std::int64_t index) { return value::error(fmt::format("index out of range: {}", index)); }

value char_at(arguments all, spending& cost) {
  const auto seen = all[0].string();
  const auto* index = all[1].as<std::int64_t>();
  if (!seen || index == nullptr) return value::no_overload();
  if (!cost.spend(cost_of_text(seen->size()))) return {};
  const auto count = static_cast<std::int64_t>(character_count(*seen));
  if (*index < 0 || *index > count) return out_of_range(*index);
  const std::size_t at = byte_of_character(*seen, static_cast<std::size_t>(*index));
  if (at == seen->size()) return value::of("");
  return all[0].as<text>()->part(at, sequence_length(seen->substr(at)));
}

value substring(arguments all, spending& cost) {
  const auto seen = all[0].string();
  const auto* from = all[1].as<std::int64_t>();
  const auto* to = all.size() > 2 ? all[2].as<std::int64_t>() : nullptr;
  if (!seen || from == nullptr || (all.size() > 2 && to == nullptr)) return value::no_overload();
  if (!cost.spend(cost_of_text(seen->size()))) return {};
  const auto count = static_cast<std::int64_t>(character_count(*seen));
  const std::int64_t end = to == nullptr ? count : *to;
  if (to != nullptr && *from > end)
    return value::error(fmt::format("invalid substring range. start: {}, end: {}", *from, end));
  if (*from < 0 || *from > count) return out_of_range(*from);
  if (end < 0 || end > count) return out_of_range(end);
  const std::size_t begin = byte_of_character(*seen, static_cast<std::size_t>(*from));
  return all[0].as<text>()->part(begin, byte_of_character(*seen, static_cast<std::size_t>(end)) - begin);
}

/// Where an item of a list is, or a part of a text, from the front or the back; -1: nowhere.
template <bool Last>
value list_index(arguments all, spending& cost) {
  const auto count = static_cast<std::int64_t>(*all[0].size());
  for (std::int64_t i = 0; i < count; ++i) {
    if (!spend_on_all(all[1], cost)) return {};
    const std::int64_t at = Last ? count - 1 - i : i;
    if (equal(all[0].item(static_cast<std::size_t>(at)), all[1])) return at;
  }
  return std::int64_t{-1};
}

template <bool Last>
value index_of(arguments all, spending& cost) {
  if (all[0].is_list()) return all.size() == 2 ? list_index<Last>(all, cost) : value::no_overload();
  const auto texts = both(all);
  const auto* offset = all.size() > 2 ? all[2].as<std::int64_t>() : nullptr;
  if (!texts || (all.size() > 2 && offset == nullptr)) return value::no_overload();
  if (!cost.spend(cost_of_text(texts->first.size()))) return {};
  const auto count = static_cast<std::int64_t>(character_count(texts->first));
  if (offset != nullptr && (*offset < 0 || *offset >= std::max<std::int64_t>(count, 1)))
    return out_of_range(*offset);
  std::size_t from = Last ? std::string_view::npos : 0;
  if (offset != nullptr) from = byte_of_character(texts->first, static_cast<std::size_t>(*offset));
  const std::size_t found =
      Last ? texts->first.rfind(texts->second, from) : texts->first.find(texts->second, from);
  if (found == std::string_view::npos) return std::int64_t{-1};
  return static_cast<std::int64_t>(character_count(texts->first.substr(0, found)));
}

value join(arguments all, spending& cost) {
  const auto between = all.size() > 1 ? all[1].string() : std::string_view();
  if (!all[0].is_list() || !between) return value::no_overload();
  std::string made;
  for (std::size_t i = 0; i < *all[0].size(); ++i) {
    const value item = all[0].item(i);
    const auto seen = item.string();
    if (!seen) return value::no_overload();
    if (!cost.spend(cost_of_text(seen->size() + between->size()))) return {};
    if (i > 0) made += *between;
    made += *seen;
  }
  return value::of(std::move(made));
}

value replace(arguments all, spending& cost) {
  const auto texts = both(all);
  const auto with = all[2].string();
  const auto* limit = all.size() > 3 ? all[3].as<std::int64_t>() : nullptr;
  if (!texts || !with || (all.size() > 3 && limit == nullptr)) return value::no_overload();
  std::string made;
  std::string_view rest = texts->first;
  if (!cost.spend(cost_of_text(rest.size()))) return {};
  for (std::int64_t done = 0; limit == nullptr || *limit < 0 || done < *limit; ++done) {
    // An empty text is found between all characters.
    const bool empty = texts->second.empty();
    const std::size_t at = empty ? (done == 0      ? 0
                                    : rest.empty() ? std::string_view::npos
                                                   : sequence_length(rest))
                                 : rest.find(texts->second);
    if (at == std::string_view::npos) break;
    if (!cost.spend(cost_of_text(at + with->size()))) return {};
    made.append(rest.substr(0, at)).append(*with);
    rest.remove_prefix(at + texts->second.size());
  }
  return value::of(made.append(rest));
}

value split(arguments all, spending& cost) {
  const auto texts = both(all);
  const auto* limit = all.size() > 2 ? all[2].as<std::int64_t>() : nullptr;
  if (!texts || (all.size() > 2 && limit == nullptr)) return value::no_overload();
  if (!cost.spend(cost_of_text(texts->first.size()))) return {};
  const text& whole = *all[0].as<text>();
  value_list parts;
  const auto most = limit == nullptr || *limit < 0 ? SIZE_MAX : static_cast<std::size_t>(*limit);
  if (most == 0) return value::of(std::move(parts));
  std::size_t at = 0;
  while (parts.size() + 1 < most) {
    const std::string_view rest = texts->first.substr(at);
    if (texts->second.empty() && rest.size() <= (rest.empty() ? 0 : sequence_length(rest))) break;
    const std::size_t length = texts->second.empty() ? sequence_length(rest) : rest.find(texts->second);
    if (length == std::string_view::npos) break;
    if (!cost.spend(1)) return {};
    parts.emplace_back(whole.part(at, length));
    at += length + texts->second.size();
  }
  if (!texts->first.empty() || !texts->second.empty())
    parts.emplace_back(whole.part(at, std::string_view::npos));
  return value::of(std::move(parts));
}

value trim(arguments all, spending& cost) {
  const auto seen = all[0].string();
  if (!seen) return value::no_overload();
  if (!cost.spend(cost_of_text(seen->size()))) return {};
  constexpr std::array<std::string_view, 25> blanks{
      " ",      "\t",     "\n",     "\v",     "\f",     "\r",     "\u0085", "\u00a0", "\u1680",
      "\u2000", "\u2001", "\u2002", "\u2003", "\u2004", "\u2005", "\u2006", "\u2007", "\u2008",
      "\u2009", "\u200a", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000"};
  std::size_t begin = 0;
  std::size_t end = seen->size();
  const auto strip = [&](auto matches, auto move) {
    for (bool again = true; again;) {
      again = false;
      for (const std::string_view blank : blanks)
        if (begin < end && matches(seen->substr(begin, end - begin), blank)) move(blank.size()), again = true;
    }
  };
  strip([](auto rest, auto blank) { return rest.starts_with(blank); }, [&](std::size_t by) { begin += by; });
  strip([](auto rest, auto blank) { return rest.ends_with(blank); }, [&](std::size_t by) { end -= by; });
  return all[0].as<text>()->part(begin, end - begin);
}

value format(arguments all, spending& cost) {
  const auto form = all[0].string();
  if (!form || !all[1].is_list()) return value::no_overload();
  return formatted(*form, all[1], cost);
}

value quote(arguments all, spending& cost) {
  const auto seen = all[0].string();
  if (!seen) return value::no_overload();
  if (!cost.spend(cost_of_text(seen->size()))) return {};
  constexpr std::string_view special = "\a\b\f\n\r\t\v\\\"";
  constexpr std::string_view names = "abfnrtv\\\"";
  std::string made = "\"";
  for (const char c : *seen)
    if (const std::size_t at = special.find(c); at != std::string_view::npos)
      made.append("\\").append(1, names[at]);
    else
      made += c;
  return value::of(made + "\"");
}

/// A step of a JSON pointer.
value escape_key(arguments all, spending& cost) {
  const auto seen = all[0].string();
  if (!seen) return value::no_overload();
  if (!cost.spend(cost_of_text(seen->size()))) return {};
  std::string made;
  for (const char c : *seen)
    if (c == '~')
      made += "~0";
    else if (c == '/')
      made += "~1";
    else
      made += c;
  return value::of(std::move(made));
}

constexpr std::array<function_row, 17> rows{
    {{"size",
      "(string)int;(bytes)int;(list(A))int;(map(A,B))int;string.()int;bytes.()int;list(A).()int;map(A,B).()"
      "int",
      size_of},
     {"contains", "string.(string)bool", contains},
     {"startsWith", "string.(string)bool", starts_with},
     {"endsWith", "string.(string)bool", ends_with},
     {"lowerAscii", "string.()string", shifted<'A', 'Z', 'a' - 'A'>},
     {"upperAscii", "string.()string", shifted<'a', 'z', 'A' - 'a'>},
     {"charAt", "string.(int)string", char_at},
     {"substring", "string.(int)string;string.(int,int)string", substring},
     {"indexOf", "string.(string)int;string.(string,int)int;list(A).(A)int", index_of<false>},
     {"lastIndexOf", "string.(string)int;string.(string,int)int;list(A).(A)int", index_of<true>},
     {"join", "list(string).()string;list(string).(string)string", join},
     {"replace", "string.(string,string)string;string.(string,string,int)string", replace},
     {"split", "string.(string)list(string);string.(string,int)list(string)", split},
     {"trim", "string.()string", trim},
     {"format", "string.(list(dyn))string", format},
     {"strings.quote", "(string)string", quote},
     {"jsonpatch.escapeKey", "(string)string", escape_key}}};

} // namespace

std::span<const function_row> text_functions() { return rows; }

} // namespace actord::schema::cel
