/* What no shell can do: each way to start a program or to lose a file that needs a program of its
 * own. `helper WAY ARGUMENT...` */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int finish(pid_t child) {
  int status;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static int in_memory(const char *program) {
  int from = open(program, O_RDONLY);
  int to = memfd_create("copy", 0);
  char block[65536];
  ssize_t length;
  while ((length = read(from, block, sizeof block)) > 0) {
    if (write(to, block, length) != length) {
      return -1;
    }
  }
  close(from);
  return to;
}

/* Another thread writes over the arguments while the call waits. */
static char *racing;
static void *race(void *nothing) {
  (void)nothing;
  for (;;) {
    memcpy(racing, "keep", 5);
    memcpy(racing, "none", 5);
  }
}

static void *start(void *words) {
  execvp(((char **)words)[0], words);
  return NULL;
}

static int fails(long result) {
  if (result < 0) {
    printf("refused: %s\n", strerror(errno));
    return 1;
  }
  printf("done\n");
  return 0;
}

int main(int argc, char **argv) {
  if (argc < 2) {
    return 2;
  }
  const char *way = argv[1];
  char **rest = argv + 2;
  if (!strcmp(way, "text")) { /* each letter is thirteen letters on */
    for (char *c = rest[0]; *c; c++) {
      char base = (*c >= 'a' && *c <= 'z') ? 'a' : (*c >= 'A' && *c <= 'Z') ? 'A' : 0;
      putchar(base ? base + (*c - base + 13) % 26 : *c);
    }
    return 0;
  }
  if (!strcmp(way, "spawn")) {
    pid_t child;
    errno = posix_spawnp(&child, rest[0], NULL, NULL, rest, environ);
    return errno ? 126 : finish(child);
  }
  if (!strcmp(way, "vfork")) {
    pid_t child = vfork();
    if (child == 0) {
      execvp(rest[0], rest);
      _exit(126);
    }
    return finish(child);
  }
  if (!strcmp(way, "false-name")) { /* PROGRAM ARGV... */
    execv(rest[0], rest + 1);
    return 126;
  }
  if (!strcmp(way, "no-argv")) { /* sh reads its input */
    execve(rest[0], (char *[]){NULL}, environ);
    return 126;
  }
  if (!strcmp(way, "raw-execve")) {
    syscall(SYS_execve, rest[0], rest, environ);
    return 126;
  }
  if (!strcmp(way, "execveat")) {
    syscall(SYS_execveat, AT_FDCWD, rest[0], rest, environ, 0);
    return 126;
  }
  if (!strcmp(way, "execveat-directory")) { /* DIRECTORY NAME ARGV... */
    int at = open(rest[0], O_PATH | O_DIRECTORY);
    syscall(SYS_execveat, at, rest[1], rest + 1, environ, 0);
    return 126;
  }
  if (!strcmp(way, "fexecve")) {
    fexecve(open(rest[0], O_RDONLY), rest, environ);
    return 126;
  }
  if (!strcmp(way, "memory")) {
    fexecve(in_memory(rest[0]), rest, environ);
    return 126;
  }
  if (!strcmp(way, "descriptor-path")) {
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", open(rest[0], O_RDONLY));
    execv(path, rest);
    return 126;
  }
  if (!strcmp(way, "double-fork")) {
    if (fork() == 0) {
      setsid();
      if (fork() == 0) {
        usleep(50000);
        execvp(rest[0], rest);
      }
      _exit(0);
    }
    sleep(1);
    return 0;
  }
  if (!strcmp(way, "thread")) { /* a thread that is not the first starts it */
    pthread_t thread;
    pthread_create(&thread, NULL, start, rest);
    pthread_join(thread, NULL);
    return 126;
  }
  if (!strcmp(way, "unlink")) {
    return unlink(rest[0]) ? 1 : 0;
  }
  if (!strcmp(way, "unlinkat")) {
    int at = open(rest[0], O_PATH | O_DIRECTORY);
    return unlinkat(at, rest[1], 0) ? 1 : 0;
  }
  if (!strcmp(way, "raw-unlink")) {
    return syscall(SYS_unlinkat, AT_FDCWD, rest[0], 0) ? 1 : 0;
  }
  if (!strcmp(way, "rename")) {
    return rename(rest[0], rest[1]) ? 1 : 0;
  }
  if (!strcmp(way, "renameat2")) {
    return syscall(SYS_renameat2, AT_FDCWD, rest[0], AT_FDCWD, rest[1], 0) ? 1 : 0;
  }
  if (!strcmp(way, "truncate")) {
    return truncate(rest[0], 0) ? 1 : 0;
  }
  if (!strcmp(way, "ftruncate")) {
    return ftruncate(open(rest[0], O_WRONLY), 0) ? 1 : 0;
  }
  if (!strcmp(way, "creat")) {
    return creat(rest[0], 0644) < 0;
  }
  if (!strcmp(way, "open")) {
    return open(rest[0], O_WRONLY | O_TRUNC) < 0;
  }
  if (!strcmp(way, "open-read")) { /* Linux empties it although it is only read */
    return open(rest[0], O_RDONLY | O_TRUNC) < 0;
  }
  if (!strcmp(way, "openat2")) {
    struct { unsigned long long flags, mode, resolve; } how = {O_WRONLY | O_TRUNC, 0, 0};
    return syscall(437, AT_FDCWD, rest[0], &how, sizeof how) < 0;
  }
  if (!strcmp(way, "punch")) {
    int file = open(rest[0], O_WRONLY);
    struct stat found;
    fstat(file, &found);
    return fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, found.st_size) ? 1 : 0;
  }
  if (!strcmp(way, "fork-unlink")) {
    pid_t child = fork();
    if (child == 0) {
      _exit(unlink(rest[0]) ? 1 : 0);
    }
    return finish(child);
  }
  if (!strcmp(way, "listen")) { /* hold the one listener, and let everything go on */
    struct sock_filter code[] = {{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW}};
    struct sock_fprog program = {1, code};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    int listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
    if (dup(listener) < 0) { /* kept open */
      return 2;
    }
    execvp(rest[0], rest);
    return 126;
  }
  /* Attacks; each says whether it was refused. */
  pid_t victim = rest[0] ? atoi(rest[0]) : 0;
  if (!strcmp(way, "kill")) {
    return fails(kill(victim, SIGKILL));
  }
  if (!strcmp(way, "stop")) {
    return fails(kill(victim, SIGSTOP));
  }
  if (!strcmp(way, "tgkill")) {
    return fails(syscall(SYS_tgkill, victim, victim, SIGKILL));
  }
  if (!strcmp(way, "ptrace")) {
    return fails(ptrace(PTRACE_ATTACH, victim, 0, 0));
  }
  if (!strcmp(way, "seize")) {
    return fails(ptrace(PTRACE_SEIZE, victim, 0, 0));
  }
  if (!strcmp(way, "pidfd")) {
    int process = syscall(SYS_pidfd_open, victim, 0);
    if (process < 0) {
      return fails(-1);
    }
    for (int fd = 0; fd < 64; fd++) {
      if (syscall(SYS_pidfd_getfd, process, fd, 0) >= 0) {
        return fails(0);
      }
    }
    return fails(-1);
  }
  if (!strcmp(way, "memory-of")) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/mem", victim);
    return fails(open(path, O_RDWR));
  }
  if (!strcmp(way, "prlimit")) {
    struct rlimit limit = {0, 0};
    return fails(prlimit(victim, RLIMIT_CPU, &limit, NULL));
  }
  if (!strcmp(way, "type")) { /* into the terminal, as a person */
    char key = 'x';
    return fails(ioctl(open("/dev/tty", O_RDWR), TIOCSTI, &key));
  }
  if (!strcmp(way, "race")) { /* TIMES PROGRAM: PROGRAM none, or keep if the race is won */
    int times = atoi(rest[0]);
    pthread_t thread;
    racing = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    strcpy(racing, "none");
    for (int i = 0; i < times; i++) {
      pid_t child = fork();
      if (child == 0) {
        pthread_create(&thread, NULL, race, NULL);
        execv(rest[1], (char *[]){"rm", "-f", racing, NULL});
        _exit(126);
      }
      finish(child);
    }
    return 0;
  }
  fprintf(stderr, "no way named %s\n", way);
  return 2;
}
