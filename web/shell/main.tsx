// SPDX-License-Identifier: MIT
import { render } from 'preact';
import { Frame } from './frame.tsx';
import { Shell } from './shell.ts';
import { VIEWS } from './views.ts';

const host = document.querySelector('#page');
if (host === null) throw new Error('the page has no element #page');
const shell = new Shell(VIEWS);
render(<Frame shell={shell} />, host);
