/* A process on another node: its kernel was booted at another time, so that its boot id is that of the
 * environment's BOOT_ID_FILE. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

static const char *moved(const char *path)
{
	const char *file = getenv("BOOT_ID_FILE");
	return file && path && !strcmp(path, "/proc/sys/kernel/random/boot_id") ? file : path;
}

#define MODE(last)                                                    \
	mode_t mode = 0;                                              \
	if (flags & (O_CREAT | O_TMPFILE)) {                          \
		va_list rest;                                         \
		va_start(rest, last);                                 \
		mode = va_arg(rest, mode_t);                          \
		va_end(rest);                                         \
	}

#define TRUE(name) ((typeof(&name))dlsym(RTLD_NEXT, #name))

int open(const char *path, int flags, ...)
{
	MODE(flags)
	return TRUE(open)(moved(path), flags, mode);
}

int open64(const char *path, int flags, ...)
{
	MODE(flags)
	return TRUE(open64)(moved(path), flags, mode);
}

int openat(int folder, const char *path, int flags, ...)
{
	MODE(flags)
	return TRUE(openat)(folder, moved(path), flags, mode);
}

int openat64(int folder, const char *path, int flags, ...)
{
	MODE(flags)
	return TRUE(openat64)(folder, moved(path), flags, mode);
}
