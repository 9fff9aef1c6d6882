// SPDX-License-Identifier: MIT
import type { SyscallEnter, SyscallExit } from '../../ledger/index.ts';
import type { SyscallFamily } from '../syscall-twins.ts';
import type { LineOrigin } from './decoded-text.ts';

interface Found {
  readonly event: SyscallEnter | SyscallExit;
  readonly family: SyscallFamily;
}

type Name = SyscallEnter['name'];

/** `sys_ioctl(fd: 6, cmd: 0xae01, arg: 0)`: hexadecimal, since 6.x with 0x unless it is a single digit. */
const ENTER = /^sys_(ioctl|fallocate)\((.*)\)\s*$/;
const ENTER_ARGUMENT = /\w+: (?:0x)?([0-9a-f]{1,16})/g;
const EXIT = /^sys_(ioctl|fallocate) -> (?:0x)?([0-9a-f]{1,16})\s*$/;

/** Of trace-cmd and perf: `sys_enter_ioctl:      fd: 0x00000006, cmd: ...` and `sys_exit_ioctl:       0x7`. */
const REPORTED_ENTER = /^sys_enter_(ioctl|fallocate): +(\w+: .*)$/;
const REPORTED_EXIT = /^sys_exit_(ioctl|fallocate): +0x([0-9a-f]{1,16})\s*$/;

/** With option `fields`: `sys_enter_ioctl: __syscall_nr=0x10 (16) fd=0x6 (6) ...`. */
const ENTER_FIELDS = /^sys_enter_(ioctl|fallocate): (.*)$/;
const FIELD_ARGUMENT = /\b(?!__syscall_nr=)\w+=0x([0-9a-f]{1,16})/g;
const EXIT_FIELDS = /^sys_exit_(ioctl|fallocate): .*\bret=0x([0-9a-f]{1,16})/;

/** `raw_syscalls:sys_enter` and `sys_exit`. Text does not name the machine: the numbers are those of x86-64. */
const RAW_ENTER = /^sys_enter: +NR (16|285) \(([0-9a-f, ]*)\)\s*$/;
const RAW_EXIT = /^sys_exit: +NR (16|285) = (-?\d{1,19})\s*$/;
const RAW_NAMES: Readonly<Record<string, Name>> = { 16: 'ioctl', 285: 'fallocate' };
const ARGUMENTS: Readonly<Record<Name, number>> = { ioctl: 3, fallocate: 4 };

/** A line of these calls, readable or not. */
const OF_INTEREST = /^sys_(?:(?:enter_|exit_)?(?:ioctl|fallocate)\b|(?:enter|exit): +NR (?:16|285)\b)/;

/** Reads the event whose name starts with `sys_`. @param text from the name to the end of the line. */
export function syscallFromText(text: string, origin: LineOrigin): Found | 'nothing' | 'unreadable' {
  if (!OF_INTEREST.test(text)) return 'nothing';
  let match = ENTER.exec(text);
  if (match !== null)
    return enter(match[1], [...(match[2] ?? '').matchAll(ENTER_ARGUMENT)].map(firstHex), origin, 'syscalls');
  match = EXIT.exec(text);
  if (match !== null) return exit(match[1], hex(match[2]), origin, 'syscalls');
  match = REPORTED_ENTER.exec(text);
  if (match !== null)
    return enter(match[1], [...(match[2] ?? '').matchAll(ENTER_ARGUMENT)].map(firstHex), origin, 'syscalls');
  match = REPORTED_EXIT.exec(text);
  if (match !== null) return exit(match[1], hex(match[2]), origin, 'syscalls');
  match = ENTER_FIELDS.exec(text);
  if (match !== null)
    return enter(match[1], [...(match[2] ?? '').matchAll(FIELD_ARGUMENT)].map(firstHex), origin, 'syscalls');
  match = EXIT_FIELDS.exec(text);
  if (match !== null) return exit(match[1], hex(match[2]), origin, 'syscalls');
  match = RAW_ENTER.exec(text);
  if (match !== null) {
    const values = (match[2] ?? '').split(',').map((value) => hex(value.trim()));
    return enter(RAW_NAMES[match[1] ?? ''], values, origin, 'raw_syscalls');
  }
  match = RAW_EXIT.exec(text);
  if (match !== null) return exit(RAW_NAMES[match[1] ?? ''], BigInt(match[2] ?? '0'), origin, 'raw_syscalls');
  return 'unreadable';
}

const hex = (digits: string | undefined): bigint => BigInt(`0x${digits === undefined || digits === '' ? '0' : digits}`);
const firstHex = (match: RegExpExecArray): bigint => hex(match[1]);

function enter(
  name: string | undefined,
  args: readonly bigint[],
  origin: LineOrigin,
  family: SyscallFamily,
): Found | 'unreadable' {
  if (name !== 'ioctl' && name !== 'fallocate') return 'unreadable';
  if (args.length < ARGUMENTS[name]) return 'unreadable';
  const values = args.slice(0, ARGUMENTS[name]);
  return { event: { type: 'syscall-enter', ...origin, name, args: values }, family };
}

function exit(
  name: string | undefined,
  value: bigint,
  origin: LineOrigin,
  family: SyscallFamily,
): Found | 'unreadable' {
  if (name !== 'ioctl' && name !== 'fallocate') return 'unreadable';
  const returned = BigInt.asIntN(64, value);
  return { event: { type: 'syscall-exit', ...origin, name, returned }, family };
}
