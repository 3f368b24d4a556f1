#include "actors/api/conversion/converted_list.hpp"

#include "schema/object/stored_object.hpp"

namespace actord::actors {
namespace {

/// Objects that are converted at once to find those a selector wants.
constexpr std::size_t selected_chunk = 500;

/// One list until it is complete: reads, converts, selects, and reads on.
class converted_reader : public std::enable_shared_from_this<converted_reader> {
public:
  converted_reader(storage::store& store, form_source_handle forms, converted_question question,
                   std::function<void(result<converted_page>)> done)
      : store_(store), forms_(std::move(forms)), question_(std::move(question)),
        stable_(same_in_all_versions(question_.selector)),
        selects_(stable_.labels.size() != question_.selector.labels.size() ||
                 stable_.fields.size() != question_.selector.fields.size()),
        from_(question_.from), past_(question_.past), done_(std::move(done)) {}

  void read_on() {
    std::vector<shared_bytes> objects;
    {
      const auto reads = store_.read();
      const page_question question{.type = *question_.type,
                                   .space = question_.space,
                                   .selector = stable_,
                                   .limit = selects_ ? selected_chunk : question_.limit,
                                   .from = from_,
                                   .remaining = question_.remaining};
      auto page = !past_ || *past_ == reads->at() ? result<object_page>(read_page(*reads, question))
                                                  : read_past_page(store_, *reads, question, *past_);
      if (!page) return done_(page.error());
      past_ = page_.at = page->at;
      rest_ = std::move(page->next);
      for (const std::string_view value : page->values) objects.push_back(share_bytes(std::string(value)));
    }
    forms_->convert(question_.type, std::move(objects),
                    [self = shared_from_this()](result<std::vector<shared_bytes>> converted) {
                      self->take(std::move(converted));
                    });
  }

private:
  void take(result<std::vector<shared_bytes>> converted) {
    if (!converted) return done_(converted.error());
    for (std::size_t i = 0; i < converted->size(); ++i) {
      if (!is_wanted(*(*converted)[i])) continue;
      page_.values.push_back(std::move((*converted)[i]));
      const bool full = question_.limit != 0 && page_.values.size() >= question_.limit;
      if (full && selects_) return finish(i + 1 < converted->size() || rest_);
    }
    if (selects_ && rest_) {
      from_ = rest_->from;
      return read_on();
    }
    if (rest_) page_.next = std::move(rest_);
    done_(std::move(page_));
  }

  /// The page is full; more may follow its last object.
  void finish(bool more) {
    if (more) {
      const auto last = schema::object_view::open_envelope(*page_.values.back());
      page_.next =
          continuation{page_.at, {std::string(last->space()), std::string(last->name())}, std::nullopt};
    }
    done_(std::move(page_));
  }

  [[nodiscard]] bool is_wanted(const std::string& bytes) const {
    if (!selects_) return true;
    const auto view = schema::object_view::open(bytes);
    return view && question_.selector.matches(*view);
  }

  storage::store& store_;
  const form_source_handle forms_;
  const converted_question question_;
  const object_selector stable_;
  const bool selects_; ///< whether converted objects are still to be selected
  storage::list_position from_;
  std::optional<revision> past_; ///< the revision of the list once it is known
  std::optional<continuation> rest_;
  converted_page page_;
  const std::function<void(result<converted_page>)> done_;
};

} // namespace

object_selector same_in_all_versions(const object_selector& selector) {
  object_selector same;
  for (const field_requirement& field : selector.fields)
    if (field.path == "metadata.name" || field.path == "metadata.namespace") same.fields.push_back(field);
  return same;
}

void read_converted_page(storage::store& store, const form_source_handle& forms, converted_question question,
                         std::function<void(result<converted_page>)> done) {
  std::make_shared<converted_reader>(store, forms, std::move(question), std::move(done))->read_on();
}

} // namespace actord::actors
