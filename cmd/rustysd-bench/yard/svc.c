/* svc FILE INDEX [once | notify | fd N]
 *
 * The service of the benchmarks. It writes down when its first instruction
 * ran, says that it is ready if asked to, waits for SIGTERM, writes that down
 * too, and ends. "once" ends at once instead.
 *
 * It has no C library, because the start-up of one would be a larger part of
 * each measurement than what is measured. */
#include <asm/unistd.h>
#include "record.h"

#if defined(__x86_64__)
__asm__(".globl _start\n_start: mov %rsp,%rdi\n and $-16,%rsp\n call begin\n hlt\n");
static long sys(long n, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
	__asm__ volatile("syscall" : "+a"(n) : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
		: "rcx", "r11", "memory");
	return n;
}
#elif defined(__aarch64__)
__asm__(".globl _start\n_start: mov x0,sp\n bl begin\n");
static long sys(long n, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = n, x0 __asm__("x0") = a, x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c, x3 __asm__("x3") = d, x4 __asm__("x4") = e, x5 __asm__("x5") = f;
	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
	return x0;
}
#else
#error "svc.c knows amd64 and arm64 only"
#endif

enum { CLOCK = 1, RDWR_CLOEXEC = 02000002, READ_WRITE = 3, SHARED = 1, TERM = 15 };

static void quit(int status)
{
	for (;;) sys(__NR_exit_group, status, 0, 0, 0, 0, 0);
}

static long long now(void)
{
	long t[2];
	sys(__NR_clock_gettime, CLOCK, (long)t, 0, 0, 0, 0);
	return t[0] * 1000000000LL + t[1];
}

static int number(const char *s)
{
	int n = 0;
	for (; *s; s++) n = n * 10 + *s - '0';
	return n;
}

static int same(const char *a, const char *b)
{
	for (; *a && *a == *b; a++, b++);
	return *a == *b;
}

/* One READY=1 datagram to $NOTIFY_SOCKET (sd_notify(3)). */
static void notify(char **env)
{
	struct { unsigned short family; char path[108]; } to = { .family = 1 };
	for (; *env; env++) {
		const char *name = "NOTIFY_SOCKET=", *v = *env;
		for (; *name && *name == *v; name++, v++);
		if (*name) continue;
		int n = 0;
		for (; v[n] && n < 107; n++) to.path[n] = v[n] == '@' && !n ? 0 : v[n];
		int fd = sys(__NR_socket, 1, 2 | 02000000, 0, 0, 0, 0);
		if (sys(__NR_sendto, fd, (long)"READY=1", 7, 0, (long)&to, 2 + n) < 0) quit(4);
		sys(__NR_close, fd, 0, 0, 0, 0, 0);
		return;
	}
	quit(5);
}

__attribute__((used)) void begin(long *stack)
{
	long argc = stack[0];
	char **argv = (char **)(stack + 1), **env = argv + argc + 1;
	unsigned long term = 1UL << (TERM - 1);
	if (argc < 3) quit(2);
	int fd = sys(__NR_openat, -100, (long)argv[1], RDWR_CLOEXEC, 0, 0, 0);
	struct record *r = (void *)sys(__NR_mmap, 0, sizeof *r, READ_WRITE, SHARED, fd, 0);
	int i = number(argv[2]);
	if (fd < 0 || (unsigned long)r > -4096UL || i >= SLOTS) quit(3);
	sys(__NR_rt_sigprocmask, 0, (long)&term, 0, 8, 0, 0);
	r->of[i].started = now();
	__atomic_fetch_add(&r->up, 1, __ATOMIC_SEQ_CST);
	if (argc > 3) {
		if (same(argv[3], "once")) quit(0);
		if (same(argv[3], "notify")) notify(env);
		if (same(argv[3], "fd")) {
			sys(__NR_write, number(argv[4]), (long)"\n", 1, 0, 0, 0);
			sys(__NR_close, number(argv[4]), 0, 0, 0, 0, 0);
		}
	}
	while (sys(__NR_rt_sigtimedwait, (long)&term, 0, 0, 8, 0, 0) != TERM);
	r->of[i].stopped = now();
	__atomic_fetch_add(&r->down, 1, __ATOMIC_SEQ_CST);
	quit(0);
}
