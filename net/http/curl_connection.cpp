#include "net/http/curl_connection.hpp"

#include <curl/curl.h>

#include <array>

namespace actord::net {
namespace {

void set_blob(CURL* handle, CURLoption option, const std::string& bytes) {
  curl_blob blob{.data = const_cast<char*>(bytes.data()), .len = bytes.size(), .flags = CURL_BLOB_COPY};
  curl_easy_setopt(handle, option, &blob);
}

error failed(CURLcode outcome, const std::string& url, const char* reason) {
  return error{.kind = outcome == CURLE_OPERATION_TIMEDOUT ? error_kind::timeout : error_kind::unavailable,
               .message = url + ": " + (*reason != '\0' ? reason : curl_easy_strerror(outcome))};
}

} // namespace

void set_curl_identity(void* easy_handle, const http_client_options& options) {
  CURL* const handle = easy_handle;
  if (!options.authority_pem.empty()) set_blob(handle, CURLOPT_CAINFO_BLOB, options.authority_pem);
  if (!options.client.certificate_pem.empty()) {
    curl_easy_setopt(handle, CURLOPT_SSLCERTTYPE, "PEM");
    curl_easy_setopt(handle, CURLOPT_SSLKEYTYPE, "PEM");
    set_blob(handle, CURLOPT_SSLCERT_BLOB, options.client.certificate_pem);
    set_blob(handle, CURLOPT_SSLKEY_BLOB, options.client.key_pem);
  }
  if (!options.insecure) return;
  curl_easy_setopt(handle, CURLOPT_SSL_VERIFYPEER, 0L);
  curl_easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, 0L);
}

void curl_connection::release::operator()(void* easy_handle) const { curl_easy_cleanup(easy_handle); }

result<curl_connection> curl_connection::open(const http_client_options& options) {
  static const CURLcode initialized = curl_global_init(CURL_GLOBAL_DEFAULT);
  curl_connection made;
  made.handle_.reset(curl_easy_init());
  if (initialized != CURLE_OK || !made.handle_)
    return error{.kind = error_kind::internal, .message = "libcurl cannot be initialized"};
  CURL* const handle = made.handle_.get();
  std::array<char, CURL_ERROR_SIZE> reason{};
  curl_easy_setopt(handle, CURLOPT_URL, options.base_url.c_str());
  curl_easy_setopt(handle, CURLOPT_CONNECT_ONLY, 1L);
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, reason.data());
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT, static_cast<long>(options.connect_timeout_s));
  curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(handle, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(handle, CURLOPT_CERTINFO, 1L);
  set_curl_identity(handle, options);
  const CURLcode outcome = curl_easy_perform(handle);
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, nullptr);
  if (outcome != CURLE_OK) return failed(outcome, options.base_url, reason.data());
  curl_socket_t socket = CURL_SOCKET_BAD;
  curl_easy_getinfo(handle, CURLINFO_ACTIVESOCKET, &socket);
  made.descriptor_ = socket;
  return made;
}

std::vector<std::string> curl_connection::presented_certificates() const {
  constexpr std::string_view label = "Cert:";
  std::vector<std::string> found;
  curl_certinfo* info = nullptr;
  if (curl_easy_getinfo(handle_.get(), CURLINFO_CERTINFO, &info) != CURLE_OK || info == nullptr) return found;
  for (int i = 0; i < info->num_of_certs; ++i)
    for (const curl_slist* line = info->certinfo[i]; line != nullptr; line = line->next)
      if (const std::string_view text(line->data); text.starts_with(label))
        found.emplace_back(text.substr(label.size()));
  return found;
}

result<std::size_t> curl_connection::send(std::string_view bytes) {
  std::size_t sent = 0;
  const CURLcode outcome = curl_easy_send(handle_.get(), bytes.data(), bytes.size(), &sent);
  if (outcome == CURLE_AGAIN) return std::size_t{0};
  if (outcome != CURLE_OK) return failed(outcome, "connection", "");
  return sent;
}

result<curl_connection::received> curl_connection::receive() {
  std::array<char, 32768> buffer;
  std::size_t count = 0;
  const CURLcode outcome = curl_easy_recv(handle_.get(), buffer.data(), buffer.size(), &count);
  if (outcome == CURLE_AGAIN) return received{};
  if (outcome != CURLE_OK) return failed(outcome, "connection", "");
  return received{.text = std::string(buffer.data(), count), .ended = count == 0};
}

} // namespace actord::net
