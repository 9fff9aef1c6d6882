// SPDX-License-Identifier: MIT
// The C that all programs share. It stands behind the program's own constants and tables.
import {
  GUEST_MEMFD_FLAG_INIT_SHARED,
  GUEST_MEMFD_FLAG_MMAP,
  KVM_CAP_GUEST_MEMFD_FLAGS,
  KVM_CHECK_EXTENSION,
  KVM_CREATE_GUEST_MEMFD,
  KVM_CREATE_VM,
  KVM_SET_MEMORY_ATTRIBUTES2,
  KVM_X86_DEFAULT_VM,
  KVM_X86_SW_PROTECTED_VM,
  PAGE_SIZE,
  STRUCTS,
} from '../abi/index.ts';

const hex = (value: bigint): string => `0x${value.toString(16)}`;

function structText(name: 'kvm_create_guest_memfd' | 'kvm_memory_attributes2'): string {
  const fields = Object.entries(STRUCTS[name]).map(
    ([field, { size, count }]) => `\tuint${8 * size}_t ${field}${count === 1 ? '' : `[${count}]`};`,
  );
  return `struct ${name} {\n${fields.join('\n')}\n};`;
}

/** Headers, and the numbers of the interface: installed headers may be older than the conversion. */
export const HEADERS = `#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* include/uapi/linux/kvm.h with the conversion series (v8) */
#define KVM_CREATE_VM ${hex(KVM_CREATE_VM)}
#define KVM_CHECK_EXTENSION ${hex(KVM_CHECK_EXTENSION)}
#define KVM_CREATE_GUEST_MEMFD ${hex(KVM_CREATE_GUEST_MEMFD)}
#define KVM_SET_MEMORY_ATTRIBUTES2 ${hex(KVM_SET_MEMORY_ATTRIBUTES2)}
#define KVM_CAP_GUEST_MEMFD_FLAGS ${KVM_CAP_GUEST_MEMFD_FLAGS}
#define KVM_X86_DEFAULT_VM ${KVM_X86_DEFAULT_VM}
#define KVM_X86_SW_PROTECTED_VM ${KVM_X86_SW_PROTECTED_VM}
#define GUEST_MEMFD_FLAG_MMAP ${GUEST_MEMFD_FLAG_MMAP}
#define GUEST_MEMFD_FLAG_INIT_SHARED ${GUEST_MEMFD_FLAG_INIT_SHARED}

${structText('kvm_create_guest_memfd')}

${structText('kvm_memory_attributes2')}

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif

#define PAGE ${PAGE_SIZE}
/** What error_offset is before a call: no offset of a page. */
#define UNTOUCHED 0x7e57
/** No result, or no value, is asserted. */
#define ANY (-1000)

/* Exit codes, as in tools/testing/selftests/kselftest.h. */
enum { PASS = 0, FAIL = 1, SKIP = 4 };`;

/** Behind the tables: state, order, and what every program does. */
export const COMMON = String.raw`
/** What the tasks share; they may be processes. */
static struct {
	atomic_int begun[CALLS], done[CALLS];
	/** 0, an errno, or the negative number of a signal. */
	int result[CALLS];
	/** The page of error_offset, or the byte that was loaded. */
	long value[CALLS];
	/** Thread ids, by task. */
	atomic_int thread[TASKS];
	/** Set once; then no task waits any more. */
	atomic_int stopped;
	int code;
	char why[160];
} *shared;

static int memfd[FILES], vms[2];
static int has_private_memory;
/** The process's mapping of each file. */
static char *map[FILES];
static int pins[PINS][2];

/** Ends the test from any thread. */
static _Noreturn __attribute__((format(printf, 2, 3))) void stop(int code, const char *format, ...)
{
	int expected = 0;
	va_list args;

	if (atomic_compare_exchange_strong(&shared->stopped, &expected, 1)) {
		va_start(args, format);
		vsnprintf(shared->why, sizeof(shared->why), format, args);
		va_end(args);
		shared->code = code;
		atomic_store(&shared->stopped, 2);
	}
	pthread_exit(NULL);
}

static void nap(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 50000 }, NULL);
}

/** Waits until another task sets a flag. */
static void wait_for(atomic_int *flag)
{
	while (atomic_load(flag) == 0) {
		if (atomic_load(&shared->stopped))
			pthread_exit(NULL);
		nap();
	}
}

static const char *name_of(int result)
{
	switch (result) {
	case 0: return "ok";
	case EAGAIN: return "EAGAIN";
	case EINVAL: return "EINVAL";
	case EFAULT: return "EFAULT";
	case ENOMEM: return "ENOMEM";
	case ENOTTY: return "ENOTTY";
	case EBUSY: return "EBUSY";
	case EEXIST: return "EEXIST";
	case EHWPOISON: return "EHWPOISON";
	case -SIGBUS: return "SIGBUS";
	case -SIGSEGV: return "SIGSEGV";
	default: return result < 0 ? "another signal" : strerror(result);
	}
}

/**
 * The barrier before a call: all earlier calls have begun, and have returned, except those in the list.
 * @param overlaps numbers of calls, -1 behind the last.
 */
static void begin(int call, const int *overlaps)
{
	for (int earlier = 0; earlier < call; earlier++) {
		int waits = 1;

		for (const int *one = overlaps; *one >= 0; one++)
			if (*one == earlier)
				waits = 0;
		wait_for(waits ? &shared->done[earlier] : &shared->begun[earlier]);
	}
	atomic_store(&shared->begun[call], 1);
}

static void end(int call, int result)
{
	shared->result[call] = result;
	atomic_store(&shared->done[call], 1);
}

static int move_to(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set) == 0 ? 0 : errno;
}

static void start_task(int task, int cpu)
{
	if (move_to(cpu) != 0)
		stop(SKIP, "no CPU %d: %s", cpu, strerror(errno));
	atomic_store(&shared->thread[task], (int)syscall(SYS_gettid));
}

static __thread sigjmp_buf landing;

static void on_fault(int signal)
{
	siglongjmp(landing, signal);
}

/**
 * One access to memory.
 * @param write the byte to write, or -1 to read.
 * @returns 0, or the negative number of the signal that it ended in.
 */
static int access_byte(volatile char *at, int write, unsigned char *byte)
{
	int signal = sigsetjmp(landing, 1);
	char found;

	if (signal != 0)
		return -signal;
	if (write >= 0) {
		*at = (char)write;
		return 0;
	}
	found = *at;
	if (byte != NULL)
		*byte = (unsigned char)found;
	return 0;
}

/** lru_add_drain(): F_SEAL_WRITE looks for pins of the file's pages. */
static int drain_own_cpu(void)
{
	int fd = memfd_create("drain", MFD_CLOEXEC | MFD_ALLOW_SEALING), result;

	if (fd < 0)
		return errno;
	result = fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE) == 0 ? 0 : errno;
	close(fd);
	return result;
}
`;

/** The end of the program: set-up, the half without conversion, the results. */
export const MAIN = String.raw`
static int tests;

static void told(int is_well, const char *what)
{
	printf("%s %d %s\n", is_well ? "ok" : "not ok", ++tests, what);
	if (!is_well)
		shared->code = FAIL;
}

static _Noreturn void skip(const char *why)
{
	printf("1..0 # SKIP %s\n", why);
	exit(SKIP);
}

/** A guest_memfd, or -1. */
static int create(int vm, uint64_t size, uint64_t flags)
{
	struct kvm_create_guest_memfd argument = { .size = size, .flags = flags };

	return ioctl(vm, KVM_CREATE_GUEST_MEMFD, &argument);
}

/** A VM whose guest_memfds can be mapped and begin shared, or -1. */
static int create_vm(int kvm, unsigned long type)
{
	int vm = ioctl(kvm, KVM_CREATE_VM, type);
	int flags = GUEST_MEMFD_FLAG_MMAP | GUEST_MEMFD_FLAG_INIT_SHARED;

	if (vm >= 0 && (ioctl(vm, KVM_CHECK_EXTENSION, KVM_CAP_GUEST_MEMFD_FLAGS) & flags) == flags)
		return vm;
	if (vm >= 0)
		close(vm);
	return -1;
}

static void set_up(void)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	cpu_set_t set;

	if (kvm < 0)
		skip("no /dev/kvm");
	if (sysconf(_SC_PAGESIZE) != PAGE)
		skip("pages are not of 4096 bytes");
	sched_getaffinity(0, sizeof(set), &set);
	for (int cpu = 0; cpu < CPUS; cpu++)
		if (!CPU_ISSET(cpu, &set))
			skip("fewer CPUs than the scenario has");
	vms[0] = create_vm(kvm, KVM_X86_DEFAULT_VM);
	vms[1] = create_vm(kvm, KVM_X86_SW_PROTECTED_VM);
	has_private_memory = vms[1] >= 0;
	if (vms[0] < 0)
		skip("no guest_memfd that can be mapped and begins shared");
	if (!has_private_memory)
		vms[1] = vms[0];
	for (int file = 0; file < FILES; file++) {
		memfd[file] = create(vms[vm_of[file]], sizes[file], flags_of[file]);
		if (memfd[file] < 0)
			skip("KVM_CREATE_GUEST_MEMFD fails");
	}
	set_up_pins();
	signal(SIGBUS, on_fault);
	signal(SIGSEGV, on_fault);
}

/** What needs no conversion, on a file of its own. */
static void first_half(void)
{
	int fd = create(vms[1], 2 * PAGE, GUEST_MEMFD_FLAG_MMAP | GUEST_MEMFD_FLAG_INIT_SHARED);
	unsigned char byte = 1;
	cpu_set_t before;
	char what[64], *at;

	told(fd >= 0, "create a guest_memfd of two pages");
	at = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	told(at != MAP_FAILED, "map it");
	if (at == MAP_FAILED)
		return;
	told(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, PAGE) == 0, "fallocate its first page");
	sched_getaffinity(0, sizeof(before), &before);
	snprintf(what, sizeof(what), "touch both pages on CPU %d", CPUS - 1);
	told(move_to(CPUS - 1) == 0 && access_byte(at, 7, NULL) == 0 && access_byte(at + PAGE, -1, NULL) == 0, what);
	told(fallocate(fd, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, 0, PAGE) == 0, "punch a hole");
	told(access_byte(at, -1, &byte) == 0 && byte == 0, "the page in the hole is new");
	munmap(at, 2 * PAGE);
	close(fd);
	/* These pages are not to fill the batch that the scenario is about. */
	drain_own_cpu();
	sched_setaffinity(0, sizeof(before), &before);
}

/** Maps the files and starts the tasks of a process. */
static void start_process(int process, pthread_t *threads)
{
	for (int file = 0; file < FILES; file++) {
		map[file] = mmap(NULL, sizes[file], PROT_READ | PROT_WRITE, MAP_SHARED, memfd[file], 0);
		if (map[file] == MAP_FAILED) {
			perror("mmap");
			_exit(FAIL);
		}
	}
	for (int task = 0; task < TASKS; task++)
		if (tasks[task].process == process && pthread_create(&threads[task], NULL, tasks[task].text, NULL) != 0)
			_exit(FAIL);
}

static void join_process(int process, const pthread_t *threads)
{
	for (int task = 0; task < TASKS; task++)
		if (tasks[task].process == process)
			pthread_join(threads[task], NULL);
}

/** Waits for a call, a minute at most. @returns whether it returned. */
static int has_returned(int call)
{
	for (int naps = 0; naps < 1200000; naps++) {
		if (atomic_load(&shared->done[call]))
			return 1;
		if (atomic_load(&shared->stopped) == 2)
			return atomic_load(&shared->done[call]);
		nap();
	}
	return 0;
}

/** Prints the result of a call. */
static void report(int call)
{
	const struct call *one = &calls[call];
	int result = shared->result[call];
	long value = shared->value[call];

	if (one->result == ANY) {
		printf("# not asserted: %s: %s\n", one->what, name_of(result));
		told(1, one->what);
	} else if (result != one->result) {
		told(0, one->what);
		printf("# %s, expected %s\n", name_of(result), name_of(one->result));
	} else if (one->value != ANY && value != one->value) {
		told(0, one->what);
		printf("# %s with %ld, expected %ld\n", name_of(result), value, one->value);
	} else
		told(1, one->what);
}

int main(void)
{
	pthread_t threads[TASKS];
	int call;

#ifndef __x86_64__
	skip("the numbers of this program are those of x86-64");
#endif
	setvbuf(stdout, NULL, _IOLBF, 0);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		skip("no memory");
	for (call = 0; call < CALLS; call++)
		shared->value[call] = ANY;
	set_up();
	printf("TAP version 13\n1..%d\n", 6 + CALLS);
	if (!has_private_memory)
		printf("# no VM with private memory whose guest_memfd can be mapped: a VM of the default type instead\n");
	first_half();
	fflush(stdout);
	for (int process = 1; process < PROCESSES; process++) {
		if (fork() != 0)
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		start_process(process, threads);
		join_process(process, threads);
		_exit(0);
	}
	start_process(0, threads);
	for (call = 0; call < CALLS && has_returned(call); call++)
		report(call);
	if (call < CALLS && atomic_load(&shared->stopped) != 2) {
		told(0, calls[call].what);
		printf("# it has not returned within a minute\n");
		return FAIL;
	}
	join_process(0, threads);
	while (wait(NULL) > 0)
		;
	for (; call < CALLS; call++)
		printf("%s %d %s%s\n", shared->code == SKIP ? "ok" : "not ok", ++tests, calls[call].what,
		       shared->code == SKIP ? " # SKIP" : "");
	if (shared->why[0] != '\0')
		printf("# %s: %s\n", shared->code == SKIP ? "SKIP" : "FAIL", shared->why);
	return shared->code;
}
`;
