#include "actors/api/proxy/incoming_body.hpp"
#include "actors/api/proxy/proxy_headers.hpp"
#include "actors/api/proxy/proxy_target.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::actors;

namespace {

std::string split(std::string_view text) {
  const auto name = split_proxied_name(text);
  return name ? name->scheme + "|" + name->name + "|" + name->port : "none";
}

schema::pod_view pod_at(std::string address) {
  schema::pod_view pod;
  pod.meta.name = "p";
  pod.status.pod_ip = std::move(address);
  pod.spec.containers.resize(2);
  pod.spec.containers[1].ports = {
      {.name = "web", .container_port = 8080, .host_port = 0, .host_ip = {}, .protocol = "TCP"},
      {.name = "admin", .container_port = 9090, .host_port = 0, .host_ip = {}, .protocol = "TCP"}};
  return pod;
}

std::string outcome(const result<proxied_target>& target) {
  if (!target) return target.error().message;
  const net::upstream_target& to = target->to;
  return (to.tls ? "https " : "http ") + to.address + " " + std::to_string(to.port);
}

std::string pod_outcome(std::string_view name, std::string address = "10.1.2.3") {
  return outcome(pod_target(*split_proxied_name(name), pod_at(std::move(address))));
}

/// A service with a port "web" (80) and one "tls" (443), and a slice with the endpoints.
class service_case {
public:
  service_case() {
    service.meta.name = "s";
    service.meta.space = "x";
    service.ports.resize(2);
    service.ports[0].name = "web";
    service.ports[0].port = 80;
    service.ports[1].name = "tls";
    service.ports[1].port = 443;
    slice.ports = {{"web", "TCP", 8080, {}}, {"tls", "TCP", 8443, {}}};
  }
  void add(std::string address, std::string pod, bool ready = true) {
    schema::endpoint_view endpoint;
    endpoint.addresses = {std::move(address)};
    endpoint.ready = ready;
    if (!pod.empty()) endpoint.target = schema::target_reference{"Pod", "x", std::move(pod), {}};
    slice.endpoints.push_back(std::move(endpoint));
  }
  std::string target(std::string_view text) {
    seeded_random_source random(7);
    const pod_lookup find = [&](const std::string&,
                                const std::string& name) -> std::optional<schema::pod_view> {
      if (const auto found = pods.find(name); found != pods.end()) return pod_at(found->second);
      return std::nullopt;
    };
    return outcome(service_target(*split_proxied_name(text), text, service, {slice}, find, random));
  }

  schema::service_view service;
  schema::endpoint_slice_view slice;
  std::map<std::string, std::string> pods;
};

} // namespace

BOOST_AUTO_TEST_SUITE(proxying)

BOOST_AUTO_TEST_CASE(names_may_have_a_scheme_and_a_port) {
  BOOST_TEST(split("p") == "|p|");
  BOOST_TEST(split("p:80") == "|p|80");
  BOOST_TEST(split("https:p:web") == "https|p|web");
  BOOST_TEST(split("http:p:") == "http|p|");
  BOOST_TEST(split(":p:80") == "|p|80");
  BOOST_TEST(split("ftp:p:80") == "none");
  BOOST_TEST(split("") == "none");
  BOOST_TEST(split(":80") == "none");
  BOOST_TEST(split("http:p:80:90") == "none");
}

BOOST_AUTO_TEST_CASE(pods_are_reached_at_the_port_named_or_their_first) {
  BOOST_TEST(pod_outcome("p") == "http 10.1.2.3 8080");
  BOOST_TEST(pod_outcome("p:81") == "http 10.1.2.3 81");
  BOOST_TEST(pod_outcome("https:p:443") == "https 10.1.2.3 443");
  BOOST_TEST(pod_outcome("p:admin") == "http 10.1.2.3 9090");
  BOOST_TEST(pod_outcome("p:none") == "no port \"none\" found for pod \"p\"");
  BOOST_TEST(pod_outcome("p:70000") == "invalid pod request \"p:70000\"");
  schema::pod_view bare;
  bare.status.pod_ip = "10.1.2.3";
  BOOST_TEST(outcome(pod_target({"", "p", ""}, bare)) == "http 10.1.2.3 80");
  BOOST_TEST(outcome(pod_target({"https", "p", ""}, bare)) == "https 10.1.2.3 443");
}

BOOST_AUTO_TEST_CASE(addresses_of_this_machine_are_never_proxied) {
  for (const char* address :
       {"", "127.0.0.1", "127.8.8.8", "169.254.169.254", "0.0.0.0", "255.255.255.255", "224.0.0.1",
        "::", "::1", "fe80::1", "ff02::1", "::ffff:127.0.0.1", "localhost"})
    BOOST_TEST(pod_outcome("p:80", address) == "address not allowed");
  for (const char* address : {"10.1.2.3", "192.168.1.1", "8.8.8.8", "fd00::1", "2001:db8::1"})
    BOOST_TEST(may_be_proxied(std::string_view(address)));
}

BOOST_AUTO_TEST_CASE(services_are_reached_at_a_ready_pod_of_theirs) {
  service_case web;
  web.pods = {{"a", "10.0.0.1"}, {"b", "10.0.0.2"}};
  BOOST_TEST(web.target("s:web") == "no endpoints available for service \"s\"");
  web.add("10.0.0.2", "b", false);
  BOOST_TEST(web.target("s:web") == "no endpoints available for service \"s\"");
  web.add("10.0.0.1", "a");
  BOOST_TEST(web.target("s:web") == "http 10.0.0.1 8080");
  BOOST_TEST(web.target("s:80") == "http 10.0.0.1 8080");
  BOOST_TEST(web.target("https:s:443") == "https 10.0.0.1 8443");
  BOOST_TEST(web.target("s:81") == "no service port 81 found for service \"s\"");
  BOOST_TEST(web.target("s:other") == "no endpoints available for service \"s:other\"");
  BOOST_TEST(web.target("s") == "no endpoints available for service \"s\""); // no port without a name
}

BOOST_AUTO_TEST_CASE(endpoints_that_are_not_their_pods_are_not_believed) {
  service_case web;
  web.pods = {{"a", "10.0.0.1"}};
  web.add("169.254.169.254", "a");
  web.add("10.9.9.9", "a");
  web.add("10.9.9.9", "");
  web.add("10.9.9.9", "gone");
  BOOST_TEST(web.target("s:web") == "no endpoints available for service \"s:web\"");
}

BOOST_AUTO_TEST_CASE(paths_are_cut_behind_proxy) {
  const auto cut = [](std::string_view path, std::size_t segments) {
    const proxied_path split = split_proxied_path(path, segments);
    return split.prefix + "|" + split.rest;
  };
  BOOST_TEST(cut("/api/v1/namespaces/x/pods/y/proxy", 7) == "/api/v1/namespaces/x/pods/y/proxy|");
  BOOST_TEST(cut("/api/v1/namespaces/x/pods/y/proxy/", 7) == "/api/v1/namespaces/x/pods/y/proxy|/");
  BOOST_TEST(cut("/api/v1/namespaces/x/pods/y/proxy/a%2Fb/proxy/", 7) ==
             "/api/v1/namespaces/x/pods/y/proxy|/a%2Fb/proxy/");
  BOOST_TEST(cut("/api/v1/nodes/n/proxy/pods", 5) == "/api/v1/nodes/n/proxy|/pods");
}

BOOST_AUTO_TEST_CASE(what_a_backend_is_sent) {
  net::http_request request;
  request.method = "POST";
  request.query = "a=b";
  request.body = "body";
  request.remote_address = "192.0.2.7:4000";
  request.headers = {{"host", "cluster:6443"},
                     {"authorization", "Bearer secret"},
                     {"impersonate-user", "root"},
                     {"connection", "keep-alive, X-Mine"},
                     {"x-mine", "1"},
                     {"te", "trailers"},
                     {"transfer-encoding", "chunked"},
                     {"accept-encoding", "gzip"},
                     {"x-forwarded-for", "198.51.100.1"},
                     {"x-custom", "kept"}};
  const proxied_path path{.prefix = "/p/proxy", .rest = "/x"};
  BOOST_TEST(upstream_request(request, path, false) == "POST /x?a=b HTTP/1.1\r\n"
                                                       "host: cluster:6443\r\n"
                                                       "x-custom: kept\r\n"
                                                       "x-forwarded-for: 198.51.100.1, 192.0.2.7\r\n"
                                                       "x-forwarded-host: cluster:6443\r\n"
                                                       "x-forwarded-proto: https\r\n"
                                                       "x-forwarded-uri: /p/proxy/x\r\n"
                                                       "connection: close\r\n"
                                                       "accept-encoding: identity\r\n"
                                                       "content-length: 4\r\n"
                                                       "\r\n"
                                                       "body");
}

BOOST_AUTO_TEST_CASE(an_extension_server_hears_from_us_who_asks_and_from_nobody_else) {
  net::http_request request;
  request.method = "GET";
  request.remote_address = "192.0.2.7:4000";
  request.headers = {
      {"host", "cluster:6443"},    {"authorization", "Bearer secret"},   {"impersonate-user", "root"},
      {"x-remote-user", "root"},   {"x-remote-group", "system:masters"}, {"x-remote-extra-scopes", "all"},
      {"accept-encoding", "gzip"}, {"accept", "application/json"}};
  const extension_terms terms{"api.wardle.svc", {{"x-remote-user", "eve"}, {"x-remote-group", "fishers"}}};
  BOOST_TEST(upstream_request(request, {.prefix = {}, .rest = "/apis/g/v1/fish"}, false, body_passing::whole,
                              &terms) == "GET /apis/g/v1/fish HTTP/1.1\r\n"
                                         "accept-encoding: gzip\r\n"
                                         "accept: application/json\r\n"
                                         "host: api.wardle.svc\r\n"
                                         "x-remote-user: eve\r\n"
                                         "x-remote-group: fishers\r\n"
                                         "x-forwarded-for: 192.0.2.7\r\n"
                                         "x-forwarded-host: cluster:6443\r\n"
                                         "x-forwarded-proto: https\r\n"
                                         "x-forwarded-uri: /apis/g/v1/fish\r\n"
                                         "connection: close\r\n"
                                         "\r\n");
  net::upstream_head head;
  head.code = 201;
  head.headers = {
      {"location", "https://api/x"}, {"access-control-allow-origin", "*"}, {"connection", "close"}};
  const auto passed =
      downstream_headers(head, {.prefix = "", .backend_host = "api", .request_host = "r"}, false);
  BOOST_TEST((passed == std::vector<std::pair<std::string, std::string>>{{"location", "https://api/x"}}));
}

BOOST_AUTO_TEST_CASE(a_body_that_follows_keeps_its_length_or_goes_in_chunks) {
  net::http_request request;
  request.method = "DELETE"; // whatever has a body
  request.remote_address = "192.0.2.7:4000";
  request.headers = {{"host", "h"}, {"content-length", "70000000000"}};
  const auto head_of = [&] {
    return upstream_request(request, {"/p", "/"}, false, streamed_body_of(request));
  };
  BOOST_TEST(head_of().ends_with("content-length: 70000000000\r\n\r\n"));
  BOOST_TEST(head_of().find("chunked") == std::string::npos);
  request.headers.back() = {"transfer-encoding", "chunked"};
  BOOST_TEST(head_of().ends_with("transfer-encoding: chunked\r\n\r\n"));
  request.headers.pop_back(); // HTTP/2 has no word for it
  BOOST_TEST(head_of().ends_with("transfer-encoding: chunked\r\n\r\n"));
  BOOST_TEST(framed_piece(body_passing::counted, "abc") == "abc");
  BOOST_TEST(framed_piece(body_passing::chunked, "seventeen letters") == "11\r\nseventeen letters\r\n");
  BOOST_TEST(framed_piece(body_passing::chunked, "").empty()); // would be the end
  BOOST_TEST(framed_end(body_passing::chunked) == "0\r\n\r\n");
  BOOST_TEST(framed_end(body_passing::counted).empty());
}

namespace {

class counted_exchange final : public net::http_exchange {
public:
  void respond(net::http_response) override {}
  void begin(net::http_response) override {}
  void write(shared_bytes) override {}
  void end() override {}
  [[nodiscard]] std::size_t pending_bytes() const override { return 0; }
  void on_drained(std::function<void()>) override {}
  void on_closed(std::function<void()>) override {}
  void body_taken(std::size_t bytes) override { taken += bytes; }
  std::size_t taken = 0;
};

} // namespace

BOOST_AUTO_TEST_CASE(a_body_waits_for_who_passes_it_on) {
  for (const bool complete : {true, false}) {
    const auto exchange = std::make_shared<counted_exchange>();
    const auto body = std::make_shared<incoming_body>(exchange);
    const auto sink = body->sink();
    BOOST_TEST(sink->both_ways);
    BOOST_TEST(sink->more("one ").has_value());
    std::string seen;
    body->open({.piece = [&](shared_bytes piece) { seen += *piece; },
                .complete = [&] { seen += "."; },
                .aborted = [&] { seen += "!"; }});
    BOOST_TEST(seen == "one ");
    BOOST_TEST(sink->more("two").has_value());
    BOOST_TEST(exchange->taken == 0U);
    body->taken(7);
    BOOST_TEST(exchange->taken == 7U);
    complete ? sink->complete() : sink->aborted();
    sink->aborted(); // once is enough
    BOOST_TEST(seen == (complete ? "one two." : "one two!"));
  }
  const auto body = std::make_shared<incoming_body>(nullptr);
  const auto sink = body->sink();
  body->let_go();
  BOOST_TEST(sink->more("for nobody").has_value());
  body->open({.piece = [](shared_bytes) { BOOST_ERROR("nobody asked"); }, .complete = {}, .aborted = {}});
  sink->complete();
}

BOOST_AUTO_TEST_CASE(a_wish_to_upgrade_goes_along) {
  net::http_request request;
  request.method = "GET";
  request.remote_address = "[::1]:4000";
  request.headers = {
      {"host", "h"}, {"connection", "Upgrade"}, {"upgrade", "websocket"}, {"sec-websocket-key", "k"}};
  const std::string sent = upstream_request(request, {.prefix = "/p", .rest = {}}, true);
  BOOST_TEST(sent.starts_with("GET / HTTP/1.1\r\n"));
  BOOST_TEST(sent.find("connection: Upgrade\r\nupgrade: websocket\r\n") != std::string::npos);
  BOOST_TEST(sent.find("sec-websocket-key: k\r\n") != std::string::npos);
  BOOST_TEST(sent.find("x-forwarded-for: ::1\r\n") != std::string::npos);
  BOOST_TEST(sent.find("content-length") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_a_client_is_answered) {
  net::upstream_head head{.code = 302,
                          .headers = {{"content-type", "text/html; charset=utf-8"},
                                      {"connection", "close, x-hop"},
                                      {"x-hop", "1"},
                                      {"content-length", "10"},
                                      {"transfer-encoding", "chunked"},
                                      {"access-control-allow-origin", "*"},
                                      {"location", "/next"},
                                      {"set-cookie", "a=b"}},
                          .length = {}};
  const auto headers =
      downstream_headers(head, {.prefix = "/p/proxy", .backend_host = "b", .request_host = "r"});
  const std::vector<std::pair<std::string, std::string>> expected{
      {"content-type", "text/html; charset=utf-8"}, {"location", "/p/proxy/next"}, {"set-cookie", "a=b"}};
  BOOST_TEST((headers == expected));
  BOOST_TEST(is_html(head));
  head.headers[0].second = "text/htmlish";
  BOOST_TEST(!is_html(head));
  head.headers[0].second = "TEXT/HTML";
  head.headers.emplace_back("content-encoding", "gzip");
  BOOST_TEST(!is_html(head));
}

BOOST_AUTO_TEST_SUITE_END()
