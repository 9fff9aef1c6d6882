// SPDX-License-Identifier: MIT

/**
 * Message for a value that does not fit, with its place in the C text: the name of an added check or of a step contains the
 * place. Undefined for any other failure.
 */
export function failureIn(message: string): string | undefined {
  const value = /^(.+:\d+:\d+): (.*?)(?: \[from (-?\d+)\])? := (-?\d+), allowed is 0 to (\d+), in /.exec(message);
  if (value !== null) {
    const [, place = '', text = '', from = '0', given = '', most = ''] = value;
    const low = Number(from);
    const [is, high] = [Number(given) + low, Number(most) + low];
    // A number that C cuts off is most often a mistake of the form, not of the limits here.
    const bits = low === 0 && high === 255 ? 8 : low === 0 && high === 65_535 ? 16 : undefined;
    const cut = bits === undefined ? '' : `, which C cuts to ${BigInt.asUintN(bits, BigInt(is))} in ${bits} bits`;
    return `${place}: '${text}' is ${is} here${cut}, expected ${low} to ${high}`;
  }
  const refused = /^\S+:\d+:\d+: .*/.exec(message);
  if (refused !== null) return refused[0];
  const step = /^(.*), in (step '.*'.*), at ([^,]+:\d+)$/.exec(message);
  if (step === null) return undefined;
  const [, what = '', where = '', place = ''] = step;
  return `${place}:1: ${what}, in ${where}, expected a value that fits`;
}
