#include "schema/base/urgent_thread.hpp"

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

namespace actord {
namespace {

/// About nine times the share of an ordinary thread, and it need not wait for one to use up its slice. Still
/// far from real time: what goes wrong here cannot stop the machine.
constexpr int urgent_nice = -10;

} // namespace

void make_thread_urgent(const char* name) {
  ::pthread_setname_np(::pthread_self(), name);
  // Linux keeps it for each thread.
  static_cast<void>(::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), urgent_nice));
}

} // namespace actord
