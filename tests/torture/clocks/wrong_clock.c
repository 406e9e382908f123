/* A wall clock that is WRONG_BY_SECONDS off, for one process and its children; the boot clock stays true.
 *
 * libfaketime 0.9.10 makes absolute sleeps fail once the monotonic clocks are left alone. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>

static long wrong_by(void)
{
	const char *seconds = getenv("WRONG_BY_SECONDS");
	return seconds ? atol(seconds) : 0;
}

#define TRUE(name) ((typeof(&name))dlsym(RTLD_NEXT, #name))

int clock_gettime(clockid_t clock, struct timespec *now)
{
	int failed = TRUE(clock_gettime)(clock, now);
	if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
		now->tv_sec += wrong_by();
	return failed;
}

time_t time(time_t *out)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	if (out)
		*out = now.tv_sec;
	return now.tv_sec;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone)
{
	struct timespec now;
	(void)zone;
	clock_gettime(CLOCK_REALTIME, &now);
	out->tv_sec = now.tv_sec;
	out->tv_usec = now.tv_nsec / 1000;
	return 0;
}

/* The kernel stamps files by its own clock: what is read is moved to ours, what is written moved back. */
#define MOVED(result, found, by)                                  \
	do {                                                      \
		int failed = (result);                            \
		if (!failed) {                                    \
			(found)->st_mtim.tv_sec += (by);          \
			(found)->st_ctim.tv_sec += (by);          \
			(found)->st_atim.tv_sec += (by);          \
		}                                                 \
		return failed;                                    \
	} while (0)

int stat(const char *restrict path, struct stat *restrict found)
{
	MOVED(TRUE(stat)(path, found), found, wrong_by());
}

int stat64(const char *restrict path, struct stat64 *restrict found)
{
	MOVED(TRUE(stat64)(path, found), found, wrong_by());
}

int lstat(const char *restrict path, struct stat *restrict found)
{
	MOVED(TRUE(lstat)(path, found), found, wrong_by());
}

int lstat64(const char *restrict path, struct stat64 *restrict found)
{
	MOVED(TRUE(lstat64)(path, found), found, wrong_by());
}

int fstatat(int folder, const char *restrict path, struct stat *restrict found, int flags)
{
	MOVED(TRUE(fstatat)(folder, path, found, flags), found, wrong_by());
}

int fstatat64(int folder, const char *restrict path, struct stat64 *restrict found, int flags)
{
	MOVED(TRUE(fstatat64)(folder, path, found, flags), found, wrong_by());
}

int utimensat(int folder, const char *path, const struct timespec times[2], int flags)
{
	struct timespec moved[2];
	if (!times)
		return TRUE(utimensat)(folder, path, times, flags);
	for (int i = 0; i < 2; i++) {
		moved[i] = times[i];
		if (times[i].tv_nsec != UTIME_NOW && times[i].tv_nsec != UTIME_OMIT)
			moved[i].tv_sec -= wrong_by();
	}
	return TRUE(utimensat)(folder, path, moved, flags);
}
