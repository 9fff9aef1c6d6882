// SPDX-License-Identifier: MIT
import { readSource as read, type Source } from './source.ts';

/**
 * A document from text in YAML or JSON, for other rooms. A separate function: if index.ts exported the one of source.ts,
 * a bundler would load YAML at once, but read-scenario.ts must be able to load it later.
 * @throws InputError if the text is not YAML, or is empty.
 * @example
 * import { readSource, suggestion } from 'folioscope/scenario';
 * readSource('t.yaml', 'cpus: 2').value; // => { cpus: 2 }
 * suggestion('basline', ['baseline', 'v6']); // => "did you mean 'baseline'?"
 */
export const readSource = (file: string, text: string): Source => read(file, text);
