// SPDX-License-Identifier: MIT
import { errnoName } from '../abi/index.ts';
import type { ConversionCall, Explanation } from '../explain/index.ts';
import { foldNumbers } from '../ledger/index.ts';
import { timeText } from './clock-text.ts';
import { holderPhrase } from './explain-evidence.ts';
import { inodeName } from './explain-names.ts';
import { wrap } from './flow.ts';

const resultPhrase = ({ returned }: ConversionCall): string => {
  if (returned === undefined) return 'no return seen';
  const name = errnoName(returned);
  return name === undefined ? `returned ${returned}` : `returned ${returned} (-${name})`;
};

/** `CPU 1: 8 of 0:15:0x1b62 (0-7)`, for each batch. */
function batchedPhrase({ batched }: ConversionCall): string {
  const groups = new Map<string, number[]>();
  for (const folio of batched) {
    const key = `CPU ${folio.cpu}|${inodeName(folio)}`;
    groups.set(key, [...(groups.get(key) ?? []), folio.index]);
  }
  return [...groups]
    .map(([key, indexes]) => {
      const [cpu = '', inode = ''] = key.split('|');
      return `${cpu}: ${indexes.length} of ${inode} (${foldNumbers(indexes)})`;
    })
    .join('; ');
}

/** `1 gup ('vmm'): 0:15:0x1b62 (5)`, for each holder; empty without page_ref events. */
export function heldPhrase({ held }: Pick<ConversionCall, 'held'>): string {
  const groups = new Map<string, number[]>();
  for (const folio of held) {
    const key = `${holderPhrase(folio.holder)}: ${inodeName(folio)}`;
    groups.set(key, [...(groups.get(key) ?? []), folio.index]);
  }
  return [...groups].map(([key, indexes]) => `${key} (${foldNumbers(indexes)})`).join('; ');
}

function describe(call: ConversionCall): string {
  const { cpu, pid, fd, drained, batched, checked } = call;
  const looked =
    checked === undefined
      ? ''
      : `; its check looked at pages ${checked.from} up to ${checked.to} of ${inodeName(checked)}`;
  const drain = drained === undefined ? '' : drained ? ', drained all CPUs' : ', did not drain all CPUs';
  const held = heldPhrase(call);
  const waited =
    batched.length === 0
      ? noneWaitedPhrase(call)
      : `${call.showInsertions ? 'in batches then' : 'in batches then, if none was flushed before'}, ${batchedPhrase(call)}`;
  return `${resultPhrase(call)}${drain}; CPU ${cpu}, pid ${pid}, fd ${fd}; ${waited}${held === '' ? '' : `; held by ${held}`}${looked}`;
}

/** Text for "no folio is known to have waited", and the worth of that. */
function noneWaitedPhrase({ showAdds, causes }: ConversionCall): string {
  if (!showAdds) return 'which folios waited is not known: no add event is in the recording';
  if (causes.some(({ how }) => how === 'flush in progress'))
    return 'no folio waited in a batch, but a flush may still have held references to folios that it had inserted';
  return causes.some(({ kinds }) => kinds.length === 1 && kinds[0] === 'lru-add-batch')
    ? 'no folio is known to have waited in a batch'
    : 'no folio waited in a batch, as far as events show';
}

/** Largest number of groups of like calls in the report; --json has them all. */
const MOST_GROUPS = 12;

/** Every real conversion of the recording; a call like the previous one joins its line. */
export function conversionLines({ conversions: calls, form }: Pick<Explanation, 'conversions' | 'form'>): string[] {
  if (calls.length === 0) return [];
  const groups: { readonly said: string; readonly calls: ConversionCall[] }[] = [];
  for (const call of calls) {
    const said = describe(call);
    const last = groups.at(-1);
    if (last?.said === said) last.calls.push(call);
    else groups.push({ said, calls: [call] });
  }
  const lines = [`conversions recorded (KVM_SET_MEMORY_ATTRIBUTES2): ${calls.length}`];
  for (const { said, calls: alike } of groups.slice(0, MOST_GROUPS)) {
    const [first] = alike;
    const last = alike.at(-1);
    if (first === undefined || last === undefined) continue;
    const when =
      alike.length === 1 ? timeText(first.at) : `${alike.length} from ${timeText(first.at)} to ${timeText(last.at)}`;
    lines.push(...wrap(`${when}: ${said}`, '  ', '    '));
  }
  const rest = groups.slice(MOST_GROUPS).reduce((sum, { calls: alike }) => sum + alike.length, 0);
  if (form !== undefined)
    lines.push(...wrap(`form of the check: ${form.forms.join(', ')}: ${form.because}`, '  ', '    '));
  if (rest > 0) lines.push(`  and ${rest} more; --json has them all`);
  return lines;
}
