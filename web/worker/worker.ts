// SPDX-License-Identifier: MIT
// The script of a worker. Its name, given by the page, says which service it plays.
import { playService } from './play.ts';
import { SERVICES } from './services.ts';

void playService(SERVICES);
