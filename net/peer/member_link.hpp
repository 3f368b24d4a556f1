#pragma once

#include "net/peer/peer_context.hpp"

#include <map>
#include <optional>

namespace actord::net {

/// The connection that we dial to one member, over and over, and all that we ask over it. On the network's
/// thread.
class member_link final : private kj::TaskSet::ErrorHandler {
public:
  member_link(peer_context& context, storage::member_id member, std::string address);
  /// Calls under way are answered: what became of them is unknown.
  ~member_link() noexcept(false);

  [[nodiscard]] const std::string& address() const { return address_; }
  /// Sends what waits in the mail, as far as the peer keeps up.
  void pump();

private:
  /// From welcome to the end.
  struct conversation {
    conversation(member_link& link, wire::Peer::Client with) : peer(kj::mv(with)), asked(link) {}

    wire::Peer::Client peer;
    std::size_t under_way_bytes = 0;
    bool pinged = false;
    std::string overtaken; ///< a message of which `overtaken_from` bytes have left
    std::size_t overtaken_from = 0;
    unsigned parts_under_way = 0;
    kj::TaskSet asked;
  };

  kj::Promise<void> run();
  kj::Promise<void> attempt();
  kj::Promise<std::string> numeric_address();
  kj::Promise<void> connect(const std::string& numeric);
  kj::Promise<void> greet();
  kj::Promise<void> until_end();
  kj::Promise<void> watch();
  void ended(const kj::Exception* fault);
  void send_raft(std::vector<std::string> messages);
  void send_parts();
  void start_call(queued_call call);
  void finish_call(std::uint64_t number, result<std::string> with);
  void drop_connection();
  void taskFailed(kj::Exception&& fault) override;

  peer_context& context_;
  const storage::member_id member_;
  const std::string address_;

  unique_fd socket_;                                  ///< while it is connecting
  kj::Own<kj::UnixEventPort::FdObserver> connecting_; ///< of socket_, which must outlive it
  std::unique_ptr<rpc_connection> connection_;
  std::unique_ptr<conversation> talk_;
  std::map<std::uint64_t, std::function<void(result<std::string>)>> calls_;
  std::uint64_t last_call_ = 0;
  kj::Maybe<kj::Own<kj::PromiseFulfiller<void>>> end_;

  unsigned failures_ = 0;
  bool broke_lately_ = false; ///< the peer closed on us, and since then nothing came about
  bool connect_refused_ = false;
  bool unfit_ = false; ///< one side did not want the other
  std::string last_logged_;
  kj::Promise<void> running_;
};

} // namespace actord::net
