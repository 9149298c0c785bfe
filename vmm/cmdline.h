/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The options that there are: tables for the parser, -help and the tests.
 * For vmm/cmdline*.c, vmm/config*.c and tests.
 */
#ifndef VMM_CMDLINE_H
#define VMM_CMDLINE_H

#include "vmm/config.h"

enum cmdline_group {
	GROUP_MACHINE,
	GROUP_DRIVES,
	GROUP_DEVICES,
	GROUP_NETWORK,
	GROUP_CHARACTER,
	GROUP_DISPLAY,
	GROUP_FIRMWARE,
	GROUP_RUN,
	GROUPS
};

enum { CMDLINE_ANSWERED = 1 };

struct cmdline_opt {
	const char *name;
	const char *arg; /* what help shows as argument; NULL: it has none */
	const char *help; /* a sentence or two */
	enum cmdline_group group;
	/* Does what the option says; arg is NULL for one without argument. */
	int (*apply)(struct config *c, const struct cmdline_opt *o,
		     const char *arg, struct error *err);
	/*
	 * Prints what "-option help" asks for.  Returns CMDLINE_ANSWERED, or 0
	 * when arg asks for nothing, or -errno.  NULL: has no help.
	 */
	int (*answer)(const struct cmdline_opt *o, const char *arg,
		      struct error *err);
	/* What the argument is made of, if of key=value. */
	const struct opt_desc *keys;
	const char *implied; /* the key of a first value without one */
	const char *preset; /* keys that the option itself stands for */
	size_t offset; /* into struct config: of what apply fills */
};

/* One -numa; what is not given is -1, NULL or none. */
struct numa_option {
	int64_t node; /* nodeid or node-id */
	uint64_t mem;
	char *memdev;
	struct opt_bits cpus;
	int64_t src, dst, val;
	int64_t socket, die, core, thread;
};

/* Each ends with a NULL name. */
extern const struct cmdline_opt cmdline_opts[];

/* Options that qemu has, or had, and this version has not. */
struct cmdline_refused {
	const char *name;
	bool has_arg;
	const char *reason;
};

extern const struct cmdline_refused cmdline_refused[];

/* -object knows these; ends with a NULL name. */
struct object_kind {
	const char *name;
	const struct opt_desc *keys;
};

extern const struct object_kind object_kinds[];

/* -netdev knows these (vmm/tables.c); ends with a NULL name. */
struct netdev_kind {
	const char *name;
	const struct opt_desc *keys;
};

extern const struct netdev_kind netdev_kinds[];
/* -net nic */
extern const struct opt_desc net_nic_opts[];

/* struct throttle_conf */
extern const struct opt_desc throttle_group_opts[];
/* struct secret_conf; that of -audiodev, which is checked and forgotten */
extern const struct opt_desc secret_opts[], audiodev_opts[];

/* Key tables (cmdline_keys.c); what they fill stands before each. */
/* struct machine_conf */
extern const struct opt_desc machine_opts[], accel_opts[];
/* struct name_conf, mem_conf, smp_conf, rtc_conf, boot_conf, mon_conf,
 * msg_conf, sandbox_conf */
extern const struct opt_desc name_opts[], mem_opts[], smp_opts[], rtc_opts[],
	boot_opts[], mon_opts[], msg_opts[], sandbox_opts[];
/* struct drive_conf */
extern const struct opt_desc drive_opts[];

/* Other names of keys of -drive; ends with NULL ones. */
struct drive_alias {
	const char *alias, *key;
};

extern const struct drive_alias drive_aliases[];

/* struct config */
extern const struct opt_desc vga_opts[], display_opts[];
/* Of -add-fd (config_fds.c) */
extern const struct opt_desc add_fd_opts[];
/* struct overcommit_conf, memory_backend (by its kind), numa_option */
extern const struct opt_desc overcommit_opts[], memory_ram_opts[],
	memory_file_opts[], memory_memfd_opts[], numa_node_opts[],
	numa_dist_opts[], numa_cpu_opts[];
/* struct global_conf */
extern const struct opt_desc global_opts[];
/* struct fw_cfg_conf */
extern const struct opt_desc fw_cfg_opts[];
/* struct smbios_choice: the keys that choose the others (smbios_keys) */
extern const struct opt_desc smbios_opts[];

/* What -smbios does first: take a file, or choose a type of table. */
struct smbios_choice {
	char *file;
	uint8_t type;
};

/* The keys that a type of table has besides; NULL: none can be given. */
const struct opt_desc *smbios_keys(unsigned type);

/* Frees what the options filled by themselves, lists of structs excepted. */
void cmdline_free(struct config *c);
void str_list_free(struct str_list *list);
int str_list_add(struct str_list *list, const char *text, struct error *err);

/* Options that do more than fill a field: the apply of their entries. */
int config_add_fd(struct config *c, const struct cmdline_opt *o,
		  const char *arg, struct error *err);
int config_add_audiodev(struct config *c, const struct cmdline_opt *o,
			const char *arg, struct error *err);
int config_add_blockdev(struct config *c, const struct cmdline_opt *o,
			const char *arg, struct error *err);
int config_add_device(struct config *c, const struct cmdline_opt *o,
		      const char *arg, struct error *err);
int config_add_disk(struct config *c, const struct cmdline_opt *o,
		    const char *arg, struct error *err);
int config_add_drive(struct config *c, const struct cmdline_opt *o,
		     const char *arg, struct error *err);
int config_add_fw_cfg(struct config *c, const struct cmdline_opt *o,
		      const char *arg, struct error *err);
int config_add_global(struct config *c, const struct cmdline_opt *o,
		      const char *arg, struct error *err);
int config_add_mon(struct config *c, const struct cmdline_opt *o,
		   const char *arg, struct error *err);
int config_add_chardev(struct config *c, const struct cmdline_opt *o,
		       const char *arg, struct error *err);
int config_add_vnc(struct config *c, const struct cmdline_opt *o,
		   const char *arg, struct error *err);
int config_set_display(struct config *c, const struct cmdline_opt *o,
		       const char *arg, struct error *err);
int config_add_smbios(struct config *c, const struct cmdline_opt *o,
		      const char *arg, struct error *err);
int config_add_net(struct config *c, const struct cmdline_opt *o,
		   const char *arg, struct error *err);
int config_add_netdev(struct config *c, const struct cmdline_opt *o,
		      const char *arg, struct error *err);
int config_add_nic(struct config *c, const struct cmdline_opt *o,
		   const char *arg, struct error *err);
int config_set_smp(struct config *c, const struct cmdline_opt *o,
		   const char *arg, struct error *err);

/* What can be said only when all options are known. */
int config_check_globals(const struct config *c, struct error *err);
int config_check_machine(const struct config *c, struct error *err);
/* The objects, nodes and RAM, in this order. */
int config_complete_objects(struct config *c, struct error *err);
/* The network that there is when none was named, and the order of NICs. */
int config_complete_net(struct config *c, struct error *err);
int config_complete_numa(struct config *c, struct error *err);
int config_complete_memory(struct config *c, struct error *err);
int config_complete_display(struct config *c, struct error *err);
int config_complete_rtc(struct rtc_conf *rtc, struct error *err);
int config_complete_smp(const struct smp_conf *given, struct cpu_topology *topo,
			struct error *err);

/*
 * One more memory backend, at its defaults, which is the config's to free; or
 * NULL.
 */
struct memory_backend *config_new_backend(struct config *c, int kind,
					  struct error *err);
const struct memory_backend *config_find_backend(const struct config *c,
						 const char *id);
/* Puts "-option arg", if long cut, before the message. */
void config_name_place(struct error *err, const char *text, const char *arg);

void config_free_backends(struct config *c);
void config_free_secrets(struct config *c);
void config_free_throttle_groups(struct config *c);
void config_free_iothreads(struct config *c);
/* The list has an "id". */
/* Sets the keys of an -object but its "qom-type". */
int config_set_object(const struct opt_desc *keys, void *object,
		      const struct opt_list *list, struct error *err);
int config_add_secret(struct config *c, const struct opt_list *list,
		      struct error *err);
int config_add_throttle_group(struct config *c, const struct opt_list *list,
			      struct error *err);
bool config_has_throttle_group(const struct config *c, const char *id);
void config_free_devices(struct config *c);
void config_free_drives(struct config *c);
void config_free_firmware(struct config *c);
void config_free_net(struct config *c);
void config_free_smbios(struct config *c);

/* Machines that -machine knows; ends with a NULL name. */
struct machine_name {
	const char *name, *desc;
	const char *alias_of; /* another's name, or NULL */
	unsigned cpus; /* at most */
	bool is_pc; /* has what a PC has */
};

extern const struct machine_name machine_names[];

void cmdline_help(const char *program);
void cmdline_version(const char *program);
int cmdline_answer_accel(const struct cmdline_opt *o, const char *arg,
			 struct error *err);
int cmdline_answer_cpu(const struct cmdline_opt *o, const char *arg,
		       struct error *err);
int cmdline_answer_device(const struct cmdline_opt *o, const char *arg,
			  struct error *err);
int cmdline_answer_firmware_dirs(const struct cmdline_opt *o, const char *arg,
				 struct error *err);
/* "-object help": the types; "-object TYPE,help": the keys. */
int cmdline_answer_object(const struct cmdline_opt *o, const char *arg,
			  struct error *err);
/* "-netdev help": the kinds; "-netdev KIND,help": the keys. */
int cmdline_answer_netdev(const struct cmdline_opt *o, const char *arg,
			  struct error *err);
/* "-net nic,model=help", "-net nic,help" and the like. */
int cmdline_answer_net(const struct cmdline_opt *o, const char *arg,
		       struct error *err);
/* "-smp help": the keys. */
int cmdline_answer_keys(const struct cmdline_opt *o, const char *arg,
			struct error *err);
/* "-smbios help": the keys of each type of table. */
int cmdline_answer_vnc(const struct cmdline_opt *o, const char *arg,
		       struct error *err);
int cmdline_answer_smbios(const struct cmdline_opt *o, const char *arg,
			  struct error *err);
int cmdline_answer_machine(const struct cmdline_opt *o, const char *arg,
			   struct error *err);
/* "-vga help": the choices of the first key. */
int cmdline_answer_choices(const struct cmdline_opt *o, const char *arg,
			   struct error *err);

#endif
