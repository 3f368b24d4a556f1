#include "actors/nodes/node_directory.hpp"

#include "actors/nodes/remote_node_services.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <map>
#include <mutex>
#include <utility>

namespace actord::actors {
namespace {

constexpr std::size_t readers_max = 256;
/// Names that were ever asked for; far beyond the nodes that a cluster may have.
constexpr std::size_t nodes_max = 65536;

error unavailable(std::string message) {
  return {.kind = error_kind::unavailable, .message = std::move(message)};
}

} // namespace

class node_directory::state {
public:
  state(std::string own_name, node_link* link) : own_name_(std::move(own_name)), link_(link) {}
  ~state() {
    // Nobody wakes a reader any more; those that read end with their clients.
    if (loop_) loop_->stop();
  }
  state(const state&) = delete;
  state& operator=(const state&) = delete;

  void connect_own(node_services* own) {
    const std::scoped_lock hold(mutex_);
    own_ = own;
  }

  bool is_among_pods() {
    const std::scoped_lock hold(mutex_);
    return own_ != nullptr;
  }

  result<node_services*> find(const std::string& node) {
    const std::scoped_lock hold(mutex_);
    if (node == own_name_ && own_ != nullptr) return own_;
    if (node == own_name_ || link_ == nullptr)
      return unavailable(fmt::format("node {} is not connected to this server", node));
    if (const auto known = others_.find(node); known != others_.end()) return known->second.get();
    if (others_.size() >= nodes_max) return unavailable("too many nodes were asked for");
    if (!loop_) {
      auto started = net::stream_loop::start();
      if (!started) return started.error();
      loop_ = std::move(*started);
    }
    auto made = std::make_unique<remote_node_services>(
        remote_node{.name = node, .link = *link_, .loop = loop_, .readers = readers_, .logs = logs_});
    return others_.emplace(node, std::move(made)).first->second.get();
  }

  result<node_services*> find_for_image(const std::string& named, const std::vector<std::string>& nodes) {
    if (named.empty()) {
      const std::scoped_lock hold(mutex_);
      if (own_ != nullptr) return own_;
    }
    if (named.empty() && nodes.size() == 1) return find(nodes.front());
    if (std::ranges::find(nodes, named) != nodes.end()) return find(named);
    if (nodes.empty()) return unavailable("there is no node that could hold images");
    return error{.kind = error_kind::bad_request, .message = which_node(named, nodes)};
  }

private:
  static std::string which_node(const std::string& named, const std::vector<std::string>& nodes) {
    constexpr std::size_t shown = 20;
    const std::vector<std::string> some(
        nodes.begin(), nodes.begin() + static_cast<std::ptrdiff_t>(std::min(nodes.size(), shown)));
    const std::string list = fmt::format("{}{}", fmt::join(some, ", "), nodes.size() > shown ? ", ..." : "");
    return named.empty() ? fmt::format("say which node the image is for (node=NAME): {}", list)
                         : fmt::format("there is no node {}: the nodes are {}", named, list);
  }

  const std::string own_name_;
  node_link* const link_;
  std::mutex mutex_;
  node_services* own_ = nullptr;
  worker_pool readers_{readers_max};
  const std::shared_ptr<std::atomic<int>> logs_ = std::make_shared<std::atomic<int>>(0);
  std::shared_ptr<net::stream_loop> loop_; ///< from the first other node on
  std::map<std::string, std::unique_ptr<remote_node_services>> others_;
};

node_directory::node_directory(std::string own_name, node_link* link)
    : state_(std::make_unique<state>(std::move(own_name), link)) {}
node_directory::~node_directory() = default;

result<node_services*> find_node(node_directory* nodes, const std::string& node) {
  if (nodes == nullptr) return unavailable("no node is connected to this server");
  return nodes->find(node);
}

void node_directory::connect_own(node_services* own) { state_->connect_own(own); }
bool node_directory::is_among_pods() const { return state_->is_among_pods(); }
result<node_services*> node_directory::find(const std::string& node) { return state_->find(node); }
result<node_services*> node_directory::find_for_image(const std::string& named,
                                                      const std::vector<std::string>& nodes) {
  return state_->find_for_image(named, nodes);
}

} // namespace actord::actors
