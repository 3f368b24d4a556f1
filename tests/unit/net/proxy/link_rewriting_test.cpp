#include "net/proxy/link_rewriting.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord::net;

namespace {

const link_terms terms{.prefix = "/api/v1/namespaces/x/pods/y/proxy",
                       .backend_host = "10.1.2.3:8080",
                       .request_host = "cluster:6443"};

std::string link(std::string_view text) { return rewritten_link(terms, text); }

/// Whatever the pieces, the outcome is the same.
std::string html(std::string_view text) {
  std::string whole;
  for (const std::size_t piece : {1UL, 2UL, 5UL, 1000UL}) {
    html_rewriter rewriter(terms);
    std::string out;
    for (std::size_t at = 0; at < text.size(); at += piece) out += rewriter.put(text.substr(at, piece));
    out += rewriter.finish();
    if (whole.empty()) whole = out;
    BOOST_TEST(out == whole);
  }
  return whole;
}

} // namespace

BOOST_AUTO_TEST_SUITE(proxied_links)

BOOST_AUTO_TEST_CASE(absolute_links_to_the_backend_lead_through_the_proxy) {
  BOOST_TEST(link("/") == terms.prefix + "/");
  BOOST_TEST(link("/a/b?c=d#e") == terms.prefix + "/a/b?c=d#e");
  BOOST_TEST(link("http://10.1.2.3:8080/a/") == terms.prefix + "/a/");
  BOOST_TEST(link("https://cluster:6443/a") == terms.prefix + "/a");
  BOOST_TEST(link("//10.1.2.3:8080/a") == terms.prefix + "/a");
}

BOOST_AUTO_TEST_CASE(other_links_stay) {
  for (const char* text :
       {"a/b", "../a", "?x=1", "#top", "", "http://example.com/a", "//example.com/a",
        "http://10.1.2.3/other-port", "mailto:x@y", "javascript:f('/a')", "http://10.1.2.3:8080"})
    BOOST_TEST(link(text) == text);
}

BOOST_AUTO_TEST_CASE(links_that_have_the_prefix_do_not_get_it_twice) {
  BOOST_TEST(link(terms.prefix + "/a") == terms.prefix + "/a");
  BOOST_TEST(link(terms.prefix) == terms.prefix);
  BOOST_TEST(link(terms.prefix + "?q") == terms.prefix + "?q");
  BOOST_TEST(link("https://cluster:6443" + terms.prefix + "/a") == terms.prefix + "/a");
  BOOST_TEST(link(terms.prefix + "er") == terms.prefix + terms.prefix + "er"); // another word
}

BOOST_AUTO_TEST_CASE(attributes_that_hold_links_are_rewritten) {
  const std::string& p = terms.prefix;
  BOOST_TEST(html("<a href=\"/x\">x</a>") == "<a href=\"" + p + "/x\">x</a>");
  BOOST_TEST(html("<A HREF='/x' class=\"/y\">") == "<A HREF='" + p + "/x' class=\"/y\">");
  BOOST_TEST(html("<img src=/x.png alt='/z'/>") == "<img src=" + p + "/x.png alt='/z'/>");
  BOOST_TEST(html("<form method=post action = \"/go\" >") == "<form method=post action = \"" + p + "/go\" >");
  BOOST_TEST(html("<link rel=stylesheet href=\"/s.css\"><script src=\"/s.js\"></script>") ==
             "<link rel=stylesheet href=\"" + p + "/s.css\"><script src=\"" + p + "/s.js\"></script>");
  BOOST_TEST(html("<input disabled formaction=\"/f\" value=\"/v\">") ==
             "<input disabled formaction=\"" + p + "/f\" value=\"/v\">");
}

BOOST_AUTO_TEST_CASE(everything_else_stays_byte_for_byte) {
  for (const char* text : {"plain text",
                           "a < b and c > d",
                           "<p title=\"/x\">1 < 2</p>",
                           "<!-- <a href=\"/x\"> -->",
                           "<!DOCTYPE html>",
                           "<script>var a = '<a href=\"/x\">';</script>",
                           "<style>a { background: url(/x) }</style>",
                           "<title><a href=\"/x\"></title>",
                           "<a>",
                           "<a href>",
                           "<a href=>",
                           "<a href=\"x\" / b = c>",
                           "</a href=\"/x\">",
                           "<div data-href=\"/x\">",
                           "<br/>",
                           "<a href=\"unfinished",
                           "<",
                           "<!",
                           "<!-- unfinished <a href=\"/x\">",
                           "<a =\"/x\">",
                           "\xff\xfe<\xff>"})
    BOOST_TEST(html(text) == text);
}

BOOST_AUTO_TEST_CASE(a_script_ends_where_it_ends) {
  const std::string& p = terms.prefix;
  BOOST_TEST(html("<script>x</SCRIPT><a href=/y>") == "<script>x</SCRIPT><a href=" + p + "/y>");
  BOOST_TEST(html("<!-- a --><a href=\"/y\">") == "<!-- a --><a href=\"" + p + "/y\">");
  BOOST_TEST(html("<a title='>' href=\"/y\">") == "<a title='>' href=\"" + p + "/y\">");
}

BOOST_AUTO_TEST_CASE(a_tag_without_an_end_is_not_kept_for_ever) {
  html_rewriter rewriter(terms);
  std::size_t passed = rewriter.put("<a href=\"").size();
  for (int at = 0; at < 100; ++at) passed += rewriter.put(std::string(1024, 'x')).size();
  BOOST_TEST(passed > 60U * 1024);
}

BOOST_AUTO_TEST_SUITE_END()
