/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -object memory-backend-*, -numa, -mem-path and their kin. */
#include <stdio.h>
#include <string.h>

#include "tests/unit/unit.h"
#include "vmm/cmdline.h"

#define ARGS_MAX      64
#define MIB	      (UINT64_C(1) << 20)

#define RAM(id, size) "-object memory-backend-ram,id=" id ",size=" size " "
#define TWO	      RAM("a", "64M") RAM("b", "64M")
#define NODES	      TWO "-m 128 -numa node,memdev=a -numa node,memdev=b "
#define THREE	      NODES "-numa node "

static struct error err;
static struct config c;

/* args: words with a blank between. */
static int parse(const char *args)
{
	static char text[2048];
	char *argv[ARGS_MAX] = {(char *)"pcvm"}, *save = NULL;
	int argc = 1;

	err = (struct error){0};
	ck_assert_uint_lt(strlen(args), sizeof(text));
	snprintf(text, sizeof(text), "%s", args);
	argv[argc] = strtok_r(text, " ", &save);
	while (argv[argc] && argc < ARGS_MAX - 1)
		argv[++argc] = strtok_r(NULL, " ", &save);
	return config_parse(&c, argc, argv, &err);
}

static void accept(const char *args)
{
	int rc = parse(args);

	ck_assert_msg(rc == 0, "%s: %d: %s", args, rc, err.msg);
}

static void refuse(const char *args, const char *words)
{
	int rc = parse(args);

	config_free(&c);
	ck_assert_msg(rc < 0 && err.code == -rc, "%s: %d", args, rc);
	ck_assert_msg(strstr(err.msg, words) != NULL, "%s: %s", args, err.msg);
	ck_assert_msg(!strchr(err.msg, '\n'), "%s", err.msg);
}

START_TEST(default_ram)
{
	accept("-m 64");
	ck_assert_uint_eq(c.nram, 1);
	ck_assert_uint_eq(c.nbackends, 1);
	ck_assert_str_eq(c.ram[0]->id, "pc.ram");
	ck_assert_int_eq(c.ram[0]->kind, MEMORY_RAM);
	ck_assert_uint_eq(c.ram[0]->size, 64 * MIB);
	/* Such the host merges, and gives huge pages to. */
	ck_assert(!c.ram[0]->share && c.ram[0]->dump && !c.ram[0]->prealloc);
	config_free(&c);
	accept("-machine mem-merge=on,dump-guest-core=off -smp 3");
	ck_assert(!c.ram[0]->share && !c.ram[0]->dump);
	ck_assert_int_eq(c.ram[0]->merge, 1);
	ck_assert_uint_eq(c.ram[0]->prealloc_threads, 3);
	config_free(&c);
	accept("-mem-path /x -mem-prealloc");
	ck_assert_int_eq(c.ram[0]->kind, MEMORY_FILE);
	ck_assert_str_eq(c.ram[0]->path, "/x");
	ck_assert(!c.ram[0]->share && c.ram[0]->prealloc);
	config_free(&c);
}
END_TEST

START_TEST(keys_of_backends)
{
	const struct memory_backend *b;

	accept("-machine memory-backend=a -object memory-backend-ram,id=a,"
	       "size=32M,share=on,prealloc=on,prealloc-threads=4,merge=off,"
	       "dump=off,host-nodes=0-1,host-nodes=5,policy=interleave");
	/* Without -m, RAM is as large as that. */
	ck_assert_uint_eq(c.mem.size, 32 * MIB);
	b = c.ram[0];
	ck_assert(b->share && b->prealloc && !b->dump && b->reserve);
	ck_assert_int_eq(b->merge, 0);
	ck_assert_uint_eq(b->prealloc_threads, 4);
	ck_assert_int_eq(b->policy, MEMORY_POLICY_INTERLEAVE);
	ck_assert_uint_eq(b->host_nodes.word[0], 0x23);
	config_free(&c);
	accept("-object memory-backend-memfd,id=a,size=1G,hugetlb=on,"
	       "hugetlbsize=2M,seal=off,reserve=off");
	b = config_find_backend(&c, "a");
	ck_assert(b->share && b->hugetlb && !b->seal && !b->reserve);
	ck_assert_uint_eq(b->huge_size, 2 * MIB);
	/* It is not RAM unless something says so. */
	ck_assert_str_eq(c.ram[0]->id, "pc.ram");
	config_free(&c);
	accept("-object memory-backend-file,id=a,size=1M,mem-path=p,,q,"
	       "align=2M,discard-data=on,pmem=off,readonly=off,"
	       "x-use-canonical-path-for-ramblock-id=no");
	b = config_find_backend(&c, "a");
	ck_assert_str_eq(b->path, "p,q");
	ck_assert(!b->share && b->discard);
	ck_assert_uint_eq(b->align, 2 * MIB);
	config_free(&c);
}
END_TEST

START_TEST(backends_in_json)
{
	accept("-object {\"qom-type\":\"memory-backend-ram\",\"id\":\"a\","
	       "\"size\":1048576,\"host-nodes\":[0,2],\"policy\":\"bind\","
	       "\"share\":true}");
	ck_assert_uint_eq(c.backends[0]->size, MIB);
	ck_assert_uint_eq(c.backends[0]->host_nodes.word[0], 5);
	ck_assert(c.backends[0]->share);
	config_free(&c);
	refuse("-object {\"qom-type\":\"memory-backend-ram\",\"id\":\"a\","
	       "\"size\":1048576,\"host-nodes\":[[0]]}",
	       "array of integers");
	refuse("-object {\"id\":\"a\"}", "the type is missing");
}
END_TEST

/* The order of options means nothing; that of -machine is what counts. */
START_TEST(defaults_come_from_the_machine)
{
	accept(RAM("a", "1M") "-machine mem-merge=off,dump-guest-core=off "
			      "-mem-prealloc -smp 2");
	ck_assert(c.backends[0]->prealloc && !c.backends[0]->dump);
	ck_assert_int_eq(c.backends[0]->merge, 0);
	ck_assert_uint_eq(c.backends[0]->prealloc_threads, 2);
	config_free(&c);
}
END_TEST

static const struct {
	const char *args, *words;
} bad_backends[] = {
	{"-object memory-backend-ram,size=1M", "id= is missing"},
	{"-object memory-backend-ram,id=1a,size=1M", "id='1a'"},
	{"-object memory-backend-ram,id=a", "size= is missing"},
	{"-object memory-backend-ram,id=a,size=0", "size= is missing, or 0"},
	{"-object memory-backend-ram,id=a,size=8192T", "is not from"},
	{RAM("a", "1M") RAM("a", "1M"), "id=a is taken already"},
	{"-object memory-backend-rom,id=a", "did you mean memory-backend-ram"},
	{"-object whatever,id=a", "-object help lists"},
	{"-object rng-random,id=a", OPT_LATER},
	{"-object memory-backend-file,id=a,size=1M", "mem-path= is missing"},
	{"-object memory-backend-file,id=a,size=1M,mem-path=x,readonly=on",
	 "readonly=on"},
	{"-object memory-backend-file,id=a,size=1M,mem-path=x,align=3",
	 "power of 2"},
	{"-object memory-backend-ram,id=a,size=1M,mem-path=x",
	 "unknown parameter 'mem-path'"},
	{"-object memory-backend-ram,id=a,size=1M,policy=bind",
	 "policy=bind needs host-nodes="},
	{"-object memory-backend-ram,id=a,size=1M,host-nodes=0",
	 "host-nodes= needs policy="},
	{"-object memory-backend-ram,id=a,size=1M,host-nodes=128,policy=bind",
	 "the most is 127"},
	{"-object memory-backend-ram,id=a,size=1M,host-nodes=2-1,policy=bind",
	 "range like 0-3"},
	{"-object memory-backend-ram,id=a,size=1M,host-nodes=0-,policy=bind",
	 "range like 0-3"},
	{"-object memory-backend-ram,id=a,size=1M,host-nodes=-1,policy=bind",
	 "range like 0-3"},
	{"-object memory-backend-ram,id=a,size=1M,policy=local",
	 "default, preferred, bind, interleave"},
	{"-object memory-backend-ram,id=a,size=1M,prealloc=on,reserve=off",
	 "exclude each other"},
	{"-object memory-backend-ram,id=a,size=1M,prealloc-threads=0",
	 "from 1 to 256"},
	{"-object memory-backend-memfd,id=a,size=1M,hugetlbsize=3M",
	 "powers of 2"},
	{"-machine memory-backend=a", "no -object with this id"},
	{RAM("a", "1M") "-m 2 -machine memory-backend=a",
	 "it has 1 MiB, but -m says 2 MiB"},
	{RAM("a", "1M") "-m 1 -machine memory-backend=a -mem-path x",
	 "exclude each other"},
	{RAM("pc.ram", "1M"), "memory-backend=pc.ram"},
	{"-overcommit mem-lock=maybe", "'on' or 'off'"},
	{"-overcommit x", "unknown parameter"},
	{"-realtime mlock=on", "say -overcommit"},
	{"-m 64,maxmem=128M,slots=1", "plugging RAM"},
};

START_TEST(backends_that_are_refused)
{
	size_t i;

	for (i = 0; i < sizeof(bad_backends) / sizeof(*bad_backends); i++)
		refuse(bad_backends[i].args, bad_backends[i].words);
}
END_TEST

START_TEST(overcommit)
{
	accept("-overcommit mem-lock=on -overcommit cpu-pm=on");
	ck_assert(c.overcommit.mem_lock && c.overcommit.cpu_pm);
	config_free(&c);
	accept("-overcommit mem-lock=on,mem-lock=off");
	ck_assert(!c.overcommit.mem_lock && !c.overcommit.cpu_pm);
	config_free(&c);
}
END_TEST

static void check_cpus(const char *nodes)
{
	unsigned i;

	ck_assert_uint_eq(c.smp.maxcpus, strlen(nodes));
	for (i = 0; nodes[i]; i++)
		ck_assert_msg(c.numa.cpu[i] == nodes[i] - '0', "cpu %u: %u", i,
			      c.numa.cpu[i]);
}

START_TEST(nodes_of_backends)
{
	accept(NODES "-smp 4 -numa node,cpus=1-2 -numa node,cpus=0,cpus=3");
	ck_assert_uint_eq(c.numa.n, 4);
	ck_assert_uint_eq(c.nram, 2);
	ck_assert_str_eq(c.ram[0]->id, "a");
	ck_assert_ptr_eq(c.numa.node[1].memdev, c.ram[1]);
	ck_assert_uint_eq(c.numa.node[1].mem, 64 * MIB);
	ck_assert_uint_eq(c.numa.node[2].mem, 0);
	ck_assert(!c.numa.has_distance);
	check_cpus("3223");
	config_free(&c);
	/* RAM is in the order of the nodes, not of the options. */
	accept(TWO "-m 128 -numa node,nodeid=1,memdev=a "
		   "-numa node,nodeid=0,memdev=b");
	ck_assert_str_eq(c.ram[0]->id, "b");
	config_free(&c);
}
END_TEST

START_TEST(nodes_by_mem)
{
	accept("-m 128 -numa node,mem=96 -numa node,mem=32M");
	ck_assert_uint_eq(c.nram, 1);
	ck_assert_str_eq(c.ram[0]->id, "pc.ram");
	ck_assert_uint_eq(c.numa.node[0].mem, 96 * MIB);
	ck_assert_uint_eq(c.numa.node[1].mem, 32 * MIB);
	config_free(&c);
}
END_TEST

START_TEST(processors_without_a_node)
{
	/* Sockets in turn, */
	accept(THREE "-smp 8,sockets=4,cores=2");
	check_cpus("00112200");
	config_free(&c);
	accept(NODES "-smp 2,maxcpus=4");
	check_cpus("0000");
	config_free(&c);
	/* but what is left over by cpus= is in node 0. */
	accept(NODES "-smp 4,sockets=4 -numa cpu,node-id=1,socket-id=2");
	check_cpus("0010");
	config_free(&c);
}
END_TEST

START_TEST(processors_by_topology)
{
	accept(NODES "-smp 8,sockets=2,cores=2,threads=2 "
		     "-numa cpu,node-id=0,socket-id=1 "
		     "-numa cpu,node-id=1,socket-id=0,core-id=1 "
		     "-numa cpu,node-id=0,socket-id=0,core-id=0,thread-id=0 "
		     "-numa cpu,node-id=1,socket-id=0,core-id=0,thread-id=1");
	check_cpus("01110000");
	config_free(&c);
	accept(NODES "-smp 4,dies=2,cores=2 -numa cpu,node-id=1,die-id=0 "
		     "-numa cpu,node-id=0,die-id=1");
	check_cpus("1100");
	config_free(&c);
	accept(NODES "-smp 2 -numa cpu,node-id=1");
	check_cpus("11");
	config_free(&c);
}
END_TEST

START_TEST(distances)
{
	accept(NODES "-numa dist,src=0,dst=1,val=31");
	ck_assert(c.numa.has_distance);
	ck_assert_uint_eq(c.numa.distance[0][0], 10);
	ck_assert_uint_eq(c.numa.distance[0][1], 31);
	ck_assert_uint_eq(c.numa.distance[1][0], 31);
	ck_assert_uint_eq(c.numa.distance[1][1], 10);
	config_free(&c);
	accept(NODES "-numa dist,src=0,dst=1,val=31 "
		     "-numa dist,src=1,dst=0,val=255");
	ck_assert_uint_eq(c.numa.distance[0][1], 31);
	ck_assert_uint_eq(c.numa.distance[1][0], 255);
	config_free(&c);
}
END_TEST

static const struct {
	const char *args, *words;
} bad_nodes[] = {
	{"-numa node", "0 MiB together, but -m says 128 MiB; say memdev="},
	{TWO "-numa node,memdev=a", "64 MiB together, but -m says 128 MiB"},
	{NODES "-m 64", "128 MiB together, but -m says 64 MiB"},
	{"-numa node,mem=8192P -numa node,mem=8192P", "but -m says"},
	{TWO "-numa node,memdev=a -numa node,memdev=a", "of node 0 already"},
	{TWO "-numa node,memdev=x", "memdev=x: there is no -object"},
	{TWO "-numa node,memdev=a -numa node,mem=64", "not both"},
	{TWO "-numa node,mem=64 -numa node,memdev=a", "not both"},
	{TWO "-numa node,mem=64,memdev=a", "not both"},
	{NODES "-machine memory-backend=a -m 128", "exclude each other"},
	{NODES "-numa node,nodeid=3", "node 2 is missing"},
	{NODES "-numa node,nodeid=1", "there is a node 1 already"},
	{NODES "-numa node,nodeid=128", "from 0 to 127"},
	{NODES "-numa node,cpus=1", "no processor 1; -smp has 1"},
	{NODES "-numa node,cpus=255", "no processor 255"},
	{NODES "-numa node,cpus=256", "the most is 255"},
	{NODES "-numa node,cpus=99999999999999999999", "the most is"},
	{NODES "-numa node,cpus=0 -numa node,cpus=0", "in node 2 already"},
	{NODES "-numa node,initiator=0", "hmat"},
	{NODES "-numa hmat-lb,initiator=0", "hmat"},
	{NODES "-numa dist,src=0,dst=2,val=20", "dst=2: there is no such node"},
	{NODES "-numa dist,src=0,dst=1,val=9", "from 10 to 255"},
	{NODES "-numa dist,src=0,dst=0,val=11", "to itself it is 10"},
	{NODES "-numa dist,src=0,dst=1", "val= is missing"},
	{NODES "-numa dist,dst=1,val=20", "src= is missing"},
	{THREE "-numa dist,src=0,dst=1,val=20", "between nodes 0 and 2"},
	{THREE "-numa dist,src=0,dst=1,val=20 -numa dist,src=1,dst=0,val=21 "
	       "-numa dist,src=0,dst=2,val=20 -numa dist,src=1,dst=2,val=20",
	 "one direction only"},
	{NODES "-numa cpu,socket-id=0", "node-id= is missing"},
	{NODES "-numa cpu,node-id=2", "no such node"},
	{NODES "-numa cpu,node-id=0,socket-id=1", "no processor with these"},
	{NODES "-numa cpu,node-id=0 -numa cpu,node-id=1", "in node 0 already"},
	{NODES "-numa nodes", "it begins with node, dist or cpu"},
	{NODES "-numa node,x=y", "unknown parameter 'x'"},
	{RAM("a", "512K") RAM("b", "512K") "-m 1 -numa node,memdev=a "
					   "-numa node,memdev=b",
	 "at least 1 MiB"},
	{RAM("a", "1050625") RAM("b", "1046527") "-m 2 -numa node,memdev=a "
						 "-numa node,memdev=b",
	 "multiple of 4 KiB"},
};

START_TEST(nodes_that_are_refused)
{
	size_t i;

	for (i = 0; i < sizeof(bad_nodes) / sizeof(*bad_nodes); i++)
		refuse(bad_nodes[i].args, bad_nodes[i].words);
}
END_TEST

UNIT_MAIN("cmdline memory", default_ram, keys_of_backends, backends_in_json,
	  defaults_come_from_the_machine, backends_that_are_refused, overcommit,
	  nodes_of_backends, nodes_by_mem, processors_without_a_node,
	  processors_by_topology, distances, nodes_that_are_refused)
