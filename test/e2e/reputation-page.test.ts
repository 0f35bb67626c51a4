/** Trust and reputation on the status page, in a real browser: ranking, one party's history, and the graph around it. */
import type { Browser } from 'playwright-core';
import t from 'tap';
import { startConsole } from '../../console/index.ts';
import { MsecError, systemClock } from '../../engine/index.ts';
import { GRAPH_JOB, graphOptionsOf, recommenderOptionsOf } from '../../services/trust/graph-job.ts';
import { partyOf, rankingOf, servicesOf } from '../../services/trust/graph-views.ts';
import { Histories } from '../../services/trust/histories.ts';
import { Recommender } from '../../services/trust/recommender.ts';
import { StandingNotes } from '../../services/trust/standing-notes.ts';
import { TrustGraph } from '../../services/trust/trust-graph.ts';
import { openDemo } from '../console/support/demo-ports.ts';
import { pairScore, providerScore } from '../services/trust/graph-fixture.ts';
import { launchChromium, openPage } from '../support/chromium.ts';
import { needs } from '../support/needs.ts';

t.setTimeout(590_000);

let launched: Promise<Browser> | undefined;
t.teardown(async () => (await launched)?.close());

const NASTY = '<img/src=x/onerror=document.title=1>';

function city() {
  const graph = new TrustGraph(graphOptionsOf(GRAPH_JOB));
  const recommender = new Recommender(recommenderOptionsOf(GRAPH_JOB));
  const histories = new Histories();
  const notes = new StandingNotes();
  const now = Date.now();
  const judged = (trustor: string, trustee: string, mean: number, interactions: number, service = 'air-quality') => {
    const window = { mean, deviation: 0.05, evidence: interactions };
    graph.takePair(
      pairScore({ trustee, trustor, service, trust: mean - 0.05, small: window, big: window, interactions, at: now }),
    );
  };
  const told = (trustee: string, more: Parameters<typeof providerScore>[0] = {}) => {
    const score = providerScore({ trustee, service: 'air-quality', at: now, ...more });
    graph.takeProvider(score);
    histories.take(score);
    notes.takeProvider(score);
  };
  for (let i = 0; i < 12; i++) {
    if (i !== 2) told(`station-${i}`, { interactions: 40 * (12 - i), responseMs: 80 * i, availability: 1 - i / 50 });
    for (let k = 0; k < 7 - (i % 5); k++)
      judged(`bus-${(i * 3 + k) % 17}`, `station-${i}`, 0.97 - i * 0.07, 4 ** (k % 4));
  }
  for (let k = 0; k < 24; k++) judged(`bus-${k}`, 'station-2', k % 5 === 0 ? 0.2 : k % 5 === 1 ? 0.5 : 0.9, 1 + k * 7);
  judged('station-2', 'station-7', 0.1, 12);
  judged('station-2', 'station-1', 0.9, 90);
  const until = now + 3_600_000;
  told('station-9', { standing: 'blacklisted', since: now - 60_000, until, blacklistings: 1, says: 'below 0.4' });
  told('station-10', { standing: 'reintegrated' });
  told('station-11', { standing: 'permanent' });
  judged('bus-1', NASTY, 0.4, 2);
  for (let s = 240; s >= 0; s -= 4) {
    const turn = s < 100 ? 0.25 + 0.3 * Math.exp((s - 100) / 20) : 0.93 - 0.02 * Math.sin(s / 9);
    const small = { mean: turn, evidence: 3 };
    const big = { mean: s < 100 ? 0.92 - (100 - s) * 0.0022 : 0.92, evidence: 9 };
    told('station-2', { at: now - s * 1000, small, big, trust: Math.min(turn, big.mean) - 0.05, interactions: 900 });
  }
  judged('gate-1', 'pump-1', 0.8, 30, 'water');
  const order = async (service: string, trustee: string, request: unknown) => {
    const { action, by, why } = request as { action: 'grant'; by: string; why: string };
    if (why === 'no reason') throw new MsecError('STANDING_UNCHANGED', 'there is no blacklisting to appeal');
    const before = notes.standingOf(service, trustee)!;
    const after = {
      ...before,
      standing: 'reintegrated',
      until: null,
      says: `appeal granted by ${by}: ${why}`,
    } as const;
    notes.takeDecision({ version: 1, id: why, trustee, service, action, by, at: Date.now(), why, before, after });
    told(trustee, after);
    return { before, after };
  };
  return {
    judged,
    standing: { order },
    ports: {
      status: async () => ({ isReady: true, unplaced: 0, records: 1, broken: 0, lastMistake: null }),
      services: async () => servicesOf(graph),
      ranking: async (service: string) => rankingOf(graph, recommender, service, Date.now()),
      party: async (service: string, party: string) => ({
        ...partyOf(graph, recommender, service, party, Date.now()),
        history: histories.of(service, party),
        historyFrom: 'log',
        stands: notes.standingOf(service, party),
        decisions: notes.decisionsOf(service, party),
      }),
      who: async () => ({}),
    },
  };
}

t.test('the ranking of a service, one party’s history in both windows, and the graph around it', async (t) => {
  if (!needs(t, 'chromium')) return;
  const demo = await openDemo();
  t.teardown(() => demo.close());
  const server = await startConsole({
    ...{ host: '127.0.0.1', port: 0, mayMovePort: false, version: '1.2.3', clock: systemClock },
    adminToken: 'a-token-of-at-least-thirty-two-characters',
    onFailure: (where, error) => t.fail(`${where}: ${String(error)}`),
  });
  t.teardown(() => server.close());
  const { ports, judged, standing } = city();
  await server.attach({ ...demo.ports, reputation: ports, standing });
  launched ??= launchChromium();
  const browser = await launched;
  const folder = process.env.MSEC_PICTURES;
  const { page, troubles } = await openPage(browser, server.address);
  const card = page.locator('#reputation');
  await card.getByRole('row', { name: /station-0/ }).waitFor();
  await page.getByText('13 providers ·').waitFor();
  const names = await card.locator('tbody th button').allInnerTexts();
  t.equal(names[0], 'station-0', 'the most dependable first');
  t.notOk(names.includes('station-9'), 'a blacklisted one has no place in the ranking');
  t.match(
    await card.locator('#reputation-barred').textContent(),
    /station-9 blacklisted.*station-11 blacklisted for good/,
  );
  t.match(await card.getByRole('row', { name: /station-10/ }).textContent(), 'reintegrated');
  t.ok(names.includes(NASTY), 'a name is text and never markup');

  await card.getByRole('button', { name: 'station-2', exact: true }).click();
  await card.locator('#reputation-party-title', { hasText: 'station-2' }).waitFor();
  await card.locator('#reputation-history canvas').waitFor();
  t.match(await card.locator('#reputation-facts').textContent(), /Judged by2[0-9]/);
  const graph = card.locator('#reputation-graph');
  t.equal(await graph.locator('.link').count(), 16, 'fourteen of those who judge it, and two whom it judges');
  await graph.getByRole('button', { name: /^station-2 distrusts station-7: 0\.05, of 12 interactions$/ }).waitFor();
  if (folder !== undefined) await card.screenshot({ path: `${folder}/reputation.png` });
  await graph.getByRole('button', { name: /^station-2 trusts station-1/ }).focus();
  await page.keyboard.press('Enter');
  await card.locator('#reputation-party-title', { hasText: 'station-1' }).waitFor();

  await card.locator('#reputation-barred').getByRole('button', { name: 'station-9' }).click();
  await card.locator('#standing-says', { hasText: /is blacklisted since .*, until .*: below 0\.4/ }).waitFor();
  t.notOk(await card.getByRole('button', { name: 'Grant its appeal' }).isVisible(), 'not without an operator');
  await page.getByRole('button', { name: 'Sign in' }).click();
  const dialog = page.locator('#decision');
  await dialog.getByLabel('Your name').fill('olga');
  await dialog.getByLabel('Admin token').fill('a-token-of-at-least-thirty-two-characters');
  await dialog.getByRole('button', { name: 'Sign in' }).click();
  await card.getByRole('button', { name: 'Grant its appeal' }).click();
  await dialog.getByLabel('Why').fill('no reason');
  await dialog.getByRole('button', { name: 'Grant it' }).click();
  await dialog.getByText('there is no blacklisting to appeal').waitFor();
  await dialog.getByLabel('Why').fill('it has a new sensor');
  if (folder !== undefined) await page.screenshot({ path: `${folder}/reputation-appeal.png` });
  await dialog.getByRole('button', { name: 'Grant it' }).click();
  await card.getByText('It is done.').waitFor();
  await card.locator('#standing-decisions', { hasText: 'appeal granted by olga: it has a new sensor' }).waitFor();
  await card.locator('#standing-says', { hasText: 'is reintegrated since' }).waitFor();
  t.notOk(await card.getByRole('button', { name: 'Grant its appeal' }).isVisible(), 'it is answered');
  t.ok(await card.getByRole('button', { name: 'Ban it' }).isVisible());
  if (folder !== undefined) await card.screenshot({ path: `${folder}/reputation-decided.png` });
  await card.getByRole('button', { name: 'station-1', exact: true }).click();
  await card.locator('#reputation-party-title', { hasText: /^station-1$/ }).waitFor();

  judged('bus-99', 'station-1', 0.9, 3);
  await card.locator('#reputation-links', { hasText: 'bus-99 judges it' }).waitFor();
  await card.locator('#reputation-service').selectOption('water');
  await card.getByRole('row', { name: /pump-1/ }).waitFor();
  t.equal(await card.locator('tbody tr').count(), 1);
  // The console tells of the answer 400, which was asked for.
  t.same(
    troubles.filter((one) => !/status of 400/.test(one)),
    [],
    'nothing comes from another machine',
  );

  for (const [name, width, colorScheme] of [
    ['reputation-dark', 1440, 'dark'],
    ['reputation-small', 380, 'light'],
  ] as const) {
    const other = await openPage(browser, server.address, { width, colorScheme });
    await other.page.locator('#reputation tbody tr').first().waitFor();
    await other.page.locator('#reputation').getByRole('button', { name: 'station-2', exact: true }).click();
    await other.page.locator('#reputation-history canvas').waitFor();
    t.notOk(
      await other.page.evaluate('document.documentElement.scrollWidth > innerWidth'),
      `nothing is cut off: ${name}`,
    );
    if (folder !== undefined)
      await other.page.locator('#reputation').screenshot({ path: `${folder}/${name}.png`, animations: 'disabled' });
    t.same(other.troubles, []);
    await other.page.close();
  }
});

t.test('where no trust is kept there is no such card, and the console says so', async (t) => {
  if (!needs(t, 'chromium')) return;
  const demo = await openDemo();
  t.teardown(() => demo.close());
  const server = await startConsole({
    ...{ host: '127.0.0.1', port: 0, mayMovePort: false, version: '1.2.3', clock: systemClock },
    adminToken: 'a-token-of-at-least-thirty-two-characters',
    onFailure: (where, error) => t.fail(`${where}: ${String(error)}`),
  });
  t.teardown(() => server.close());
  await server.attach(demo.ports);
  launched ??= launchChromium();
  const { page, troubles } = await openPage(await launched, server.address);
  await page.getByText('Live', { exact: true }).waitFor();
  t.notOk(await page.locator('#reputation').isVisible());
  const answer = await fetch(`${server.address}/api/who?service=water&for=a`);
  t.equal(answer.status, 404);
  t.match(await answer.json(), { error: { code: 'REQUEST_INVALID', message: /trust\.enabled/ } });
  t.same(troubles, []);
});
