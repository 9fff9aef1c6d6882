// SPDX-License-Identifier: MIT
// The script of a worker. The page names the worker after the service that it runs.
import { playService } from './play.ts';
import { SERVICES } from './services.ts';

void playService(SERVICES);
