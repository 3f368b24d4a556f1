#pragma once

#include <string>
#include <string_view>
#include <utility>

/// A backend behind a proxied path believes it is at the root. Its absolute links are made to lead through
/// the proxy.

namespace actord::net {

struct link_terms {
  std::string prefix;       ///< the proxied path: "/api/v1/namespaces/x/pods/y/proxy"
  std::string backend_host; ///< "10.1.2.3:8080"
  std::string request_host; ///< the Host header of the request, which the backend saw
};

/// A link of a Location header or an attribute. Unchanged: relative ones, those to other hosts, those with
/// the prefix already, and what is no link ("javascript:...").
std::string rewritten_link(const link_terms& terms, std::string_view link);

/// Rewrites the links in an HTML document that comes in pieces: href, src, action and the like, in start
/// tags. Comments, scripts and styles are left alone. Holds back only an unfinished tag, which beyond a bound
/// is passed on as it is.
class html_rewriter {
public:
  explicit html_rewriter(link_terms terms) : terms_(std::move(terms)) {}

  /// What can be passed on now.
  std::string put(std::string_view piece);
  /// The rest, at the document's end.
  std::string finish();

private:
  /// The length of the markup that `rest` begins with ("<a ...>", "<!-- ... -->"); 0 when its end has not
  /// come.
  [[nodiscard]] std::size_t markup_length(std::string_view rest) const;
  [[nodiscard]] std::string rewritten_tag(std::string_view tag);

  const link_terms terms_;
  std::string held_;
  std::string raw_until_; ///< "</script": inside an element whose content is not markup
};

} // namespace actord::net
