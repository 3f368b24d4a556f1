#pragma once

#include "net/cni/link_control.hpp"

#include <arpa/inet.h>
#include <linux/rtnetlink.h>

#include <libmnl/libmnl.h>

#include <array>
#include <cerrno>
#include <memory>
#include <system_error>

/// How the few rtnetlink requests of this folder and of net/overlay are made.

namespace actord::net {

inline error kernel_refused(const std::string& what, int error_number) {
  return error{.message = what + ": " + std::generic_category().message(error_number)};
}

/// One request being built, then sent and acknowledged.
class route_request {
public:
  route_request(std::uint16_t type, std::uint16_t flags) : header_(mnl_nlmsg_put_header(buffer_.data())) {
    header_->nlmsg_type = type;
    header_->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
    header_->nlmsg_seq = 1;
  }

  nlmsghdr* message() { return header_; }
  template <class Part>
  Part* part() {
    return static_cast<Part*>(mnl_nlmsg_put_extra_header(header_, sizeof(Part)));
  }
  void text(std::uint16_t type, const std::string& value) { mnl_attr_put_strz(header_, type, value.c_str()); }
  void number(std::uint16_t type, std::uint32_t value) { mnl_attr_put_u32(header_, type, value); }
  void address(std::uint16_t type, std::uint32_t value) { mnl_attr_put_u32(header_, type, htonl(value)); }
  void hardware(std::uint16_t type, const hardware_address& value) {
    mnl_attr_put(header_, type, value.size(), value.data());
  }

  /// 0 or the kernel's error number, on a socket of the calling thread's network namespace.
  int send() {
    const std::unique_ptr<mnl_socket, int (*)(mnl_socket*)> socket(
        mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC), mnl_socket_close);
    if (!socket || mnl_socket_bind(socket.get(), 0, MNL_SOCKET_AUTOPID) < 0) return errno;
    const unsigned port = mnl_socket_get_portid(socket.get());
    if (mnl_socket_sendto(socket.get(), header_, header_->nlmsg_len) < 0) return errno;
    std::array<char, 16384> answer;
    const ssize_t size = mnl_socket_recvfrom(socket.get(), answer.data(), answer.size());
    if (size < 0) return errno;
    return mnl_cb_run(answer.data(), static_cast<std::size_t>(size), header_->nlmsg_seq, port, nullptr,
                      nullptr) < 0
               ? errno
               : 0;
  }

private:
  alignas(NLMSG_ALIGNTO) std::array<char, 2048> buffer_{};
  nlmsghdr* header_;
};

/// Gives an interface an address, or brings it up: 0 or the kernel's error number.
int add_address(unsigned index, const interface_address& wish);
int set_up(unsigned index);

} // namespace actord::net
