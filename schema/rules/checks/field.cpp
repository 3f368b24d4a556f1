#include "schema/rules/checks/field.hpp"

#include "schema/base/json.hpp"
#include "schema/base/quick_name.hpp"

#include <cstring>

namespace actord::schema::rules {

namespace {

const json absent;

const json& member(const json& object, std::string_view name) {
  const auto* const members = object.get_ptr<const json::object_t*>();
  if (members == nullptr) return absent;
  const auto found = members->find(quick_name(name));
  return found == members->end() ? absent : found->second;
}

} // namespace

field::field(const json& root) : value_(&root) {}

/// The way to another place. Most are short, and so many bytes are copied without a call.
[[gnu::always_inline]] inline void field::copy_steps(const field& from) {
  constexpr std::size_t usual_depth = 4;
  depth_ = from.depth_;
  std::memcpy(steps_.data(), from.steps_.data(), usual_depth * sizeof(segment));
  if (depth_ > usual_depth)
    std::memcpy(&steps_[usual_depth], &from.steps_[usual_depth], (depth_ - usual_depth) * sizeof(segment));
}

field::field(const field& other) : value_(other.value_), prefix_(other.prefix_) { copy_steps(other); }

field& field::operator=(const field& other) {
  if (this == &other) return *this;
  value_ = other.value_;
  prefix_ = other.prefix_;
  copy_steps(other);
  return *this;
}

inline field::field(const field& parent, segment step, const json& value) : value_(&value) {
  if (parent.depth_ == max_depth) {
    prefix_ = std::make_shared<const std::string>(parent.path());
  } else {
    prefix_ = parent.prefix_;
    copy_steps(parent);
  }
  steps_[depth_++] = step;
}

field field::at(std::string_view name) const { return {*this, step_of(name, -1), member(*value_, name)}; }

field field::entry(std::string_view key) const { return {*this, step_of(key, -2), member(*value_, key)}; }

field field::item(std::size_t index) const {
  const bool there = value_->is_array() && index < value_->size();
  return {*this, step_of({}, static_cast<std::int32_t>(index)), there ? (*value_)[index] : absent};
}

field field::named(std::string_view name) const { return {*this, step_of(name, -1), *value_}; }

field field::with(const json& value) const {
  field result(*this);
  result.value_ = &value;
  return result;
}

bool field::present() const { return !value_->is_null(); }
bool field::contains(std::string_view name) const { return !member(*value_, name).is_null(); }

bool field::zero() const {
  switch (value_->type()) {
  case json::value_t::null:
    return true;
  case json::value_t::boolean:
    return !value_->get<bool>();
  case json::value_t::string:
    return value_->get_ref<const std::string&>().empty();
  case json::value_t::number_integer:
  case json::value_t::number_unsigned:
  case json::value_t::number_float:
    return value_->get<double>() == 0;
  default:
    return value_->empty();
  }
}

std::string_view field::text() const {
  return value_->is_string() ? std::string_view(value_->get_ref<const std::string&>()) : std::string_view{};
}

std::int64_t field::integer(std::int64_t otherwise) const {
  return value_->is_number() ? value_->get<std::int64_t>() : otherwise;
}

bool field::truth() const { return value_->is_boolean() && value_->get<bool>(); }
bool field::is_text() const { return value_->is_string(); }
bool field::is_integer() const { return value_->is_number_integer(); }
std::size_t field::size() const { return value_->is_structured() ? value_->size() : 0; }
field::list_range field::items() const { return list_range(*this); }

std::string field::path() const {
  std::string text = prefix_ == nullptr ? std::string() : *prefix_;
  for (std::size_t at = 0; at < depth_; ++at) {
    const segment& step = steps_[at];
    const std::string_view name(step.name, step.name_bytes);
    if (step.index == -1) {
      if (!text.empty()) text += '.';
      text += name;
    } else {
      text += '[';
      text += step.index == -2 ? std::string(name) : std::to_string(step.index);
      text += ']';
    }
  }
  return text;
}

} // namespace actord::schema::rules
