// SPDX-License-Identifier: MIT
// The landing page's films: scripts/build-web.mjs runs this once, so that the page shows them before any worker has started.
import { LANDING_FORMS, LANDING_SCENARIO } from './landing-asked.ts';
import { everyOrder, play, scenarioOf } from './service.ts';

/** Films of the mail's claim, and what holds on every order of their steps, as JSON. */
export async function landingJson(): Promise<string> {
  const asked = { kind: 'library', name: LANDING_SCENARIO } as const;
  const played = await play({ id: 0, scenario: asked, forms: LANDING_FORMS, schedule: undefined });
  const scenario = await scenarioOf(asked);
  return JSON.stringify({ played, everyOrder: LANDING_FORMS.map((form) => everyOrder(scenario, form)) });
}
