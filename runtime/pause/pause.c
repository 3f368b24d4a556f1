/* The small static helper of a node, in parts.
 *
 *   actord-pause sandbox [OPTION...]   makes a pod's namespaces and leaves a process in them that holds them,
 * ends on SIGTERM or SIGINT and reaps orphans; prints that process's id and returns.
 *     --netns=PATH       join this network namespace
 *     --hostname=NAME    in a UTS namespace of its own
 *     --ipc              an IPC namespace of its own
 *     --pid              a process namespace of its own, the holder being process 1
 *     --cgroup=FILE      write itself into this cgroup.procs first (repeatable)
 *     --sysctl=PATH=TEXT written below /proc/sys, in the new namespaces (repeatable)
 *     --root=DIR         an empty directory that becomes the mount point of the holder's empty root
 *     --fence=FILE       a second process, the guard, ends the pod at the deadline that FILE holds; prints
 *                        the guard's id behind the holder's
 *     --group=DIR        a control group of the pod, which the guard empties (repeatable)
 *
 *   actord-pause hide-unified PROGRAM ARGUMENT...   runs an OCI runtime without sight of
 * /sys/fs/cgroup/unified, which stock crun takes for a reason to refuse cgroup v1 (hybrid layout).
 *
 *   actord-pause follow PIDFILE PROGRAM ARGUMENT...   runs an OCI runtime that starts a process and leaves it
 * behind, its number in PIDFILE; stays until that one ends, and ends as it did.
 *
 *   actord-pause version               something to run in a trial container.
 *
 * The guard stays where it was started, as root: outside the pod's namespaces, in its group "pause". FILE
 * begins with 8 bytes, the deadline in nanoseconds of CLOCK_BOOTTIME, which its writer moves ahead; a
 * suspended machine finds it passed when it wakes. Once it has passed the guard kills whatever is in the
 * pod's groups, again and again until it is killed itself: what comes late finds no gap.
 *
 * The holder has an empty, read-only root, no capabilities, no way to gain any, and the user 65535: with a
 * shared process namespace it is visible to every container of the pod.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { most_options = 256, most_groups = 8, most_nested = 32, nobody = 65535 };

static _Noreturn void fail(const char* what) {
  fprintf(stderr, "actord-pause: %s: %s\n", what, strerror(errno));
  exit(1);
}

static void write_text(const char* path, const char* text) {
  const int file = open(path, O_WRONLY | O_CLOEXEC);
  if (file < 0 || write(file, text, strlen(text)) != (ssize_t)strlen(text)) fail(path);
  close(file);
}

static void ignore_signal(int number) { (void)number; }

/* Waits for ever. SIGCHLD needs a handler: ignored signals would not interrupt the wait, and their children
 * are not reaped when they were adopted before. */
static _Noreturn void hold(void) {
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, NULL);
  struct sigaction action = {.sa_handler = ignore_signal};
  sigaction(SIGCHLD, &action, NULL);
  for (;;) {
    while (waitpid(-1, NULL, WNOHANG) > 0) {
    }
    const int number = sigwaitinfo(&all, NULL);
    if (number == SIGTERM || number == SIGINT) _exit(0);
  }
}

static void empty_root(const char* root) {
  if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) fail("make mounts private");
  if (mount("tmpfs", root, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0555,size=4k,nr_inodes=2") != 0)
    fail("mount an empty root");
  if (chdir(root) != 0) fail(root);
  if (syscall(SYS_pivot_root, ".", ".") != 0) fail("change root");
  if (umount2(".", MNT_DETACH) != 0) fail("detach the old root");
  if (chdir("/") != 0) fail("/");
  if (mount(NULL, "/", NULL, MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) != 0)
    fail("make the root read-only");
}

static void drop_privileges(void) {
  for (int capability = 0; capability < 64; ++capability) prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) fail("refuse new privileges");
  if (setgroups(0, NULL) != 0 || setresgid(nobody, nobody, nobody) != 0 ||
      setresuid(nobody, nobody, nobody) != 0)
    fail("change user");
}

static const char* value_of(const char* argument, const char* name) {
  const size_t length = strlen(name);
  return strncmp(argument, name, length) == 0 ? argument + length : NULL;
}

static void set_sysctl(const char* assignment) {
  char path[512];
  const char* equals = strchr(assignment, '=');
  if (equals == NULL || strstr(assignment, "..") != NULL) {
    errno = EINVAL;
    fail(assignment);
  }
  const int length = snprintf(path, sizeof path, "/proc/sys/%.*s", (int)(equals - assignment), assignment);
  if (length < 0 || length >= (int)sizeof path) {
    errno = ENAMETOOLONG;
    fail(assignment);
  }
  write_text(path, equals + 1);
}

/* The pod's containers go first when memory is short. Without CAP_SYS_RESOURCE it stays as it is. */
static void lower_oom_score(void) {
  const int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (file < 0) return;
  const ssize_t ignored = write(file, "-998", 4);
  (void)ignored;
  close(file);
}

static uint64_t boot_time(void) {
  struct timespec now;
  clock_gettime(CLOCK_BOOTTIME, &now);
  return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

static void sleep_until(uint64_t end) {
  const struct timespec at = {.tv_sec = (time_t)(end / 1000000000U), .tv_nsec = (long)(end % 1000000000U)};
  clock_nanosleep(CLOCK_BOOTTIME, TIMER_ABSTIME, &at, NULL);
}

/* False where there is no such file. */
static bool tell_group(const char* group, const char* file, const char* text) {
  char path[PATH_MAX];
  if (snprintf(path, sizeof path, "%s/%s", group, file) >= (int)sizeof path) return false;
  const int told = open(path, O_WRONLY | O_CLOEXEC);
  if (told < 0) return false;
  const ssize_t ignored = write(told, text, strlen(text));
  (void)ignored;
  close(told);
  return true;
}

static bool kill_listed(const char* group) {
  char path[PATH_MAX];
  if (snprintf(path, sizeof path, "%s/cgroup.procs", group) >= (int)sizeof path) return false;
  FILE* file = fopen(path, "re");
  if (file == NULL) return false;
  bool found = false;
  for (long pid = 0; fscanf(file, "%ld", &pid) == 1;) {
    if (pid <= 1 || pid == (long)getpid()) continue;
    found = true;
    kill((pid_t)pid, SIGKILL);
  }
  fclose(file);
  return found;
}

/* True when anybody was there. What version 2 can end at once, it does; our own group is none of that. */
static bool kill_below(const char* group, int depth) {
  bool found = kill_listed(group);
  DIR* directory = depth < most_nested ? opendir(group) : NULL;
  if (directory == NULL) return found;
  for (const struct dirent* entry; (entry = readdir(directory)) != NULL;) {
    char path[PATH_MAX];
    if (entry->d_type != DT_DIR || strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
      continue;
    if (snprintf(path, sizeof path, "%s/%s", group, entry->d_name) >= (int)sizeof path) continue;
    found |= kill_below(path, depth + 1);
    if (depth == 0 && strcmp(entry->d_name, "pause") != 0) tell_group(path, "cgroup.kill", "1");
  }
  closedir(directory);
  return found;
}

/* Frozen processes do not fork while they are being killed. Only version 1 has this file, and the guard is
 * not in that hierarchy. */
static bool kill_pod(const char** groups, int count) {
  bool found = false;
  for (int at = 0; at < count; ++at) tell_group(groups[at], "freezer.state", "FROZEN");
  for (int at = 0; at < count; ++at) found |= kill_below(groups[at], 0);
  for (int at = 0; at < count; ++at) tell_group(groups[at], "freezer.state", "THAWED");
  return found;
}

/* Begins when a byte comes from `go`, and ends when none does. */
static _Noreturn void guard(const char* deadline_path, const char** groups, int count, int go) {
  static const uint64_t look_ns = 5000000000U, again_ns = 2000000U, idle_ns = 100000000U;
  const int file = open(deadline_path, O_RDONLY | O_CLOEXEC);
  const _Atomic uint64_t* deadline =
      file < 0 ? MAP_FAILED : mmap(NULL, sizeof(uint64_t), PROT_READ, MAP_SHARED, file, 0);
  if (deadline == MAP_FAILED) fail(deadline_path);
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, NULL);
  setsid();
  if (chdir("/") != 0) fail("/");
  char byte = 0;
  if (dup2(go, 0) < 0 || syscall(SYS_close_range, 1, ~0U, 0) != 0 || read(0, &byte, 1) != 1) _exit(1);
  close(0);
  /* Neither memory nor processors that others use up keep it from its work. */
  mlockall(MCL_CURRENT | MCL_FUTURE);
  const struct sched_param first = {.sched_priority = 1};
  if (sched_setscheduler(0, SCHED_RR, &first) != 0) setpriority(PRIO_PROCESS, 0, -20);
  for (;;) {
    const uint64_t now = boot_time(), end = atomic_load(deadline);
    if (now >= end) break;
    sleep_until(end - now < look_ns ? end : now + look_ns);
  }
  for (;;) {
    const bool found = kill_pod(groups, count);
    sleep_until(boot_time() + (found ? again_ns : idle_ns));
  }
}

struct guard_process {
  pid_t pid;
  int go;
};

static struct guard_process start_guard(const char* deadline_path, const char** groups, int count) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) fail("make a pipe");
  const pid_t pid = fork();
  if (pid < 0) fail("fork");
  if (pid == 0) {
    close(ends[1]);
    guard(deadline_path, groups, count, ends[0]);
  }
  close(ends[0]);
  return (struct guard_process){.pid = pid, .go = ends[1]};
}

static int sandbox(int count, char** arguments) {
  int flags = CLONE_NEWNS;
  const char *netns = NULL, *hostname = NULL, *root = NULL;
  const char *fence = NULL, *groups[most_groups];
  const char *sysctls[most_options], *value = NULL;
  int sysctl_count = 0, group_count = 0;
  for (int at = 0; at < count; ++at) {
    const char* argument = arguments[at];
    if ((value = value_of(argument, "--netns=")) != NULL)
      netns = value;
    else if ((value = value_of(argument, "--hostname=")) != NULL)
      hostname = value;
    else if ((value = value_of(argument, "--root=")) != NULL)
      root = value;
    else if ((value = value_of(argument, "--cgroup=")) != NULL)
      write_text(value, "0");
    else if ((value = value_of(argument, "--sysctl=")) != NULL && sysctl_count < most_options)
      sysctls[sysctl_count++] = value;
    else if ((value = value_of(argument, "--fence=")) != NULL)
      fence = value;
    else if ((value = value_of(argument, "--group=")) != NULL && group_count < most_groups)
      groups[group_count++] = value;
    else if (strcmp(argument, "--ipc") == 0)
      flags |= CLONE_NEWIPC;
    else if (strcmp(argument, "--pid") == 0)
      flags |= CLONE_NEWPID;
    else {
      errno = EINVAL;
      fail(argument);
    }
  }
  if (root == NULL || (fence == NULL) != (group_count == 0)) {
    errno = EINVAL;
    fail("--root, --fence, --group");
  }
  if (hostname != NULL) flags |= CLONE_NEWUTS;
  lower_oom_score();
  /* Before any namespace is made. When making them fails, its pipe ends, and so does it. */
  struct guard_process guards = {.pid = 0, .go = -1};
  if (fence != NULL) guards = start_guard(fence, groups, group_count);
  if (netns != NULL) {
    const int file = open(netns, O_RDONLY | O_CLOEXEC);
    if (file < 0 || setns(file, CLONE_NEWNET) != 0) fail(netns);
    close(file);
  }
  if (unshare(flags) != 0) fail("create namespaces");
  if (hostname != NULL && sethostname(hostname, strlen(hostname)) != 0) fail("set the host name");
  for (int at = 0; at < sysctl_count; ++at) set_sysctl(sysctls[at]);
  empty_root(root);
  const pid_t holder = fork();
  if (holder < 0) fail("fork");
  if (holder == 0) {
    setsid();
    drop_privileges();
    syscall(SYS_close_range, 0, ~0U, 0);
    hold();
  }
  if (fence == NULL)
    printf("%d\n", (int)holder);
  else if (write(guards.go, "", 1) == 1)
    printf("%d %d\n", (int)holder, (int)guards.pid);
  else
    fail("let the guard begin");
  return fflush(stdout) == 0 ? 0 : 1;
}

static int hide_unified(char** program) {
  if (unshare(CLONE_NEWNS) != 0) fail("create a mount namespace");
  /* Only what is below /sys/fs/cgroup leaves its peers: volumes that propagate mounts must still reach the
   * host. */
  if (mount(NULL, "/sys/fs/cgroup", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
    fail("make /sys/fs/cgroup private");
  if (umount2("/sys/fs/cgroup/unified", MNT_DETACH) != 0 && errno != EINVAL && errno != ENOENT)
    fail("hide /sys/fs/cgroup/unified");
  execv(program[0], program);
  fail(program[0]);
}

static int exit_code_of(int status) {
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* What the program leaves behind becomes a child of this process, as nobody nearer adopts it. */
static int follow(const char* pid_file, char** program) {
  if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) fail("adopt processes");
  const pid_t starter = fork();
  if (starter < 0) fail("fork");
  if (starter == 0) {
    execv(program[0], program);
    fail(program[0]);
  }
  long followed = 0;
  struct {
    pid_t pid;
    int status;
  } early[64]; /* who ended before it was known whom to follow */
  size_t early_count = 0;
  for (;;) {
    int status = 0;
    const pid_t ended = wait(&status);
    if (ended < 0 && errno == EINTR) continue;
    if (ended < 0) return 255;
    if (followed > 0) {
      if (ended == (pid_t)followed) return exit_code_of(status);
      continue;
    }
    if (ended != starter) {
      early[early_count % 64].pid = ended;
      early[early_count++ % 64].status = status;
      continue;
    }
    if (exit_code_of(status) != 0) return exit_code_of(status);
    FILE* file = fopen(pid_file, "re");
    if (file == NULL || fscanf(file, "%ld", &followed) != 1 || followed <= 0) return 255;
    fclose(file);
    for (size_t at = 0; at < early_count && at < 64; ++at)
      if (early[at].pid == (pid_t)followed) return exit_code_of(early[at].status);
  }
}

int main(int count, char** arguments) {
  if (count >= 2 && strcmp(arguments[1], "sandbox") == 0) return sandbox(count - 2, arguments + 2);
  if (count >= 3 && strcmp(arguments[1], "hide-unified") == 0) return hide_unified(arguments + 2);
  if (count >= 4 && strcmp(arguments[1], "follow") == 0) return follow(arguments[2], arguments + 3);
  if (count == 2 && strcmp(arguments[1], "version") == 0) return puts("actord-pause 1") < 0;
  fprintf(stderr, "usage: actord-pause sandbox OPTION... | hide-unified PROGRAM ARGUMENT...\n");
  return 2;
}
