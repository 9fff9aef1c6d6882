// SPDX-License-Identifier: MIT
// A C compiler and the system's headers recompute the numbers and layouts of src/abi/.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import * as abi from '../../src/abi/index.ts';
import { lacking } from '../needs.ts';

const folder = mkdtempSync(join(tmpdir(), 'folioscope-abi-'));
afterAll(() => rmSync(folder, { recursive: true }));

const TYPES = { 4: 'uint32_t', 8: 'uint64_t' } as const;

/** Headers may be older than the kernel, so the structs are written from the layouts; what the headers have is taken from them. */
function program(): string {
  const structs = Object.entries(abi.STRUCTS).map(([name, layout]) => {
    const fields = Object.entries(layout).map(
      ([field, { size, count }]) => `  ${TYPES[size]} ${field}${count === 1 ? '' : `[${count}]`};`,
    );
    return `struct my_${name} {\n${fields.join('\n')}\n};`;
  });
  const layouts = Object.entries(abi.STRUCTS).flatMap(([name, layout]) => [
    `  printf("sizeof ${name} %zu\\n", sizeof(struct my_${name}));`,
    ...Object.keys(layout).map(
      (field) => `  printf("${name}.${field} %zu\\n", offsetof(struct my_${name}, ${field}));`,
    ),
  ]);
  const number = (name: string, expression: string): string =>
    `  printf("${name} %llu\\n", (unsigned long long)(${expression}));`;
  const known = (name: string): string => `#ifdef ${name}\n${number(`header ${name}`, name)}\n#endif`;
  return `#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <linux/falloc.h>
#include <linux/kernel-page-flags.h>
#include <linux/kvm.h>
#include <sys/syscall.h>
${structs.join('\n')}
int main(void) {
${layouts.join('\n')}
${number('KVM_CREATE_VM', '_IO(0xAE, 0x01)')}
${number('KVM_CHECK_EXTENSION', '_IO(0xAE, 0x03)')}
${number('KVM_CREATE_GUEST_MEMFD', '_IOWR(0xAE, 0xd4, struct my_kvm_create_guest_memfd)')}
${number('KVM_SET_MEMORY_ATTRIBUTES', '_IOW(0xAE, 0xd2, struct my_kvm_memory_attributes)')}
${number('KVM_SET_MEMORY_ATTRIBUTES2', '_IOWR(0xAE, 0xd2, struct my_kvm_memory_attributes2)')}
${number('KVM_SET_USER_MEMORY_REGION2', '_IOW(0xAE, 0x49, struct my_kvm_userspace_memory_region2)')}
${['FALLOC_FL_KEEP_SIZE', 'FALLOC_FL_PUNCH_HOLE', 'PROT_READ', 'PROT_WRITE', 'MAP_SHARED', 'MAP_PRIVATE', 'MAP_ANONYMOUS', 'MADV_DONTNEED', 'POSIX_FADV_DONTNEED', 'SPLICE_F_MOVE', 'SPLICE_F_NONBLOCK', 'F_SETPIPE_SZ', 'MFD_CLOEXEC', 'MFD_ALLOW_SEALING', 'F_ADD_SEALS', 'F_SEAL_WRITE', 'MLOCK_ONFAULT'].map((name) => number(name, name)).join('\n')}
${Object.keys(abi.ERRNO)
  .map((name) => number(`ERRNO ${name}`, name))
  .join('\n')}
${Object.keys(abi.KPF)
  .map((name) => number(`KPF ${name}`, `KPF_${name}`))
  .join('\n')}
${['KVM_CREATE_VM', 'KVM_CHECK_EXTENSION', 'KVM_CREATE_GUEST_MEMFD', 'KVM_SET_MEMORY_ATTRIBUTES', 'KVM_SET_MEMORY_ATTRIBUTES2', 'KVM_SET_USER_MEMORY_REGION2', 'KVM_MEMORY_ATTRIBUTE_PRIVATE', 'GUEST_MEMFD_FLAG_MMAP', 'GUEST_MEMFD_FLAG_INIT_SHARED', 'KVM_CAP_GUEST_MEMFD', 'KVM_CAP_GUEST_MEMFD_FLAGS', 'KVM_MEM_GUEST_MEMFD', 'KVM_X86_SW_PROTECTED_VM'].map(known).join('\n')}
  return 0;
}
`;
}

test('a C compiler comes to the same numbers, sizes and offsets', ({ skip }) => {
  const why = lacking('cc');
  if (why !== undefined) skip(why);
  writeFileSync(join(folder, 'abi.c'), program());
  execFileSync('cc', ['-Wall', '-Werror', '-o', join(folder, 'abi'), join(folder, 'abi.c')]);
  const rows = execFileSync(join(folder, 'abi'), { encoding: 'utf8' }).trimEnd().split('\n');
  const known: Readonly<Record<string, unknown>> = { ...abi };
  const ours = rows.map((row) => {
    const [what = '', name = ''] = row.split(' ');
    const [struct, field] = what.split('.');
    if (what === 'sizeof') return `sizeof ${name} ${abi.sizeOfStruct(layoutOf(name))}`;
    if (what === 'ERRNO') return `ERRNO ${name} ${Object.entries(abi.ERRNO).find(([key]) => key === name)?.[1]}`;
    if (what === 'KPF') return `KPF ${name} ${Object.entries(abi.KPF).find(([key]) => key === name)?.[1]}`;
    if (what === 'header') return `header ${name} ${String(known[name])}`;
    return `${what} ${field === undefined ? String(known[what]) : layoutOf(struct ?? '')[field]?.offset}`;
  });
  expect(ours).toEqual(rows);
  expect(rows.length).toBeGreaterThan(60);
});

function layoutOf(name: string): abi.Layout {
  return Object.entries(abi.STRUCTS).find(([key]) => key === name)?.[1] ?? {};
}
