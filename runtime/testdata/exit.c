/* The smallest static program: it exits at once. */
#include <sys/syscall.h>

void _start(void)
{
#if defined(__x86_64__)
	__asm__ volatile("syscall" : : "a"(SYS_exit_group), "D"(0));
#elif defined(__aarch64__)
	register long nr __asm__("x8") = SYS_exit_group, status __asm__("x0") = 0;
	__asm__ volatile("svc 0" : : "r"(nr), "r"(status));
#endif
	for (;;)
		;
}
