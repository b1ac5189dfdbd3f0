/*
 * The yardstick of the spawner: posix_spawn in a loop.
 *
 *   spawn row N PROGRAM     start N, one after the other, and reap meanwhile
 *   spawn chain N PROGRAM   start one, wait for it, start the next
 *
 * It prints the nanoseconds of the whole.
 */
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

int main(int argc, char **argv)
{
	char *args[] = {argv[3], NULL}, *env[] = {NULL};
	int chain = argc > 3 && !strcmp(argv[1], "chain");
	int n = argc > 3 ? atoi(argv[2]) : 0;
	long long start = now();

	for (int i = 0; i < n; i++) {
		pid_t pid;

		if (posix_spawn(&pid, argv[3], NULL, NULL, args, env))
			return 1;
		if (chain)
			waitpid(pid, NULL, 0);
		else
			while (waitpid(-1, NULL, WNOHANG) > 0)
				;
	}
	while (waitpid(-1, NULL, 0) > 0)
		;
	printf("%lld\n", now() - start);
	return 0;
}
