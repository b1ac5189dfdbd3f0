/* The yardstick: what the kernel allows.
 *
 * limit mark FILE CMD...      write down the time, execute CMD
 * limit boot N SVC FILE       start N services in a loop of vfork and execve
 * limit chain N SVC FILE      run N programs, each after the end of the one before
 * limit ready N SVC FILE      start N services, each after a byte from the one before
 * limit spawn N CMD           N times posix_spawn and wait; prints ns for each
 *
 * As PID 1 it does nothing but reap after that. SIGTERM goes on to every
 * service, and it ends when none is left. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "record.h"

extern char **environ;
static char *svc, *file;
static pid_t pids[SLOTS];
static sigset_t none;

static long long now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static pid_t start(char **argv, int ready)
{
	pid_t p = vfork();
	if (p) return p;
	if (ready >= 0) dup2(ready, 3);
	sigprocmask(SIG_SETMASK, &none, 0);
	execve(argv[0], argv, environ);
	_exit(127);
}

static pid_t wait_for(pid_t p)
{
	pid_t r;
	while ((r = waitpid(p, 0, 0)) < 0 && errno == EINTR);
	return r;
}

static void boot(int n)
{
	for (int i = 0; i < n; i++) {
		char index[16], *argv[] = { svc, file, index, 0 };
		sprintf(index, "%d", i);
		pids[i] = start(argv, -1);
	}
}

static void chain(int n)
{
	for (int i = 0; i < n; i++) {
		char index[16], *argv[] = { svc, file, index, "once", 0 };
		sprintf(index, "%d", i);
		wait_for(start(argv, -1));
	}
}

static void ready(int n)
{
	for (int i = 0; i < n; i++) {
		char index[16], byte, *argv[] = { svc, file, index, "fd", "3", 0 };
		int pipe[2];
		sprintf(index, "%d", i);
		if (pipe2(pipe, O_CLOEXEC)) exit(3);
		/* Above 3, or the child's dup2 would leave it close-on-exec. */
		int in = fcntl(pipe[0], F_DUPFD_CLOEXEC, 10), out = fcntl(pipe[1], F_DUPFD_CLOEXEC, 10);
		close(pipe[0]);
		close(pipe[1]);
		pids[i] = start(argv, out);
		close(out);
		while (read(in, &byte, 1) < 0 && errno == EINTR);
		close(in);
	}
}

static int reap(int n)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGCHLD);
	for (;;) {
		int sig = sigwaitinfo(&set, 0);
		if (sig == SIGTERM) {
			for (int i = 0; i < n; i++)
				if (pids[i]) kill(pids[i], SIGTERM);
			if (!pids[0]) return 0;
		}
		pid_t p;
		while ((p = waitpid(-1, 0, WNOHANG)) > 0);
		if (p < 0 && errno == ECHILD && pids[0]) return 0;
	}
}

static int mark(char **argv)
{
	int fd = open(argv[2], O_RDWR | O_CLOEXEC);
	struct record *r = mmap(0, sizeof *r, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (r == MAP_FAILED) return 3;
	r->boot = now();
	execv(argv[3], argv + 3);
	perror(argv[3]);
	return 127;
}

static int spawn(int n, char **argv)
{
	long long from = now();
	for (int i = 0; i < n; i++) {
		pid_t p;
		if (posix_spawn(&p, argv[0], 0, 0, argv, environ)) return 3;
		wait_for(p);
	}
	printf("%lld\n", (now() - from) / n);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc < 4) return 2;
	if (!strcmp(argv[1], "mark")) return mark(argv);
	int n = atoi(argv[2]);
	if (!strcmp(argv[1], "spawn")) return spawn(n, argv + 3);
	if (argc < 5 || n > SLOTS) return 2;
	svc = argv[3], file = argv[4];
	sigset_t block;
	sigemptyset(&none);
	sigfillset(&block);
	sigprocmask(SIG_BLOCK, &block, 0);
	if (!strcmp(argv[1], "boot")) boot(n);
	else if (!strcmp(argv[1], "chain")) chain(n);
	else if (!strcmp(argv[1], "ready")) ready(n);
	else return 2;
	return reap(n);
}
