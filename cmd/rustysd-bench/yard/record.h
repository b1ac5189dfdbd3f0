/* The record file: one shared mapping that every service of a run writes to,
 * and that the harness reads. Times are CLOCK_MONOTONIC in nanoseconds, which
 * a PID namespace does not change. Each service has a cache line of its own. */
enum { SLOTS = 2048 };

struct line { long long started, stopped; long long pad[6]; };

struct record {
	int up, down;          /* how many services have started, have stopped */
	long long boot;        /* just before PID 1 was executed */
	long long pad[6];
	struct line of[SLOTS];
};
