#include "actors/admission/admission_facts.hpp"

#include "schema/object/stored_object.hpp"
#include "schema/tables/resource_table.hpp"

#include <algorithm>
#include <cstring>

namespace actord::actors {
namespace {

/// Quick also where the text is full of the word's first character.
bool text_holds(const schema::object_view& view, std::string_view word) {
  const std::string_view text = view.text();
  return memmem(text.data(), text.size(), word.data(), word.size()) != nullptr;
}

} // namespace

const storage::snapshot& admission_facts::reads() const {
  if (!reads_) reads_ = store_.read();
  return *reads_;
}

std::optional<json> admission_facts::get(const schema::resource_type& type, std::string_view space,
                                         std::string_view name) const {
  if (name.empty()) return {};
  const std::string_view bytes = reads().get({type.stored_as, std::string(space), std::string(name)});
  if (bytes.empty()) return {};
  const auto view = schema::object_view::open(bytes);
  if (!view) return {};
  return view->to_json(type);
}

std::optional<json> admission_facts::get_holding(const schema::resource_type& type, std::string_view space,
                                                 std::string_view name,
                                                 std::initializer_list<std::string_view> words) const {
  if (name.empty()) return {};
  const std::string_view bytes = reads().get({type.stored_as, std::string(space), std::string(name)});
  if (bytes.empty()) return {};
  const auto view = schema::object_view::open(bytes);
  if (!view) return {};
  if (std::ranges::none_of(words, [&](std::string_view word) { return text_holds(*view, word); }))
    return json(json::value_t::object);
  return view->to_json(type);
}

std::vector<json> admission_facts::list(const schema::resource_type& type, std::string_view space,
                                        std::string_view holding) const {
  std::vector<json> found;
  reads().scan(type.stored_as, space, [&](std::string_view bytes) {
    const auto view = schema::object_view::open(bytes);
    if (view && text_holds(*view, holding)) found.push_back(view->to_json(type));
    return true;
  });
  return found;
}

bool admission_facts::holds(const schema::resource_type& type, std::string_view space, std::string_view name,
                            std::string_view text) const {
  if (name.empty()) return false;
  const std::string_view bytes = reads().get({type.stored_as, std::string(space), std::string(name)});
  if (bytes.empty()) return false;
  const auto view = schema::object_view::open(bytes);
  return view && text_holds(*view, text);
}

std::optional<schema::text_map> admission_facts::labels(const schema::resource_type& type,
                                                        std::string_view space, std::string_view name) const {
  if (name.empty()) return {};
  const std::string_view bytes = reads().get({type.stored_as, std::string(space), std::string(name)});
  if (bytes.empty()) return {};
  const auto view = schema::object_view::open(bytes);
  if (!view) return {};
  schema::text_map labels;
  for (const auto& [key, value] : view->labels()) labels.emplace(key, value);
  return labels;
}

} // namespace actord::actors
