#include "actors/conversion/form_source.hpp"

#include "schema/object/converted_object.hpp"

#include <fmt/format.h>

namespace actord::actors {

void form_source::convert(schema::resource_handle type, std::vector<shared_bytes> objects, taker done) const {
  if (gate_ == nullptr)
    return done(error{.kind = error_kind::internal,
                      .message = fmt::format("nobody here converts {}", type->plural),
                      .causes = {},
                      .subject = {}});
  gate_->convert(std::move(type), std::move(objects),
                 [run = run_, done = std::move(done)](result<std::vector<shared_bytes>> forms) {
                   run([done, forms = std::move(forms)]() mutable { done(std::move(forms)); });
                 });
}

void form_source::show(const schema::resource_handle& type, std::string_view bytes,
                       std::function<void(result<std::string_view>)> show) const {
  if (!schema::needs_conversion(bytes, *type)) return show(bytes);
  convert(type, {share_bytes(std::string(bytes))},
          [show = std::move(show)](const result<std::vector<shared_bytes>>& forms) {
            show(forms ? result<std::string_view>(*forms->front()) : result<std::string_view>(forms.error()));
          });
}

form_source_handle source_for(const schema::resource_type& type, const form_source_handle& source) {
  return schema::converts(type) ? source : nullptr;
}

} // namespace actord::actors
