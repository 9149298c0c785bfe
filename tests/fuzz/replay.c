/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs a fuzz target over files and folders of them, without libFuzzer: what
 * make check does with the seeds.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/fuzz/fuzz.h"

static int run_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data;
	struct stat st;
	size_t len;

	if (!file || fstat(fileno(file), &st) < 0) {
		perror(path);
		return -1;
	}
	/* Exactly as long as it is, for the sanitizer. */
	data = malloc((size_t)st.st_size);
	len = data ? fread(data, 1, (size_t)st.st_size, file) : 0;
	fclose(file);
	printf("%s\n", path);
	fflush(stdout);
	LLVMFuzzerTestOneInput(data, len);
	free(data);
	return 1;
}

static int run_folder(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	char file[4096];
	int n, sum = 0;

	if (!dir)
		return run_file(path);
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
		n = run_file(file);
		if (n < 0) {
			sum = -1;
			break;
		}
		sum += n;
	}
	closedir(dir);
	return sum;
}

int main(int argc, char **argv)
{
	int i, n, sum = 0;

	LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
	for (i = 1; i < argc; i++) {
		n = run_folder(argv[i]);
		if (n < 0)
			return 1;
		sum += n;
	}
	printf("%d inputs\n", sum);
	return 0;
}
