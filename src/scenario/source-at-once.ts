// SPDX-License-Identifier: MIT
import { readSource as read, type Source } from './source.ts';

/**
 * A document from text in YAML or JSON, for other rooms. A function of its own: if the room's face handed out the one of source.ts, a
 * bundler would put YAML beside the face, where read-scenario.ts is to load it later.
 * @throws InputError if the text is no YAML, or holds nothing.
 * @example
 * import { readSource, suggestion } from 'folioscope/scenario';
 * readSource('t.yaml', 'cpus: 2').value; // => { cpus: 2 }
 * suggestion('basline', ['baseline', 'v6']); // => "did you mean 'baseline'?"
 */
export const readSource = (file: string, text: string): Source => read(file, text);
