#pragma once

#include "actors/api/api_request.hpp"

#include <string>
#include <string_view>

/// Documents that clients keep and ask for again: discovery, OpenAPI.

namespace actord::actors {

/// A tag that changes with the document.
std::string content_tag(std::string_view document);

enum class keeping : std::uint8_t {
  revalidate, ///< ask again with the tag
  forever,    ///< the address names the content: it never changes
};

/// The document under its tag, or 304 to a client that says it has it.
void answer_cached(const api_request& request, std::string_view content_type, const std::string& tag,
                   keeping how_long, std::string document);

} // namespace actord::actors
