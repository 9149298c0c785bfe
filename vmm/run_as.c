/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -runas and -chroot. */
#include "vmm/run_as.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ID_MAX UINT32_C(0xfffffffe) /* the next means "as it is" */

struct groups {
	gid_t *gid;
	int n;
};

/* A number up to end, which is what follows it. */
static bool parse_id(const char *text, char end, uint32_t *id,
		     const char **rest)
{
	char *stop;
	unsigned long n;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	n = strtoul(text, &stop, 10);
	if (errno || *stop != end || n > ID_MAX)
		return false;
	*id = (uint32_t)n;
	*rest = stop + 1;
	return true;
}

int run_as_parse(struct run_as *who, const char *text, struct error *err)
{
	const struct passwd *pw;
	const char *rest;

	free(who->user);
	*who = (struct run_as){.set = true};
	if (parse_id(text, ':', &who->uid, &rest) &&
	    parse_id(rest, 0, &who->gid, &rest))
		return 0;
	errno = 0;
	pw = getpwnam(text);
	if (!pw)
		return error_set(err, ENOENT,
				 "there is no user of that name, and it is not "
				 "UID:GID");
	who->uid = pw->pw_uid;
	who->gid = pw->pw_gid;
	who->user = strdup(text);
	return who->user ? 0 : error_set(err, ENOMEM, "out of memory");
}

/* Looked up before chroot hides who is in which. */
static int find_groups(const struct run_as *who, struct groups *groups,
		       struct error *err)
{
	int n = 0;

	if (who->user)
		getgrouplist(who->user, who->gid, NULL, &n);
	if (n < 1)
		n = 1;
	groups->gid = calloc((size_t)n, sizeof(gid_t));
	if (!groups->gid)
		return error_set(err, ENOMEM, "out of memory");
	groups->n = n;
	groups->gid[0] = who->gid;
	if (who->user &&
	    getgrouplist(who->user, who->gid, groups->gid, &groups->n) < 0)
		return error_set(err, EAGAIN,
				 "-runas %s: its groups changed just now",
				 who->user);
	return 0;
}

static int become(const struct run_as *who, const struct groups *groups,
		  struct error *err)
{
	if (setgroups((size_t)groups->n, groups->gid) < 0 ||
	    setgid(who->gid) < 0 || setuid(who->uid) < 0)
		return error_errno(err, errno, "-runas: cannot become %u:%u",
				   who->uid, who->gid);
	if (who->uid && setuid(0) == 0)
		return error_set(err, EPERM, "-runas: privileges are not gone");
	return 0;
}

static int change_root(const char *folder, struct error *err)
{
	if (chroot(folder) < 0 || chdir("/") < 0)
		return error_errno(err, errno, "-chroot %s", folder);
	return 0;
}

int run_as_apply(const struct run_as *who, const char *folder,
		 struct error *err)
{
	struct groups groups = {NULL, 0};
	int rc = 0;

	if (who->set)
		rc = find_groups(who, &groups, err);
	if (rc == 0 && folder)
		rc = change_root(folder, err);
	if (rc == 0 && who->set)
		rc = become(who, &groups, err);
	free(groups.gid);
	return rc;
}
