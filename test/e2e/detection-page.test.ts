/** Intrusion detection on the status page, in a real browser: alerts as they come, bundles, and what an operator does. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import t from 'tap';
import { alertView } from '../../cli/city/page-alerts.ts';
import { startConsole } from '../../console/index.ts';
import { MsecError, systemClock } from '../../engine/index.ts';
import { openDemo } from '../console/support/demo-ports.ts';
import { launchChromium, openPage } from '../support/chromium.ts';
import { needs } from '../support/needs.ts';

t.setTimeout(590_000);

const TOKEN = 'a-token-of-at-least-thirty-two-characters';
const NASTY = '<img/src=x/onerror=document.title=1>';
const DIGESTS = ['a', 'b', 'c'].map((digit) => digit.repeat(64));

let launched: Promise<Browser> | undefined;
t.teardown(async () => (await launched)?.close());

function eve(sid: number, signature: string, severity: number, more: object = {}) {
  const timestamp = new Date(Date.now() - 30_000 * (sid % 40)).toISOString().replace('Z', '000+0000');
  const about = {
    action: 'allowed',
    gid: 1,
    signature_id: sid,
    rev: 1,
    signature,
    category: 'Attempted scan',
    severity,
  };
  return {
    ...{ timestamp, event_type: 'alert', src_ip: '10.4.0.17', src_port: 40_000 + sid, dest_ip: '10.4.0.1' },
    ...{ dest_port: 80, proto: 'TCP', app_proto: 'http', alert: { ...about, rule_set: 'city 12' } },
    ...more,
  };
}

function rulesOf(calls: unknown[]) {
  const at = Date.now() - 3_600_000;
  const bundle = (i: number, version: number) => ({
    ...{ digest: DIGESTS[i], name: 'city', version, bytes: 9_000, parts: 1, loaded: 3_000 + version, by: 'ana' },
    ...{ at: at + version * 1000, refused: i === 2 ? 'no trusted key has signed it' : null },
  });
  const turn = (sequence: number, i: number, version: number, kind: 'push' | 'roll-back', by: string, why: string) => ({
    ...{ sequence, kind, digest: DIGESTS[i], name: 'city', version, highest: version, by, why },
    at: at + version * 1000 + sequence,
  });
  const turns = [turn(1, 0, 11, 'push', 'ana', ''), turn(2, 1, 12, 'push', 'bob', '')];
  return {
    bytesMax: 1024,
    list: async () => ({
      inForce: turns.at(-1),
      bundles: [bundle(1, 12), bundle(0, 11), bundle(2, 9)],
      turns: turns.toReversed(),
      refusals: [{ number: 1, name: 'city', version: 8, code: 'RULES_OLD', says: 'not newer', by: 'eve', at }],
    }),
    push: async (bytes: Uint8Array, by: string) => {
      calls.push(['push', Buffer.from(bytes).toString(), by]);
      if (bytes[0] === 0x6e) throw new MsecError('SIGNATURE_INVALID', 'no trusted key has signed it');
      return { name: 'city', version: 13 };
    },
    rollBack: async (request: unknown) => {
      calls.push(['roll-back', request]);
      turns.push(turn(3, 0, 11, 'roll-back', 'cid', (request as { why: string }).why));
      return { name: 'city', version: 11 };
    },
  };
}

t.test('alerts, counts, bundles, and what an operator may do', async (t) => {
  if (!needs(t, 'chromium')) return;
  const demo = await openDemo();
  t.teardown(() => demo.close());
  const server = await startConsole({
    ...{ host: '127.0.0.1', port: 0, mayMovePort: false, version: '1.2.3', clock: systemClock, adminToken: TOKEN },
    onFailure: (where, error) => t.fail(`${where}: ${String(error)}`),
  });
  t.teardown(() => server.close());
  const calls: unknown[] = [];
  const [task, ...others] = demo.status.tasks;
  const counts = { packets: 81_234, lostBefore: 12, clocksSetBack: 1, 'wrongChecksum:lo/2': 40 };
  const stage = { actor: 'detect', recordsIn: 900, recordsOut: {}, deadLetters: 0, counts };
  demo.status = { ...demo.status, tasks: [{ ...task!, stages: [...task!.stages, stage] }, ...others] };
  for (let i = 0; i < 40; i++)
    await demo.append(
      'ids.alerts',
      0,
      `eth0/${i % 2}`,
      eve(1 + (i % 14), `ET SCAN number ${1 + (i % 14)}`, 1 + (i % 3)),
    );
  await demo.append('ids.alerts', 1, 'gw-1', eve(99, NASTY, 1));
  await demo.append('ids.verdicts', 1, 'gw-1', eve(99, NASTY, 1, { event_type: 'drop' }));
  await server.attach({
    ...demo.ports,
    detection: { alerts: 'ids.alerts', verdicts: 'ids.verdicts', decode: alertView, ruleFiles: ['city.rules'] },
    rules: rulesOf(calls),
  });
  launched ??= launchChromium();
  const browser = await launched;
  const folder = process.env.MSEC_PICTURES;
  const { page, troubles } = await openPage(browser, server.address);
  const card = page.locator('#detection');
  await card.locator('#detection-alerts li').nth(11).waitFor();
  await card.getByText('ET SCAN number 1', { exact: true }).first().waitFor();
  await card.locator('#detection-facts', { hasText: 'Alerts41' }).waitFor();
  t.match(
    await card.locator('#detection-facts').textContent(),
    /Packets since the start81,234.*Alerts41.*dropped1.*capture12/,
  );
  t.match(await card.locator('#detection-troubles').textContent(), /checksums at lo.*1 clocks set back/);
  t.match(await card.locator('#detection-places').textContent(), /eth040gw-11/);
  t.match(await card.locator('#bundle-in-force').textContent(), 'city 12');
  t.match(await card.locator('#bundle-refusals').textContent(), /from eve: city 8: not newer/);
  t.notMatch(await card.textContent(), /10\.4\.0/, 'no address without an operator');
  t.equal(await card.getByRole('button', { name: 'Go back to it' }).count(), 0);
  t.equal((await fetch(`${server.address}/api/ids/alerts`)).status, 401);
  t.notMatch(await (await fetch(`${server.address}/api/ids`)).text(), /10\.4\.0/);

  await demo.append('ids.alerts', 1, 'gw-1', eve(200, 'a new one', 2));
  await card.locator('#detection-alerts li').first().getByText('a new one').waitFor();

  await page.getByRole('button', { name: 'Sign in' }).click();
  const dialog = page.locator('#decision');
  await dialog.getByLabel('Your name').fill('cid');
  await dialog.getByLabel('Admin token').fill('a wrong one');
  await dialog.getByRole('button', { name: 'Sign in' }).click();
  await dialog.getByText('This is not the admin token').waitFor();
  await dialog.getByLabel('Admin token').fill(TOKEN);
  await dialog.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('button', { name: 'cid · sign out' }).waitFor();
  await card.getByText('10.4.0.17:40200 → 10.4.0.1:80').waitFor();
  if (folder !== undefined) await card.screenshot({ path: `${folder}/detection.png` });

  await card.locator('#detection-alerts button').first().click();
  t.match(await page.locator('#letter-body').textContent(), /1:200, revision 1.*city 12.*10\.4\.0\.17:40200/);
  if (folder !== undefined) await page.screenshot({ path: `${folder}/detection-alert.png` });
  await page.keyboard.press('Escape');

  t.equal(
    await card.getByRole('button', { name: 'Go back to it' }).count(),
    1,
    'neither to what is in force nor to what is not taken',
  );
  await card.getByRole('button', { name: 'Go back to it' }).click();
  await dialog.getByRole('button', { name: 'Go back to 11' }).click();
  t.ok(await dialog.isVisible(), 'not without a reason');
  await dialog.getByLabel('Why').fill('12 alerts on every ping');
  if (folder !== undefined) await page.screenshot({ path: `${folder}/detection-roll-back.png` });
  await dialog.getByRole('button', { name: 'Go back to 11' }).click();
  await card.getByText('city 11 is in force again.').waitFor();
  await card.locator('#bundle-turns', { hasText: 'back to city 11 by cid: 12 alerts on every ping' }).waitFor();

  const [good, bad] = ['good.bundle', 'bad.bundle'].map((name) => join(t.testdir({}), name));
  writeFileSync(good!, 'a bundle');
  writeFileSync(bad!, 'no bundle');
  await card.locator('#bundle-file').setInputFiles(bad!);
  await card.getByText('Not taken: no trusted key has signed it').waitFor();
  await card.locator('#bundle-file').setInputFiles(good!);
  await card.getByText('city 13 is put in force on all workers.').waitFor();
  t.same(calls, [
    ['roll-back', { version: 11, by: 'cid', why: '12 alerts on every ping' }],
    ['push', 'no bundle', 'cid'],
    ['push', 'a bundle', 'cid'],
  ]);
  await page.getByRole('button', { name: 'cid · sign out' }).click();
  await page.getByRole('button', { name: 'Sign in' }).waitFor();
  await card.locator('#detection-alerts', { hasNotText: '10.4.0.17' }).waitFor();
  t.equal(await page.title(), 'msec', 'a rule’s text is text and never markup');
  // The console tells of answers 401 and 400, which were asked for.
  t.same(
    troubles.filter((one) => !/status of 40[01]/.test(one)),
    [],
  );

  for (const [name, width, colorScheme] of [
    ['detection-dark', 1440, 'dark'],
    ['detection-small', 380, 'light'],
  ] as const) {
    const other = await openPage(browser, server.address, { width, colorScheme });
    await other.page.locator('#detection-alerts li').first().waitFor();
    t.notOk(
      await other.page.evaluate('document.documentElement.scrollWidth > innerWidth'),
      `nothing is cut off: ${name}`,
    );
    if (folder !== undefined)
      await other.page.locator('#detection').screenshot({ path: `${folder}/${name}.png`, animations: 'disabled' });
    t.same(other.troubles, []);
    await other.page.close();
  }
});

t.test('where nothing has alerted the page says so, and why that may be', async (t) => {
  if (!needs(t, 'chromium')) return;
  const demo = await openDemo();
  t.teardown(() => demo.close());
  const server = await startConsole({
    ...{ host: '127.0.0.1', port: 0, mayMovePort: false, version: '1.2.3', clock: systemClock, adminToken: TOKEN },
    onFailure: (where, error) => t.fail(`${where}: ${String(error)}`),
  });
  t.teardown(() => server.close());
  await server.attach({ ...demo.ports, detection: { alerts: 'ids.alerts', decode: alertView, ruleFiles: [] } });
  launched ??= launchChromium();
  const { page, troubles } = await openPage(await launched, server.address);
  const card = page.locator('#detection');
  await card.getByText('No packet was examined since the start').waitFor();
  await card.getByText('no rules are: nothing alerts').waitFor();
  t.same(troubles, []);
});
