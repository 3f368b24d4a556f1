#include "runtime/oci/seccomp_profile.hpp"

#include "schema/base/json.hpp"

#include <sys/utsname.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <string_view>
#include <vector>

namespace actord::runtime {
namespace {

/// Calls a program needs no special trust for, on the 64-bit architectures; a name that an architecture lacks
/// is skipped by the OCI runtime.
constexpr std::array<std::string_view, 295> ordinary_calls{
    "accept",
    "accept4",
    "access",
    "adjtimex",
    "alarm",
    "arch_prctl",
    "bind",
    "brk",
    "capget",
    "capset",
    "chdir",
    "chmod",
    "chown",
    "chroot",
    "clock_getres",
    "clock_gettime",
    "clock_nanosleep",
    "close",
    "close_range",
    "connect",
    "copy_file_range",
    "creat",
    "dup",
    "dup2",
    "dup3",
    "epoll_create",
    "epoll_create1",
    "epoll_ctl",
    "epoll_pwait",
    "epoll_pwait2",
    "epoll_wait",
    "eventfd",
    "eventfd2",
    "execve",
    "execveat",
    "exit",
    "exit_group",
    "faccessat",
    "faccessat2",
    "fadvise64",
    "fallocate",
    "fanotify_mark",
    "fchdir",
    "fchmod",
    "fchmodat",
    "fchown",
    "fchownat",
    "fcntl",
    "fdatasync",
    "fgetxattr",
    "flistxattr",
    "flock",
    "fork",
    "fremovexattr",
    "fsetxattr",
    "fstat",
    "fstatfs",
    "fsync",
    "ftruncate",
    "futex",
    "futex_waitv",
    "futimesat",
    "get_mempolicy",
    "get_robust_list",
    "get_thread_area",
    "getcpu",
    "getcwd",
    "getdents",
    "getdents64",
    "getegid",
    "geteuid",
    "getgid",
    "getgroups",
    "getitimer",
    "getpeername",
    "getpgid",
    "getpgrp",
    "getpid",
    "getppid",
    "getpriority",
    "getrandom",
    "getresgid",
    "getresuid",
    "getrlimit",
    "getrusage",
    "getsid",
    "getsockname",
    "getsockopt",
    "gettid",
    "gettimeofday",
    "getuid",
    "getxattr",
    "inotify_add_watch",
    "inotify_init",
    "inotify_init1",
    "inotify_rm_watch",
    "io_cancel",
    "io_destroy",
    "io_getevents",
    "io_pgetevents",
    "io_setup",
    "io_submit",
    "ioctl",
    "ioprio_get",
    "ioprio_set",
    "kill",
    "landlock_add_rule",
    "landlock_create_ruleset",
    "landlock_restrict_self",
    "lchown",
    "lgetxattr",
    "link",
    "linkat",
    "listen",
    "listxattr",
    "llistxattr",
    "lremovexattr",
    "lseek",
    "lsetxattr",
    "lstat",
    "madvise",
    "mbind",
    "membarrier",
    "memfd_create",
    "memfd_secret",
    "mincore",
    "mkdir",
    "mkdirat",
    "mknod",
    "mknodat",
    "mlock",
    "mlock2",
    "mlockall",
    "mmap",
    "modify_ldt",
    "move_pages",
    "mprotect",
    "mq_getsetattr",
    "mq_notify",
    "mq_open",
    "mq_timedreceive",
    "mq_timedsend",
    "mq_unlink",
    "mremap",
    "msgctl",
    "msgget",
    "msgrcv",
    "msgsnd",
    "msync",
    "munlock",
    "munlockall",
    "munmap",
    "name_to_handle_at",
    "nanosleep",
    "newfstatat",
    "open",
    "openat",
    "openat2",
    "pause",
    "pidfd_getfd",
    "pidfd_open",
    "pidfd_send_signal",
    "pipe",
    "pipe2",
    "pkey_alloc",
    "pkey_free",
    "pkey_mprotect",
    "poll",
    "ppoll",
    "prctl",
    "pread64",
    "preadv",
    "preadv2",
    "prlimit64",
    "process_mrelease",
    "process_vm_readv",
    "process_vm_writev",
    "pselect6",
    "ptrace",
    "pwrite64",
    "pwritev",
    "pwritev2",
    "read",
    "readahead",
    "readlink",
    "readlinkat",
    "readv",
    "recvfrom",
    "recvmmsg",
    "recvmsg",
    "remap_file_pages",
    "removexattr",
    "rename",
    "renameat",
    "renameat2",
    "restart_syscall",
    "rmdir",
    "rseq",
    "rt_sigaction",
    "rt_sigpending",
    "rt_sigprocmask",
    "rt_sigqueueinfo",
    "rt_sigreturn",
    "rt_sigsuspend",
    "rt_sigtimedwait",
    "rt_tgsigqueueinfo",
    "sched_get_priority_max",
    "sched_get_priority_min",
    "sched_getaffinity",
    "sched_getattr",
    "sched_getparam",
    "sched_getscheduler",
    "sched_rr_get_interval",
    "sched_setaffinity",
    "sched_setattr",
    "sched_setparam",
    "sched_setscheduler",
    "sched_yield",
    "seccomp",
    "select",
    "semctl",
    "semget",
    "semop",
    "semtimedop",
    "sendfile",
    "sendmmsg",
    "sendmsg",
    "sendto",
    "set_mempolicy",
    "set_mempolicy_home_node",
    "set_robust_list",
    "set_thread_area",
    "set_tid_address",
    "setfsgid",
    "setfsuid",
    "setgid",
    "setgroups",
    "setitimer",
    "setpgid",
    "setpriority",
    "setregid",
    "setresgid",
    "setresuid",
    "setreuid",
    "setrlimit",
    "setsid",
    "setsockopt",
    "setuid",
    "setxattr",
    "shmat",
    "shmctl",
    "shmdt",
    "shmget",
    "shutdown",
    "sigaltstack",
    "signalfd",
    "signalfd4",
    "socketpair",
    "splice",
    "stat",
    "statfs",
    "statx",
    "symlink",
    "symlinkat",
    "sync",
    "sync_file_range",
    "syncfs",
    "sysinfo",
    "tee",
    "tgkill",
    "time",
    "timer_create",
    "timer_delete",
    "timer_getoverrun",
    "timer_gettime",
    "timer_settime",
    "timerfd_create",
    "timerfd_gettime",
    "timerfd_settime",
    "times",
    "tkill",
    "truncate",
    "umask",
    "uname",
    "unlink",
    "unlinkat",
    "utime",
    "utimensat",
    "utimes",
    "vfork",
    "vmsplice",
    "wait4",
    "waitid",
    "write",
    "writev",
};

/// Never: kernel keyrings are not namespaced, io_uring passes by this filter, the others change the kernel
/// itself.
constexpr std::array<std::string_view, 19> refused_calls{
    "add_key",        "create_module",   "get_kernel_syms", "io_uring_enter", "io_uring_register",
    "io_uring_setup", "kexec_file_load", "kexec_load",      "keyctl",         "nfsservctl",
    "query_module",   "request_key",     "swapoff",         "swapon",         "sysfs",
    "_sysctl",        "uselib",          "userfaultfd",     "ustat",
};

/// Calls behind a capability.
const std::map<std::string, std::vector<std::string>>& gated_calls() {
  static const std::map<std::string, std::vector<std::string>> calls{
      {"CAP_SYS_ADMIN", {"bpf",           "clone3",      "fanotify_init",   "fsconfig", "fsmount",
                         "fsopen",        "fspick",      "lookup_dcookie",  "mount",    "mount_setattr",
                         "move_mount",    "open_tree",   "perf_event_open", "quotactl", "quotactl_fd",
                         "setdomainname", "sethostname", "setns",           "syslog",   "umount",
                         "umount2",       "unshare",     "pivot_root"}},
      {"CAP_SYS_BOOT", {"reboot"}},
      {"CAP_SYS_MODULE", {"delete_module", "finit_module", "init_module"}},
      {"CAP_SYS_PACCT", {"acct"}},
      {"CAP_SYS_TIME", {"clock_adjtime", "clock_settime", "settimeofday"}},
      {"CAP_SYS_RAWIO", {"ioperm", "iopl"}},
      {"CAP_SYS_TTY_CONFIG", {"vhangup"}},
      {"CAP_DAC_READ_SEARCH", {"open_by_handle_at"}},
      {"CAP_SYSLOG", {"syslog"}},
      {"CAP_BPF", {"bpf"}},
      {"CAP_PERFMON", {"perf_event_open"}},
      {"CAP_SYS_PTRACE", {"kcmp", "process_madvise"}},
      {"CAP_SYS_NICE", {"migrate_pages"}},
  };
  return calls;
}

/// CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET.
constexpr std::uint64_t namespace_flags = 0x7e020000;
constexpr int operation_not_permitted = 1;
constexpr int no_such_call = 38;
constexpr int vsock_family = 40;

std::string native_architecture() {
  utsname names{};
  const std::string_view machine = ::uname(&names) == 0 ? names.machine : "x86_64";
  if (machine == "aarch64") return "SCMP_ARCH_AARCH64";
  if (machine == "riscv64") return "SCMP_ARCH_RISCV64";
  if (machine == "ppc64le") return "SCMP_ARCH_PPC64LE";
  if (machine == "s390x") return "SCMP_ARCH_S390X";
  return "SCMP_ARCH_X86_64";
}

json rule(json names, const char* action) { return {{"names", std::move(names)}, {"action", action}}; }

json refusal(json names, int error_number) {
  json refused = rule(std::move(names), "SCMP_ACT_ERRNO");
  refused["errnoRet"] = error_number;
  return refused;
}

/// clone without new namespaces, sockets but for the hypervisor's, and the harmless personalities.
void add_conditional_rules(json& rules) {
  json plain_clone = rule({"clone"}, "SCMP_ACT_ALLOW");
  plain_clone["args"] = json::array(
      {{{"index", 0}, {"value", namespace_flags}, {"valueTwo", 0}, {"op", "SCMP_CMP_MASKED_EQ"}}});
  rules.push_back(std::move(plain_clone));
  for (const std::uint64_t personality : {0x0UL, 0x8UL, 0x20000UL, 0x20008UL, 0xffffffffUL}) {
    json allowed = rule({"personality"}, "SCMP_ACT_ALLOW");
    allowed["args"] = json::array({{{"index", 0}, {"value", personality}, {"op", "SCMP_CMP_EQ"}}});
    rules.push_back(std::move(allowed));
  }
  json sockets = rule({"socket"}, "SCMP_ACT_ALLOW");
  sockets["args"] = json::array({{{"index", 0}, {"value", vsock_family}, {"op", "SCMP_CMP_NE"}}});
  rules.push_back(std::move(sockets));
}

} // namespace

json default_seccomp_profile(const std::set<std::string>& capabilities) {
  std::set<std::string> allowed(ordinary_calls.begin(), ordinary_calls.end());
  std::set<std::string> refused(refused_calls.begin(), refused_calls.end());
  for (const auto& [capability, calls] : gated_calls())
    (capabilities.contains(capability) ? allowed : refused).insert(calls.begin(), calls.end());
  const bool administers = capabilities.contains("CAP_SYS_ADMIN");
  if (administers) allowed.insert("clone");
  for (const std::string& call : allowed) refused.erase(call);
  // The C library falls back to clone, whose flags can be judged, only when clone3 does not exist.
  const bool hides_clone3 = refused.erase("clone3") != 0;
  json rules = json::array();
  rules.push_back(rule(allowed, "SCMP_ACT_ALLOW"));
  rules.push_back(refusal(refused, operation_not_permitted));
  if (hides_clone3) rules.push_back(refusal({"clone3"}, no_such_call));
  if (administers) {
    rules.push_back(rule({"personality", "socket"}, "SCMP_ACT_ALLOW"));
  } else {
    add_conditional_rules(rules);
  }
  return {{"defaultAction", "SCMP_ACT_ERRNO"},
          {"defaultErrnoRet", no_such_call},
          {"architectures", json::array({native_architecture()})},
          {"syscalls", std::move(rules)}};
}

} // namespace actord::runtime
