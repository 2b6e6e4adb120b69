/*
 * Copyright 2026 The ld_agent authors
 *
 * Licensed under the Apache License, Version 2.0 (the "License");
 * you may not use this file except in compliance with the License.
 * You may obtain a copy of the License at
 *
 *     http://www.apache.org/licenses/LICENSE-2.0
 *
 * Unless required by applicable law or agreed to in writing, software
 * distributed under the License is distributed on an "AS IS" BASIS,
 * WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
 * See the License for the specific language governing permissions and
 * limitations under the License.
 */

/* A program that has the worker's place and means harm: `hostile_native PROBE ARGUMENT`.
 *
 * Says "begun", then "worked", or "blocked" and why. `hostile_native list` names the probes, each
 * with what it needs: a `file`, a `new` path, a `port`, the pid of a `victim`, a `variable`, a
 * `descriptor`; `root`; or a `kernel` that offers it to this user at all.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef SYS_io_uring_setup
#define SYS_io_uring_setup 425
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

/* Each returns 0 when it worked, otherwise -1 with errno set; `a` is the argument. */

static int closed(int fd) { return fd < 0 ? -1 : 0; }

static int read_file(const char *a) {
    (void)a;
    return closed(open("/etc/passwd", O_RDONLY));
}
static int read_environ_file(const char *a) {
    (void)a;
    return closed(open("/proc/self/environ", O_RDONLY));
}
static int list_folder(const char *a) {
    (void)a;
    return closed(open("/", O_RDONLY | O_DIRECTORY));
}
static int write_file(const char *a) {
    int fd = open(a, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    return fd < 0 || write(fd, "got out", 7) != 7 ? -1 : 0;
}
static int remove_file(const char *a) { return unlink(a); }
static int change_mode(const char *a) { return chmod(a, 0666); }
static int cut_file(const char *a) { return truncate(a, 1); }
static int look_at_file(const char *a) {
    struct stat seen;
    return stat(a, &seen);
}
static int make_link(const char *a) {
    char other[4096];
    snprintf(other, sizeof other, "%s.link", a);
    return symlink(a, other);
}
static int make_folder(const char *a) {
    char other[4096];
    snprintf(other, sizeof other, "%s.folder", a);
    return mkdir(other, 0700);
}
static int rename_file(const char *a) {
    char other[4096];
    snprintf(other, sizeof other, "%s.moved", a);
    return rename(a, other);
}
static int change_folder(const char *a) {
    (void)a;
    return chdir("/");
}
static int connect_tcp(const char *a) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(a))};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return fd < 0 ? -1 : connect(fd, (struct sockaddr *)&to, sizeof to);
}
static int listen_tcp(const char *a) {
    struct sockaddr_in at = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    (void)a;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) < 0 ? -1 : listen(fd, 1);
}
static int send_udp(const char *a) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(a))};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return fd < 0 || sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof to) < 0 ? -1 : 0;
}
static int unix_sockets(const char *a) {
    int pair[2];
    (void)a;
    return socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
}
static int run_program(const char *a) {
    char *const arguments[] = {"echo", "worked", NULL};
    char *const environment[] = {NULL};
    (void)a;
    return execve("/bin/echo", arguments, environment);
}
static int new_process(const char *a) {
    pid_t child = fork();
    (void)a;
    if (child == 0) _exit(0);
    return child < 0 ? -1 : 0;
}
static int new_process_vfork(const char *a) {
    pid_t child = vfork();
    (void)a;
    if (child == 0) _exit(0);
    return child < 0 ? -1 : 0;
}
static void *sleeper(void *nothing) {
    sleep(1);
    return nothing;
}
static int more_threads(const char *a) {
    pthread_t threads[8];
    (void)a;
    for (int i = 0; i < 8; i++) {
        errno = pthread_create(&threads[i], NULL, sleeper, NULL);
        if (errno) return -1;
    }
    return 0;
}
static int be_traced(const char *a) {
    (void)a;
    return ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0 ? -1 : 0;
}
static int read_memory(const char *a) {
    char here = 'x', there = 0;
    struct iovec to = {&there, 1}, from = {&here, 1};
    (void)a;
    return process_vm_readv(getpid(), &to, 1, &from, 1, 0) == 1 ? 0 : -1;
}
static int kill_other(const char *a) { return kill(atoi(a), SIGKILL); }
static int signal_parent(const char *a) {
    (void)a;
    return kill(getppid(), SIGWINCH);
}
static int signal_group(const char *a) {
    (void)a;
    return kill(0, SIGWINCH);
}
static int open_process(const char *a) {
    (void)a;
    return closed(syscall(SYS_pidfd_open, getppid(), 0));
}
static int see_environment(const char *a) {
    errno = ENOENT;
    return getenv(a) ? 0 : -1;
}
static int use_inherited(const char *a) {
    char byte;
    return read(atoi(a), &byte, 1) == 1 ? 0 : -1;
}
static int change_user(const char *a) {
    (void)a;
    return syscall(SYS_setresuid, getuid(), getuid(), getuid());
}
static int be_root(const char *a) {
    (void)a;
    return syscall(SYS_setuid, 0);
}
static int mount_something(const char *a) {
    char other[4096];
    snprintf(other, sizeof other, "%s.mount", a);
    mkdir(other, 0700);
    if (mount("none", other, "tmpfs", 0, NULL)) return -1;
    return umount2(other, MNT_DETACH);
}
static int change_root(const char *a) {
    (void)a;
    return chroot("/tmp");
}
static int unshare_files(const char *a) {
    (void)a;
    return unshare(CLONE_FS);
}
static int much_memory(const char *a) {
    size_t size = (size_t)256 << 20;
    char *got = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    (void)a;
    if (got == MAP_FAILED) return -1;
    for (size_t i = 0; i < size; i += 4096) got[i] = 1;
    return 0;
}
static int much_space(const char *a) {
    (void)a;
    return mmap(NULL, (size_t)1 << 34, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                -1, 0) == MAP_FAILED ? -1 : 0;
}
static int much_time(const char *a) {
    (void)a;
    while (clock() < 5 * CLOCKS_PER_SEC / 2) {
    }
    return 0;
}
static int many_files(const char *a) {
    (void)a;
    for (int i = 0; i < 100; i++)
        if (dup(0) < 0) return -1;
    return 0;
}
static int more_rights(const char *a) {
    struct rlimit more = {1 << 20, 1 << 20};
    (void)a;
    return setrlimit(RLIMIT_CORE, &more);
}
static int file_in_memory(const char *a) {
    (void)a;
    return closed(memfd_create("x", 0));
}
static int own_code(const char *a) {
    (void)a;
    return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                0) == MAP_FAILED ? -1 : 0;
}
static int data_as_code(const char *a) {
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    (void)a;
    return mprotect(page, 4096, PROT_READ | PROT_EXEC);
}
static int io_uring(const char *a) {
    char parameters[120] = {0};
    (void)a;
    return closed(syscall(SYS_io_uring_setup, 1, parameters));
}
static int load_bpf(const char *a) {
    union bpf_attr map = {.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4,
                          .max_entries = 1};
    (void)a;
    return closed(syscall(SYS_bpf, BPF_MAP_CREATE, &map, sizeof map));
}
static int perf_events(const char *a) {
    struct perf_event_attr event = {.type = PERF_TYPE_SOFTWARE, .size = sizeof event,
                                    .config = PERF_COUNT_SW_CPU_CLOCK, .exclude_kernel = 1};
    (void)a;
    return closed(syscall(SYS_perf_event_open, &event, 0, -1, -1, 0));
}
static int fault_handler(const char *a) {
    (void)a;
    return closed(syscall(SYS_userfaultfd, 1));
}
static int kernel_keys(const char *a) {
    (void)a;
    return syscall(SYS_add_key, "user", "ld_agent_probe", "x", 1, -1) < 0 ? -1 : 0;
}
static int shared_memory(const char *a) {
    int id = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
    (void)a;
    return id < 0 ? -1 : shmctl(id, IPC_RMID, NULL);
}
static int watch_files(const char *a) {
    (void)a;
    return closed(inotify_init1(0));
}
static int new_pipe(const char *a) {
    int ends[2];
    (void)a;
    return pipe(ends);
}
static int event_file(const char *a) {
    (void)a;
    return closed(eventfd(0, 0));
}
static int control_device(const char *a) {
    int waiting;
    (void)a;
    return ioctl(0, FIONREAD, &waiting);
}
static int process_option(const char *a) {
    (void)a;
    return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}
static int choose_cores(const char *a) {
    cpu_set_t cores;
    (void)a;
    sched_getaffinity(0, sizeof cores, &cores);
    return sched_setaffinity(0, sizeof cores, &cores);
}
static int own_filter(const char *a) {
    (void)a;
    return syscall(SYS_seccomp, 2, 0, &(unsigned){0x7fff0000}) < 0 ? -1 : 0;
}
static int be_loud(const char *a) {
    (void)a;
    return write(2, "loud\n", 5) < 0 ? -1 : 0;
}
#ifdef __x86_64__
static int old_calls(const char *a) {
    long got;
    (void)a;
    __asm__ volatile("int $0x80" : "=a"(got) : "a"(20L) : "memory", "r8", "r9", "r10", "r11");
    errno = ENOSYS;
    return got == getpid() ? 0 : -1;
}
#endif

static const struct {
    const char *name, *needs;
    int (*act)(const char *);
} probes[] = {
    {"read_file", "", read_file}, {"read_environ_file", "", read_environ_file},
    {"list_folder", "", list_folder}, {"write_file", "new", write_file},
    {"remove_file", "file", remove_file}, {"change_mode", "file", change_mode},
    {"cut_file", "file", cut_file}, {"look_at_file", "file", look_at_file},
    {"make_link", "file", make_link}, {"make_folder", "file", make_folder},
    {"rename_file", "file", rename_file}, {"change_folder", "", change_folder},
    {"connect_tcp", "port", connect_tcp}, {"listen_tcp", "", listen_tcp},
    {"send_udp", "port", send_udp}, {"unix_sockets", "", unix_sockets},
    {"run_program", "", run_program}, {"new_process", "", new_process},
    {"new_process_vfork", "", new_process_vfork}, {"more_threads", "", more_threads},
    {"be_traced", "", be_traced}, {"read_memory", "", read_memory},
    {"kill_other", "victim", kill_other}, {"signal_parent", "", signal_parent},
    {"signal_group", "", signal_group}, {"open_process", "", open_process},
    {"see_environment", "variable", see_environment},
    {"use_inherited", "descriptor", use_inherited}, {"change_user", "", change_user},
    {"be_root", "root", be_root}, {"mount_something", "root new", mount_something},
    {"change_root", "root", change_root}, {"unshare_files", "", unshare_files},
    {"much_memory", "", much_memory}, {"much_space", "", much_space},
    {"much_time", "", much_time}, {"many_files", "", many_files},
    {"more_rights", "", more_rights}, {"file_in_memory", "", file_in_memory},
    {"own_code", "", own_code}, {"data_as_code", "", data_as_code},
    {"io_uring", "kernel", io_uring}, {"load_bpf", "root kernel", load_bpf},
    {"perf_events", "kernel", perf_events}, {"fault_handler", "kernel", fault_handler},
    {"kernel_keys", "kernel", kernel_keys}, {"shared_memory", "", shared_memory},
    {"watch_files", "", watch_files}, {"new_pipe", "", new_pipe}, {"event_file", "", event_file},
    {"control_device", "", control_device}, {"process_option", "", process_option},
    {"choose_cores", "", choose_cores}, {"own_filter", "", own_filter},
    {"loud", "", be_loud}, /* not listed: it may write, and it is not heard */
#ifdef __x86_64__
    {"old_calls", "kernel", old_calls},
#endif
};

/* Speak as the interpreter does until a function comes, then do what the name of the file says. */
static int play_worker(const char *name) {
    static char bytes[1 << 16];
    if (read(0, bytes, sizeof bytes) <= 0 || write(1, "\2\0\0\0R\0", 6) != 6) return 1;
    if (read(0, bytes, sizeof bytes) <= 0) return 1;
    if (strstr(name, "dies")) *(volatile int *)0 = 1;
    if (strstr(name, "garbage"))
        for (memset(bytes, 0x7f, sizeof bytes); write(1, bytes, sizeof bytes) > 0;) {
        }
    if (strstr(name, "silent")) sleep(60);
    return 1;
}

int main(int count, char **arguments) {
    const char *asked = count > 1 ? arguments[1] : "";
    char said[256];
    if (count > 1 && !strcmp(asked, "subprocess")) return play_worker(arguments[0]);
    for (size_t i = 0; i < sizeof probes / sizeof *probes; i++) {
        if (!strcmp(asked, "list") && probes[i].act != be_loud) printf("%s:%s\n", probes[i].name, probes[i].needs);
        if (strcmp(asked, probes[i].name)) continue;
        write(1, "begun\n", 6);
        if (probes[i].act(count > 2 ? arguments[2] : "") == 0)
            snprintf(said, sizeof said, "worked\n");
        else
            snprintf(said, sizeof said, "blocked: %s\n", strerror(errno));
        write(1, said, strlen(said));
    }
    return 0;
}
