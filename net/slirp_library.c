/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opening libslirp. */
#include "build.h"

#ifdef HAVE_SLIRP
#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "net/slirp_library.h"

#define LIBRARY "libslirp.so.0"

#define FUNCTION(field, name) \
	{ \
		offsetof(struct slirp_library, field), name \
	}

static const struct {
	size_t offset;
	const char *name;
} functions[] = {
	FUNCTION(new, "slirp_new"),
	FUNCTION(cleanup, "slirp_cleanup"),
	FUNCTION(input, "slirp_input"),
	FUNCTION(fill, "slirp_pollfds_fill"),
	FUNCTION(poll, "slirp_pollfds_poll"),
	FUNCTION(add_hostfwd, "slirp_add_hostfwd"),
	FUNCTION(remove_hostfwd, "slirp_remove_hostfwd"),
	FUNCTION(add_exec, "slirp_add_exec"),
	FUNCTION(connection_info, "slirp_connection_info"),
};

int slirp_library_open(struct slirp_library *lib, struct error *err)
{
	void *function;
	size_t i;

	lib->handle = dlopen(LIBRARY, RTLD_NOW | RTLD_NODELETE);
	if (!lib->handle)
		return error_set(
			err, ENOENT,
			"user networking: " LIBRARY
			" is not there; install the package libslirp0");
	for (i = 0; i < sizeof(functions) / sizeof(*functions); i++) {
		function = dlsym(lib->handle, functions[i].name);
		if (!function)
			return error_set(err, ENOTSUP,
					 "user networking: " LIBRARY
					 " has no %s",
					 functions[i].name);
		memcpy((char *)lib + functions[i].offset, &function,
		       sizeof(function));
	}
	return 0;
}
#endif
