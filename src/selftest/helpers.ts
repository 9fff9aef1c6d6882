// SPDX-License-Identifier: MIT
// Functions of the program that only some calls need: a compiler warns of uncalled ones.

/** By name, in their order in the program. */
const HELPERS = {
  touch: String.raw`
/** Reads each page of a range, or writes to it. */
static int touch(int file, long start, long pages, int write)
{
	int result = 0;

	for (long page = start; result == 0 && page < start + pages; page++)
		result = access_byte(map[file] + page * PAGE, write ? 1 : -1, NULL);
	return result;
}`,
  load: String.raw`
/** Reads the byte that fills a page. */
static int load(int call, int file, long page)
{
	unsigned char byte = 0;
	int result = access_byte(map[file] + page * PAGE, -1, &byte);

	shared->value[call] = byte;
	return result;
}`,
  store: String.raw`
/** Fills a page with a byte. */
static int store(int file, long page, int byte)
{
	int result = 0;

	for (long i = 0; result == 0 && i < PAGE; i++)
		result = access_byte(map[file] + page * PAGE + i, byte, NULL);
	return result;
}`,
  allocate: String.raw`
static int allocate(int file, long start, long pages, int mode)
{
	return fallocate(memfd[file], mode, start * PAGE, pages * PAGE) == 0 ? 0 : errno;
}`,
  convert: String.raw`
/**
 * KVM_SET_MEMORY_ATTRIBUTES2. error_offset is written with EAGAIN and ENOMEM only.
 * @param argument NULL if the kernel is to find no struct; @param writable 0 if it is to find one that it cannot write to.
 */
static int convert(int call, int file, const struct kvm_memory_attributes2 *argument, int writable)
{
	struct kvm_memory_attributes2 here, *there = &here;
	int result;

	if (argument == NULL)
		there = NULL;
	else if (!writable) {
		there = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (there == MAP_FAILED)
			stop(FAIL, "no memory for a struct");
	}
	if (there != NULL) {
		*there = *argument;
		there->error_offset = UNTOUCHED;
		if (!writable && mprotect(there, PAGE, PROT_READ) != 0)
			stop(FAIL, "mprotect: %s", strerror(errno));
	}
	result = ioctl(memfd[file], KVM_SET_MEMORY_ATTRIBUTES2, there) == 0 ? 0 : errno;
	if (result == ENOTTY)
		stop(SKIP, "this kernel has no conversion: KVM_SET_MEMORY_ATTRIBUTES2 on a guest_memfd returned ENOTTY");
	if (!has_private_memory)
		stop(SKIP, "this kernel has no VM with private memory whose guest_memfd can be mapped");
	if (there != NULL && there->error_offset != UNTOUCHED) {
		shared->value[call] = (long)(there->error_offset / PAGE);
		if (result != EAGAIN && result != ENOMEM)
			stop(FAIL, "call %d: error_offset was written with %s", call, name_of(result));
	}
	if (!writable && there != NULL)
		munmap(there, PAGE);
	return result;
}`,
  pipe: String.raw`
/** vmsplice(2): the pipe has a reference to the page. */
static int pipe_page(int pin, int file, long page)
{
	struct iovec part = { map[file] + page * PAGE, PAGE };

	return vmsplice(pins[pin][1], &part, 1, 0) == PAGE ? 0 : errno;
}`,
  emptyPipe: String.raw`
static int empty_pipe(int pin)
{
	char bytes[PAGE];

	return read(pins[pin][0], bytes, sizeof(bytes)) == PAGE ? 0 : errno;
}`,
  ring: String.raw`
/** A registered buffer of an io_uring: FOLL_PIN with FOLL_LONGTERM. */
static int pin_page(int pin, int file, long page)
{
	struct iovec part = { map[file] + page * PAGE, PAGE };

	if (syscall(SYS_io_uring_register, pins[pin][0], 0 /* IORING_REGISTER_BUFFERS */, &part, 1) == 0)
		return 0;
	if (errno == EOPNOTSUPP || errno == ENOMEM)
		stop(SKIP, "io_uring registers no buffer of a guest_memfd here: %s", strerror(errno));
	return errno;
}`,
  leaveRing: String.raw`
static int unpin_page(int pin)
{
	return syscall(SYS_io_uring_register, pins[pin][0], 1 /* IORING_UNREGISTER_BUFFERS */, NULL, 0) == 0 ? 0 : errno;
}`,
  move: String.raw`
/** Another task is moved to a CPU. */
static int move_task(int task, int cpu)
{
	cpu_set_t set;

	wait_for(&shared->thread[task]);
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(atomic_load(&shared->thread[task]), sizeof(set), &set) == 0 ? 0 : errno;
}`,
  mlock: String.raw`
static int lock_pages(int file, long start, long pages)
{
	return mlock(map[file] + start * PAGE, pages * PAGE) == 0 ? 0 : errno;
}`,
  munlock: String.raw`
static int unlock_pages(int file, long start, long pages)
{
	return munlock(map[file] + start * PAGE, pages * PAGE) == 0 ? 0 : errno;
}`,
  mincore: String.raw`
static int ask_mincore(int file, long start, long pages)
{
	unsigned char found;
	int result = 0;

	for (long page = start; result == 0 && page < start + pages; page++)
		result = mincore(map[file] + page * PAGE, PAGE, &found) == 0 ? 0 : errno;
	return result;
}`,
  madvise: String.raw`
static int advise(int file, long start, long pages, int advice)
{
	return madvise(map[file] + start * PAGE, pages * PAGE, advice) == 0 ? 0 : errno;
}`,
  mmap: String.raw`
static int map_pages(int file, long start, long pages)
{
	void *at = mmap(map[file] + start * PAGE, pages * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
			memfd[file], start * PAGE);

	return at == MAP_FAILED ? errno : 0;
}`,
  munmap: String.raw`
static int unmap_pages(int file, long start, long pages)
{
	return munmap(map[file] + start * PAGE, pages * PAGE) == 0 ? 0 : errno;
}`,
  release: String.raw`
/** The last reference to the file goes with its mapping and its descriptor. */
static int release(int file)
{
	munmap(map[file], sizes[file]);
	return close(memfd[file]) == 0 ? 0 : errno;
}`,
  drain: String.raw`
/** lru_add_drain_all(), as drop_caches calls it. */
static int drain_all(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, "1", 1) != 1)
		stop(SKIP, "no drain of all CPUs: /proc/sys/vm/drop_caches cannot be written: %s", strerror(errno));
	close(fd);
	return 0;
}`,
  ioctl: String.raw`
static int unknown_ioctl(unsigned long number)
{
	struct kvm_memory_attributes2 argument = { .size = PAGE };

	return ioctl(memfd[0], number, &argument) == 0 ? 0 : errno;
}`,
} as const;

/** Name of a helper. */
export type HelperName = keyof typeof HELPERS;
const isHelperName = (name: string): name is HelperName => Object.hasOwn(HELPERS, name);

/** The text of these helpers. */
export const helpersText = (needed: ReadonlySet<HelperName>): string =>
  Object.keys(HELPERS)
    .filter(isHelperName)
    .flatMap((name) => (needed.has(name) ? [HELPERS[name]] : []))
    .join('\n');
