// SPDX-License-Identifier: MIT
import { type Dev, dev } from '../../ledger/index.ts';

/** `MAJOR:MINOR` of a kernel dev_t (12 and 20 bits, include/linux/kdev_t.h), each text made once. */
export function devNamed(value: number, names: Map<number, Dev>): Dev {
  const known = names.get(value);
  if (known !== undefined) return known;
  if (names.size > 1000) names.clear();
  const name = dev(Math.floor(value / 0x10_0000), value % 0x10_0000);
  names.set(value, name);
  return name;
}
