// SPDX-License-Identifier: MIT

/** The name of the error of a system call, `EACCES`; the message of another error. */
export function codeOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return error instanceof Error ? error.message : String(error);
}
