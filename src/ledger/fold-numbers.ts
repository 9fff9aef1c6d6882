// SPDX-License-Identifier: MIT

/**
 * Numbers with their runs folded: `0-7, 12, 74-92 step 2`. A run has at least three numbers at the same distance, or
 * two consecutive ones.
 * @param numbers rising.
 * @example
 * import { foldNumbers } from 'folioscope/ledger';
 * foldNumbers([1, 2, 4, 6, 8, 20]); // => '1-2, 4-8 step 2, 20'
 */
export function foldNumbers(numbers: readonly number[]): string {
  const pieces: string[] = [];
  for (let at = 0; at < numbers.length; ) {
    const first = numbers[at] ?? 0;
    const step = (numbers[at + 1] ?? first) - first;
    let end = at + 1;
    while (end < numbers.length && (numbers[end] ?? 0) - (numbers[end - 1] ?? 0) === step) end++;
    const isRun = end - at >= 3 || (end - at === 2 && step === 1);
    if (isRun) pieces.push(`${first}-${first + step * (end - at - 1)}${step === 1 ? '' : ` step ${step}`}`);
    else pieces.push(String(first));
    at = isRun ? end : at + 1;
  }
  return pieces.join(', ');
}
