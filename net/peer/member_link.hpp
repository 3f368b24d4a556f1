#pragma once

#include "net/peer/peer_talk.hpp"
#include "net/peer/served_peer.hpp"

#include <memory>

namespace actord::net {

/// The connection that we dial to one member, over and over. On the network's thread.
class member_link {
public:
  member_link(peer_context& context, storage::member_id member, std::string address);
  ~member_link() noexcept(false);
  member_link(const member_link&) = delete;
  member_link& operator=(const member_link&) = delete;

  [[nodiscard]] const std::string& address() const { return address_; }

private:
  kj::Promise<void> run();
  kj::Promise<void> attempt();
  kj::Promise<std::string> numeric_address();
  kj::Promise<void> connect(const std::string& numeric);
  kj::Promise<void> greet();
  kj::Promise<void> until_end();
  void ended(const kj::Exception* fault);
  void drop_connection();

  peer_context& context_;
  const storage::member_id member_;
  const std::string address_;

  unique_fd socket_;                                  ///< while it is connecting
  kj::Own<kj::UnixEventPort::FdObserver> connecting_; ///< of socket_, which must outlive it
  std::unique_ptr<rpc_connection> connection_;
  std::shared_ptr<peer_session> session_; ///< what the other end may ask of us
  std::unique_ptr<peer_talk> talk_;

  unsigned failures_ = 0;
  bool broke_lately_ = false; ///< the peer closed on us, and since then nothing came about
  bool connect_refused_ = false;
  bool unfit_ = false; ///< one side did not want the other
  std::string last_logged_;
  kj::Promise<void> running_;
};

} // namespace actord::net
