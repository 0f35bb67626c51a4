// Time limit: 900 s.
/** The status page in a real browser: what a person sees when nothing is there yet, when data flows, and when it stops. */
import type { Browser } from 'playwright-core';
import t from 'tap';
import { type Console, startConsole } from '../../console/index.ts';
import { systemClock } from '../../engine/index.ts';
import { type Demo, demoStatus, openDemo } from '../console/support/demo-ports.ts';
import { launchChromium, openPage } from '../support/chromium.ts';
import { freePorts } from '../support/free-ports.ts';
import { needs } from '../support/needs.ts';

t.setTimeout(890_000);

async function console_(test: Pick<typeof t, 'fail' | 'teardown'>, port = 0): Promise<Console> {
  const page = await startConsole({
    host: '127.0.0.1',
    port,
    mayMovePort: false,
    adminToken: 'a-token-of-at-least-thirty-two-characters',
    version: '1.2.3',
    clock: systemClock,
    onFailure: (where, error) => test.fail(`${where}: ${String(error)}`),
  });
  test.teardown(() => page.close());
  return page;
}

/** One for all cases: starting it takes longer than any of them. */
let launched: Promise<Browser> | undefined;
function sharedBrowser(): Promise<Browser> {
  launched ??= launchChromium();
  return launched;
}
t.teardown(async () => (await launched)?.close());

const emptyStatus = () => {
  const status = demoStatus(Date.now(), 0);
  return {
    ...status,
    topics: status.topics.map((topic) => ({ ...topic, end: [0, 0], bytes: 0 })),
    tasks: status.tasks.map((task) => ({ ...task, watermark: null, stages: [] })),
  };
};

const reading = (kind: string, values: object, more: object = {}) => ({
  kind,
  time: Date.now(),
  isVerified: true,
  flags: [],
  values,
  ...more,
});
const ENMON = { temperature: -2.4, humidity: 56.5, sonometer: 64, batteryVoltage: 3536 };

async function fill(demo: Demo): Promise<void> {
  const minute = Math.floor(Date.now() / 60_000) * 60_000;
  for (let i = 5; i > 0; i--) {
    const values = { temperature: { count: 60, mean: 12 + i, min: 11, max: 20, deviation: 0.5 } };
    await demo.append('device.aggregates', 0, 'enmon-1', {
      kind: 'enmon',
      start: minute - i * 60_000,
      end: minute - (i - 1) * 60_000,
      count: 60,
      values,
    });
    await demo.append('device.aggregates', 1, 'crowd-1', {
      kind: 'crowd',
      start: minute - i * 60_000,
      end: minute - (i - 1) * 60_000,
      count: 6,
      distinct: 20 + i,
      values: {},
    });
  }
  await demo.append('device.readings', 0, 'enmon-1', reading('enmon', ENMON));
  await demo.append(
    'device.readings',
    1,
    'crowd-1',
    reading(
      'crowd',
      { devices: null, packets: 12_076, temperature: 65.53 },
      { isVerified: false, flags: ['Count mismatch'] },
    ),
  );
  await demo.append('device.frames.dlq', 1, 'enmon-9', {
    time: Date.now(),
    code: 'FRAME_INVALID',
    message: 'HUMIDITY at byte 29 is 1893, above its limit.',
    actor: 'decode',
    stage: 'verify',
    source: { topic: 'device.frames', partition: 0, offset: 481 },
    attempts: 1,
    field: 'humidity',
    byteOffset: 29,
    markedByte: 29,
    bytes: 31,
    hex: '01001c00000000383637373233303330303430333330000dd00040007c0765',
  });
}

t.test('an empty engine says what it waits for, and the first records replace that by themselves', async (t) => {
  if (!needs(t, 'chromium')) return;
  const demo = await openDemo();
  t.teardown(() => demo.close());
  demo.status = emptyStatus();
  const server = await console_(t);
  await server.attach(demo.ports);
  const browser = await sharedBrowser();
  const { page, troubles } = await openPage(browser, server.address);
  await page.getByText('Live', { exact: true }).waitFor();
  t.ok(await page.getByText('Waiting for the first reading').isVisible());
  t.ok(await page.getByText('Waiting for the first window to close').isVisible());
  t.ok(await page.getByText('No dead letters').isVisible());
  await fill(demo);
  await page.locator('#readings tr').nth(1).waitFor();
  t.notOk(await page.getByText('Waiting for the first reading').isVisible());
  await page.locator('#chart canvas').waitFor();
  await page.locator('#letters li').waitFor();
  t.same(troubles, []);
});

t.test('where every frame is held, the cards that wait say so and where to look', async (t) => {
  if (!needs(t, 'chromium')) return;
  const demo = await openDemo();
  t.teardown(() => demo.close());
  const empty = emptyStatus();
  const tasks = empty.tasks.map((task) => ({ ...task, watermark: Date.now() }));
  const topics = empty.topics.map((topic) => ({
    ...topic,
    end: topic.topic === 'device.quarantine' ? [7, 5] : [0, 0],
  }));
  demo.status = { ...empty, tasks, topics };
  const server = await console_(t);
  await server.attach(demo.ports);
  const { page, troubles } = await openPage(await sharedBrowser(), server.address);
  await page.getByText('12 frames of devices that have not proved their state are held in device.quarantine').waitFor();
  t.match(await page.locator('#readings-hint').textContent(), /msec device why .*attestation\.withoutKey: pass/);
  t.notOk(await page.getByText('The first window is filling').isVisible());
  t.match(await page.locator('#chart-empty').textContent(), /held/);
  // One reading is enough: whoever waits is then told of the window.
  demo.status = { ...demo.status, topics: topics.map((topic) => ({ ...topic, end: [1, 0] })) };
  await page.getByText('The first window is filling').waitFor();
  t.same(troubles, []);
});

const HOUR = 3_600_000;
const SAYS = 'IMA entry 1204, /usr/bin/msec-gateway: it is sha256:9c41, never so in the firmware 2.1 or 2.2';
const trust = (state: string, more: object = {}) => {
  const history = [
    { at: Date.now() - HOUR / 2, state, reason: 'file-changed', says: SAYS },
    { at: Date.now() - HOUR, state: 'trusted', reason: 'proven', says: 'evidence that holds' },
  ];
  const broken = { log: 'ima', entry: 1204, pcr: 10, path: '/usr/bin/msec-gateway' };
  return {
    state,
    since: Date.now() - HOUR / 2,
    reason: 'file-changed',
    says: SAYS,
    ...broken,
    firmware: '2.1',
    provenAt: Date.now() - HOUR,
    trustedUntil: 0,
    history,
    ...more,
  };
};

t.test('the fleet shows by its state of trust, and a device with the entry that broke the policy', async (t) => {
  if (!needs(t, 'chromium')) return;
  const demo = await openDemo();
  t.teardown(() => demo.close());
  const server = await console_(t);
  await server.attach(demo.ports);
  const browser = await sharedBrowser();
  const { page, troubles } = await openPage(browser, server.address);
  await page.getByText('Live', { exact: true }).waitFor();
  t.notOk(await page.locator('#trust').isVisible(), 'nobody is asked to prove anything');
  const good = { reason: 'proven', says: 'evidence that holds', log: '', entry: 0, pcr: -1, path: '' };
  const until = { trustedUntil: Date.now() + HOUR };
  for (let i = 0; i < 40; i++)
    await demo.append('device.attestation', i % 2, `gateway-${i}`, trust('trusted', { ...good, ...until }));
  await demo.append('device.attestation', 0, 'gateway-40', trust('trusted', { ...good, trustedUntil: Date.now() - 1 }));
  await demo.append('device.attestation', 0, 'gateway-41', trust('quarantined'));
  await page.locator('#trust-tiles button').nth(41).waitFor();
  await demo.append('device.attestation', 1, 'gateway-7', trust('suspect'));
  await page.locator('#trust-tiles .trust-suspect').waitFor();
  t.equal(await page.locator('#trust-tiles button').count(), 42, 'a device has one tile');
  const rows = await page.locator('#trust-list li').allInnerTexts();
  t.same(
    rows.map((row) => row.split('\n')[0]!.trim()),
    ['gateway-41 quarantined', 'gateway-7 suspect', 'gateway-40 trust ended'],
    'the worst first; trust that has ended by itself is none',
  );
  t.match(rows[2], 'it has not proved itself since');
  t.match(await page.locator('#trust-states').textContent(), /trusted\s*39/);
  await page.locator('#trust-list button').nth(1).click();
  const dialog = page.getByRole('dialog');
  t.match(await dialog.textContent(), /gateway-7 · suspect[\s\S]*IMA list, entry 1204[\s\S]*History[\s\S]*trusted/);
  t.match(await dialog.textContent(), 'msec device why gateway-7');
  const folder = process.env.MSEC_PICTURES;
  if (folder !== undefined) await page.screenshot({ path: `${folder}/history.png` });
  await page.keyboard.press('Escape');
  for (const [name, width, colorScheme] of [
    ['light', 1440, 'light'],
    ['dark', 1440, 'dark'],
    ['small', 380, 'light'],
  ] as const) {
    const other = await openPage(browser, server.address, { width, colorScheme });
    await other.page.locator('#trust-tiles button').first().waitFor();
    const overflow = await other.page.evaluate('document.documentElement.scrollWidth > innerWidth');
    t.notOk(overflow, `nothing is cut off: ${name}`);
    if (folder !== undefined)
      await other.page.locator('#trust').screenshot({ path: `${folder}/${name}.png`, animations: 'disabled' });
    t.same(other.troubles, []);
  }
  t.same(troubles, []);
});

t.test(
  'devices that have a place are on a map; many in one place are a number, and a press looks closer',
  async (t) => {
    if (!needs(t, 'chromium')) return;
    const demo = await openDemo();
    t.teardown(() => demo.close());
    const server = await console_(t);
    await server.attach(demo.ports);
    const good = { reason: 'proven', says: 'evidence that holds', log: '', entry: 0, pcr: -1, path: '' };
    const until = { trustedUntil: Date.now() + HOUR };
    const states = ['trusted', 'suspect', 'quarantined', 'unknown', 'revoked'];
    for (const [i, state] of states.entries()) {
      demo.places.set(`gate-${state}`, { latitude: 40.41 + i * 0.01, longitude: -3.7 + (i % 3) * 0.03 });
      await demo.append(
        'device.attestation',
        i % 2,
        `gate-${state}`,
        trust(state, state === 'trusted' ? { ...good, ...until } : {}),
      );
    }
    demo.places.set('gate-ended', { latitude: 40.42, longitude: -3.72 });
    await demo.append(
      'device.attestation',
      0,
      'gate-ended',
      trust('trusted', { ...good, trustedUntil: Date.now() - 1 }),
    );
    for (let i = 0; i < 30; i++) {
      demo.places.set(`hall-${i}`, { latitude: 40.44 + (i % 5) * 5e-4, longitude: -3.66 + Math.floor(i / 5) * 5e-4 });
      await demo.append(
        'device.attestation',
        i % 2,
        `hall-${i}`,
        trust(i === 7 ? 'suspect' : 'trusted', { ...good, ...until }),
      );
    }
    for (const name of ['roof-1', 'roof-2']) {
      demo.places.set(name, { latitude: 40.4, longitude: -3.75 });
      await demo.append('device.attestation', 0, name, trust('trusted', { ...good, ...until }));
    }
    const browser = await sharedBrowser();
    const folder = process.env.MSEC_PICTURES;
    const { page, troubles } = await openPage(browser, server.address);
    const map = page.locator('#trust-map');
    await map.getByRole('button').first().waitFor();
    await page
      .getByText('38 devices on this map: 1 quarantined, 2 suspect, 1 unknown, 1 revoked, 1 trust ended, 32 trusted.')
      .waitFor();
    if (folder !== undefined) await page.locator('#trust').screenshot({ path: `${folder}/map.png` });
    const shapes = await map.locator('path.mark').evaluateAll((paths) => paths.map((path) => path.getAttribute('d')));
    t.equal(new Set(shapes).size, 6, 'each state has a shape of its own');
    await map.getByRole('button', { name: 'gate-quarantined: quarantined, 40.4300° N 3.6400° W' }).click();
    const dialog = page.getByRole('dialog');
    t.match(
      await dialog.textContent(),
      /gate-quarantined · quarantined[\s\S]*IMA list, entry 1204[\s\S]*Place\s*40\.4300° N 3\.6400° W/,
    );
    await page.keyboard.press('Escape');

    await map.getByRole('button', { name: /^30 devices near .*: 1 suspect, 29 trusted$/ }).focus();
    await page.keyboard.press('Enter');
    await map.getByRole('button', { name: /^hall-0: trusted/ }).waitFor();
    if (folder !== undefined) await page.locator('#trust').screenshot({ path: `${folder}/map-closer.png` });
    await page.getByRole('button', { name: 'Show all again' }).click();
    await map.getByRole('button', { name: /^2 devices near 40\.4000° N 3\.7500° W/ }).click();
    await dialog.getByRole('button', { name: 'roof-2' }).click();
    await dialog.getByText('roof-2 · trusted').waitFor();
    await page.keyboard.press('Escape');

    demo.places.set('gate-quarantined', { latitude: 40.5, longitude: -3.6 });
    demo.moved('gate-quarantined');
    await map.getByRole('button', { name: 'gate-quarantined: quarantined, 40.5000° N 3.6000° W' }).waitFor();
    for (const [name, width, colorScheme] of [
      ['map-dark', 1440, 'dark'],
      ['map-small', 380, 'light'],
    ] as const) {
      const other = await openPage(browser, server.address, { width, colorScheme });
      await other.page.locator('#trust-map [role=button]').first().waitFor();
      t.notOk(
        await other.page.evaluate('document.documentElement.scrollWidth > innerWidth'),
        `nothing is cut off: ${name}`,
      );
      if (folder !== undefined)
        await other.page.locator('#trust').screenshot({ path: `${folder}/${name}.png`, animations: 'disabled' });
      t.same(other.troubles, []);
    }
    t.same(troubles, [], 'nothing comes from another machine');
  },
);

t.test('data shows as a picture, a table, a plot and letters, with units', async (t) => {
  if (!needs(t, 'chromium')) return;
  const demo = await openDemo();
  t.teardown(() => demo.close());
  await fill(demo);
  const server = await console_(t);
  await server.attach(demo.ports);
  const browser = await sharedBrowser();
  const { page, troubles } = await openPage(browser, server.address);
  await page.locator('#readings tr').nth(1).waitFor();

  const row = await page.locator('#readings tr', { hasText: 'enmon-1' }).textContent();
  t.match(row, /Environmental monitor/);
  t.match(row, /\u22122\.4\s*°C/, 'a true minus and the unit');
  t.match(row, /3,536\s*mV/);
  const crowd = page.locator('#readings tr', { hasText: 'crowd-1' });
  t.match(await crowd.textContent(), /unverified[\s\S]*Devices\s*–[\s\S]*65\.53\s*°C/, 'a suppressed count is a dash');

  t.equal(await page.locator('#flow .node').count(), 16);
  // Frames go on coming, 200 a second: a stream moves on the page for as long.
  let frames = 60_287;
  const coming = setInterval(() => {
    frames += 20;
    demo.status = demoStatus(Date.now() - 60_000, frames, 1_200);
  }, 200);
  t.teardown(() => clearInterval(coming));
  await page.locator('#flow .lag.behind').first().waitFor();
  t.match(await page.locator('#flow .lag.behind').first().textContent(), /lag 2,400/);
  await page.locator('#flow .stream.moving').first().waitFor({ state: 'attached' });

  await page.locator('#device').selectOption('enmon-1');
  await page
    .locator('#window dd', { hasText: '13.00' })
    .or(page.locator('#window dd', { hasText: '13.0' }))
    .first()
    .waitFor();
  t.match(await page.locator('#window').textContent(), /Least\s*11\.0 °C/);
  await page.locator('#device').selectOption('crowd-1');
  await page.locator('#measure').selectOption('distinct');
  t.match(await page.locator('#window').textContent(), /Different devices\s*21/);

  await page.locator('#letters button').click();
  const letter = page.locator('#letter');
  t.match(await letter.textContent(), /Frame invalid[\s\S]*device\.frames · partition 0 · offset 481[\s\S]*humidity/);
  t.equal(await letter.locator('.hex .cells .here').textContent(), '07', 'the wrong byte is marked');
  await page.keyboard.press('Escape');
  t.notOk(await letter.isVisible());
  t.same(troubles, []);
});

t.test('the page fits a phone, in the dark too', async (t) => {
  if (!needs(t, 'chromium')) return;
  const demo = await openDemo();
  t.teardown(() => demo.close());
  await fill(demo);
  const server = await console_(t);
  await server.attach(demo.ports);
  const browser = await sharedBrowser();
  for (const width of [360, 768, 1920]) {
    const { page, troubles } = await openPage(browser, server.address, { width, colorScheme: 'dark' });
    await page.locator('#chart canvas').waitFor();
    const overflow = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
    t.equal(overflow, 0, `no sideways scrolling at ${width}`);
    const hidden = await page.evaluate(
      "((box) => box.scrollWidth - box.clientWidth)(document.querySelector('.workers').parentElement)",
    );
    t.equal(hidden, 0, `all of the workers' table is seen at ${width}`);
    t.match(await page.evaluate('getComputedStyle(document.body).backgroundColor'), 'rgb(15, 21, 19)');
    await page.locator('#theme').click();
    t.match(
      await page.evaluate('getComputedStyle(document.body).backgroundColor'),
      'rgb(245, 246, 244)',
      'light by choice',
    );
    t.same(troubles, []);
    await page.close();
  }
});

t.test('a stopped engine shows as such with what is old faded, and the page comes back by itself', async (t) => {
  if (!needs(t, 'chromium')) return;
  const demo = await openDemo();
  t.teardown(() => demo.close());
  await fill(demo);
  const [port] = await freePorts(1);
  const first = await console_(t, port);
  await first.attach(demo.ports);
  const browser = await sharedBrowser();
  const { page } = await openPage(browser, first.address);
  await page.getByText('Live', { exact: true }).waitFor();
  await first.close();
  await page.locator('#state[data-state="gone"]').waitFor();
  await page.locator('body.old').waitFor();
  t.match(await page.locator('#notice').textContent(), /msec has stopped.*connects again by itself/);
  const second = await console_(t, port);
  await second.attach(demo.ports);
  await page.getByText('Live', { exact: true }).waitFor();
  t.notOk(await page.locator('#notice').isVisible());
});

t.test('what devices and letters say is shown as text and never becomes markup', async (t) => {
  if (!needs(t, 'chromium')) return;
  const demo = await openDemo();
  t.teardown(() => demo.close());
  const server = await console_(t);
  await server.attach(demo.ports);
  const browser = await sharedBrowser();
  const { page, troubles } = await openPage(browser, server.address);
  const nasty = '<img src=x onerror="document.title=1">';
  await demo.append('device.readings', 0, nasty, reading(nasty, { [nasty]: 1 }, { flags: [nasty] }));
  await demo.append('device.frames.dlq', 0, nasty, {
    time: 1,
    code: nasty,
    message: nasty,
    actor: nasty,
    stage: nasty,
    source: null,
    attempts: null,
    field: nasty,
    byteOffset: null,
    markedByte: null,
    bytes: 0,
    hex: '',
  });
  await page.locator('#letters button').click();
  t.equal(await page.locator('main img, dialog img').count(), 0);
  t.match(await page.locator('#readings').textContent(), nasty);
  t.same(troubles, []);
});
