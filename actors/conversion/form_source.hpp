#pragma once

#include "actors/conversion/conversion_gate.hpp"

#include <functional>

namespace actord::actors {

/// Where endpoints get stored objects in the version that a client asked for, on threads that may take their
/// time. Must not outlive the gate.
class form_source {
public:
  /// Runs a job soon, on a thread where reading may take its time.
  using executor = std::function<void(std::function<void()> job)>;

  /// `gate` null: nobody converts.
  form_source(const conversion_gate* gate, executor run) : gate_(gate), run_(std::move(run)) {}

  using taker = std::function<void(result<std::vector<shared_bytes>>)>;
  /// conversion_gate::convert, with `done` called by the executor.
  void convert(schema::resource_handle type, std::vector<shared_bytes> objects, taker done) const;

  /// Calls `show` with the object in the version of `type`: at once and with the bytes themselves where
  /// nothing is to be converted.
  void show(const schema::resource_handle& type, std::string_view bytes,
            std::function<void(result<std::string_view>)> show) const;

private:
  const conversion_gate* gate_;
  executor run_;
};
/// Shared with the answers that wait for a form. Requests about kinds that convert nothing hold none.
using form_source_handle = std::shared_ptr<const form_source>;
form_source_handle source_for(const schema::resource_type& type, const form_source_handle& source);

} // namespace actord::actors
