#include "actors/conversion/write_conversions.hpp"

#include "schema/base/always.hpp"
#include "schema/codec/json_text.hpp"

#include <algorithm>

namespace actord::actors {
namespace {

/// A write meets a handful of versions; one that goes on asking would never end.
constexpr int rounds_max = 40;

error wanted() {
  return {.kind = error_kind::internal,
          .message = "the write waits for a conversion",
          .causes = {},
          .subject = {}};
}

} // namespace

result<std::string> write_conversions::stored(const schema::resource_handle& type, const std::string& bytes) {
  if (failure_) return *failure_;
  if (form_ && form_asked_->type->id == type->id && *form_asked_->bytes == bytes) return *form_;
  form_asked_ = wanted_form{type, share_bytes(bytes)};
  form_ = nullptr;
  wanted_form_ = true;
  return wanted();
}

const json* write_conversions::tree(const schema::resource_handle& from, const schema::resource_handle& to,
                                    json object) {
  if (failure_) return nullptr;
  object["metadata"].erase("managedFields");
  object["apiVersion"] = from->api_version();
  object["kind"] = from->kind;
  std::string asked = to->api_version() + schema::json_text(object);
  const auto known = std::ranges::find_if(trees_, [&](const auto& one) { return one->asked == asked; });
  if (known != trees_.end()) return (*known)->object ? &*(*known)->object : nullptr;
  const bool again =
      std::ranges::any_of(wanted_trees_, [&](const auto& each) { return each.first == asked; });
  if (!again)
    wanted_trees_.emplace_back(std::move(asked),
                               conversion_gate::tree_conversion{from, to, std::move(object)});
  return nullptr;
}

void write_conversions::take(result<json> tree, std::string asked) {
  std::optional<json> object;
  if (tree)
    object = std::move(*tree);
  else if (!tree_failure_)
    tree_failure_ = tree.error();
  trees_.push_back(std::make_shared<known_tree>(known_tree{std::move(asked), std::move(object)}));
}

void write_conversions::fetch(const runner& run, std::function<void()> done) {
  ALWAYS(wants());
  if (++rounds_ > rounds_max) {
    failure_ = error{.kind = error_kind::internal,
                     .message = "Internal error occurred: the object is converted without end",
                     .causes = {},
                     .subject = {}};
    wanted_form_ = false;
    wanted_trees_.clear();
    return run(std::move(done));
  }
  const auto trees = std::exchange(wanted_trees_, {});
  const bool form = std::exchange(wanted_form_, false);
  const auto left = std::make_shared<std::size_t>(trees.size() + (form ? 1 : 0));
  const auto count_down = [left, done = std::move(done)] {
    if (--*left == 0) done();
  };
  const auto self = shared_from_this();
  if (form)
    gate_.convert(form_asked_->type, {form_asked_->bytes},
                  [self, run, count_down](result<std::vector<shared_bytes>> forms) {
                    run([self, count_down, forms = std::move(forms)]() mutable {
                      if (forms)
                        self->form_ = std::move(forms->front());
                      else if (!self->failure_)
                        self->failure_ = forms.error();
                      count_down();
                    });
                  });
  for (const auto& [asked, what] : trees)
    gate_.convert_tree(what, [self, run, count_down, asked = asked](result<json> tree) {
      run([self, count_down, asked, tree = std::move(tree)]() mutable {
        self->take(std::move(tree), std::move(asked));
        count_down();
      });
    });
}

} // namespace actord::actors
