/** Bundles that are pushed: who may, what is refused and leaves things as they are, what a restart and another process find. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { compilingBundle, openBundle, peekBundle, SENSOR_DEFAULTS } from '../../../actors/detect/index.ts';
import { type Append, BatchCursor, BatchEncoder, type Log, MsecError } from '../../../engine/index.ts';
import { decodeRulesWord } from '../../../schemas/network/index.ts';
import { IDS_RULES, idsRulesConfig } from '../../../schemas/topics/index.ts';
import {
  type CheckBundle,
  RuleDesk,
  type RuleDeskOptions,
  RuleFiles,
  readOverview,
  signOrder,
} from '../../../services/ids-rules/index.ts';
import {
  type BundleParts,
  rulesFile,
  SIGNER,
  STRANGER,
  signed,
  udpRule,
  unsigned,
} from '../../actors/detect/bundle/bundles.ts';
import { ManualClock } from '../../engine/log/manual-clock.ts';
import { memoryLog } from '../memory-log.ts';

const PACKETS = { topic: 'network.packets', partitions: 2 };

/** In this thread: the one of its own has a test of its own. */
const check: CheckBundle = async (bundle, keys) => {
  const opened = openBundle(bundle, keys);
  for (const steps = compilingBundle(opened, SENSOR_DEFAULTS.protocols); ; ) {
    const { done, value } = steps.next();
    if (done === true) return { ...opened, loaded: value.signatures.length };
  }
};

function bundleOf(version: number, parts: BundleParts = {}, text = `word${version}`): Uint8Array {
  return signed([rulesFile(udpRule(version, text))], { version, ...parts });
}

interface Place {
  readonly log: Log;
  readonly folder: string;
  readonly clock: ManualClock;
}

async function place(t: Test): Promise<Place> {
  const log = await memoryLog(1);
  await log.createTopics([idsRulesConfig(), { name: PACKETS.topic, partitions: 2, cleanup: 'delete' }]);
  const folder = mkdtempSync(join(tmpdir(), 'msec-rules-'));
  t.teardown(async () => {
    await log.close();
    rmSync(folder, { recursive: true });
  });
  return { log, folder, clock: new ManualClock() };
}

async function desk(t: Test, { log, folder, clock }: Place, more: Partial<RuleDeskOptions> = {}): Promise<RuleDesk> {
  const files = new RuleFiles(folder);
  const opened = await RuleDesk.open({ log, clock, keys: [SIGNER.publicKey], files, packets: PACKETS, check, ...more });
  t.teardown(() => opened.close());
  return opened;
}

/** Of one partition: what the words in it say. */
async function wordsIn({ log }: Place, partition = 0): Promise<string[]> {
  const reader = log.openReader();
  const cursor = new BatchCursor();
  const words: string[] = [];
  const { end } = await reader.bounds(PACKETS.topic, partition);
  for (let offset = 0; offset < end; offset = cursor.offsetNext) {
    const fetched = await reader.fetch(PACKETS.topic, partition, offset, 1 << 20);
    cursor.reset(fetched.bytes, fetched.start, fetched.end);
    cursor.seek(offset);
    while (cursor.next()) {
      const { phase, sequence, version } = decodeRulesWord(cursor.bytes, cursor.valueStart, cursor.valueEnd);
      words.push(`${phase} ${sequence} ${version}`);
    }
  }
  await reader.close();
  return words;
}

/** Until the partition has so many words; time goes on meanwhile. */
async function untilWords(at: Place, count: number): Promise<string[]> {
  for (;;) {
    const words = await wordsIn(at);
    if (words.length >= count) return words;
    at.clock.advance(100);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function append(log: Log, records: readonly (readonly [string, Uint8Array])[]): Promise<void> {
  const encoder = new BatchEncoder();
  for (const [text, value] of records) {
    const key = Buffer.from(text);
    encoder.append(1, key, 0, key.length, value, 0, value.length);
  }
  await log.commit({ appends: [{ topic: IDS_RULES, partition: 0, bytes: encoder.finish() }] });
}

t.test(
  'a bundle that is pushed is announced and put in force in every partition, and lies there for the workers',
  async (t) => {
    const at = await place(t);
    const turns: string[] = [];
    const one = await desk(t, at, { onTurn: ({ name, version }) => turns.push(`${name} ${version}`) });
    one.start();
    const bundle = bundleOf(3);
    const turn = await one.push(bundle, 'ada');
    t.match(turn, { kind: 'push', sequence: 1, version: 3, highest: 3, by: 'ada' });
    t.same(new RuleFiles(at.folder).read(turn.digest), bundle);
    t.same(await untilWords(at, 2), ['prepare 1 3', 'use 1 3']);
    t.same(await wordsIn(at, 1), ['prepare 1 3', 'use 1 3']);
    t.same(turns, ['city 3']);
    const { inForce, bundles } = await one.overview();
    t.match(inForce, { digest: turn.digest });
    t.match(bundles, [{ version: 3, loaded: 1, by: 'ada', refused: null }]);
  },
);

t.test('what is refused changes nothing, and is noted with who pushed it and why', async (t) => {
  const at = await place(t);
  const told: string[] = [];
  const one = await desk(t, at, { onRefused: ({ because }) => told.push(because) });
  one.start();
  const good = await one.push(bundleOf(5), 'ada');
  await untilWords(at, 2);
  const cut = bundleOf(6);
  const rules = 'alert udp any any -> any any (content:"a"; lua:x.lua; sid:1;)';
  const cases: readonly (readonly [Uint8Array, string, RegExp])[] = [
    [unsigned([rulesFile(udpRule(1, 'a'))], { version: 6 }), 'SIGNATURE_INVALID', /nobody has signed it/],
    [
      signed([rulesFile(udpRule(1, 'a'))], { version: 6 }, STRANGER.privateKey),
      'SIGNATURE_INVALID',
      /no key that is trusted/,
    ],
    [cut.subarray(0, cut.length - 70), 'RULES_INVALID', /cut off/],
    [signed([rulesFile(rules)], { version: 6 }), 'RULES_INVALID', /local\.rules:1:\d+: lua/],
    [bundleOf(4), 'RULES_OLD', /city 4 is not newer than city 5/],
    [bundleOf(5, {}, 'other'), 'RULES_OLD', /not newer/],
    [bundleOf(5), 'RULES_OLD', /not newer/],
  ];
  for (const [bundle, code, message] of cases) await t.rejects(one.push(bundle, 'eve'), { code, message });
  const { inForce, bundles, refusals } = await one.overview();
  t.match(inForce, { sequence: 1, digest: good.digest });
  t.equal(bundles.length, 1);
  t.same(
    refusals.map(({ code, by }) => `${code} ${by}`).reverse(),
    cases.map(([, code]) => `${code} eve`),
  );
  t.equal(told.length, cases.length);
  t.same(await wordsIn(at), ['prepare 1 5', 'use 1 5']);
  t.same(readdirSync(at.folder), [`${good.digest}.bundle`]);
});

t.test('where roll-backs are signed, one holds that was signed for this turn and no other', async (t) => {
  const at = await place(t);
  const failures: unknown[] = [];
  const one = await desk(t, at, { signsRollBacks: true, onFailure: (error) => failures.push(error) });
  const first = await one.push(bundleOf(1), 'ada');
  const second = await one.push(bundleOf(2), 'ada');
  const asked = { version: 1, by: 'eve', why: 'so' };
  const order = { after: second.sequence, digest: first.digest, by: 'eve', why: 'so' };
  const code = 'SIGNATURE_INVALID';
  await t.rejects(one.rollBack(asked), { code, message: /msec ids bundle roll-back --key/ });
  const wrong = [
    signOrder(order, STRANGER.privateKey),
    signOrder({ ...order, after: first.sequence }, SIGNER.privateKey),
    signOrder({ ...order, digest: second.digest }, SIGNER.privateKey),
    signOrder({ ...order, by: 'ada' }, SIGNER.privateKey),
    signOrder({ ...order, why: 'not so' }, SIGNER.privateKey),
    '',
    'no base64',
  ];
  for (const signature of wrong) await t.rejects(one.rollBack({ ...asked, signature }), { code });
  t.match((await one.overview()).inForce, { version: 2 });
  const signature = signOrder(order, SIGNER.privateKey);
  t.match(await one.rollBack({ ...asked, signature }), { kind: 'roll-back', version: 1, sequence: 3, signature });
  await one.push(bundleOf(3), 'ada');
  await t.rejects(one.rollBack({ ...asked, signature }), { code }, 'it holds once');

  // Whoever writes to the topic itself.
  const turn = { sequence: 5, kind: 'roll-back', digest: first.digest, name: 'city', version: 1, highest: 3 };
  const forged = { ...turn, by: 'eve', why: 'so', at: 1 };
  for (const more of [{}, { signature }, { signature: 'AAAA' }]) {
    await append(at.log, [['turn/5', Buffer.from(JSON.stringify({ ...forged, ...more }))]]);
    t.match((await one.overview()).inForce, { version: 3, sequence: 4 });
  }
  t.match(failures, [{ code: 'VALUE_INVALID', message: /the turn to city 1 by eve does not count: no key/ }, {}, {}]);
  const other = await desk(t, { ...at, folder: `${at.folder}-2` }, { signsRollBacks: true });
  t.teardown(() => rmSync(`${at.folder}-2`, { recursive: true }));
  t.match((await other.overview()).inForce, { version: 3 }, 'nor in a process that reads all of it anew');
  t.match((await readOverview(at.log, [SIGNER.publicKey], true)).inForce, { version: 3 });
  t.match(
    (await readOverview(at.log, [SIGNER.publicKey])).inForce,
    { version: 1 },
    'where they are not signed it counts',
  );
  t.match(await other.push(bundleOf(4), 'ada'), { sequence: 5, version: 4 }, 'and the next takes its place');
});

t.test('a roll-back goes to what was in force before; an old version does not come back by itself', async (t) => {
  const at = await place(t);
  const one = await desk(t, at);
  await t.rejects(
    one.rollBack({ version: null, by: 'ada', why: 'x' }),
    { code: 'REQUEST_INVALID', message: /no bundle was in force before/ },
    'nothing to go back to',
  );
  for (const version of [1, 2, 3]) await one.push(bundleOf(version), 'ada');
  const back = await one.rollBack({ version: null, by: 'ada', why: 'noise' });
  t.match(back, { kind: 'roll-back', version: 2, highest: 3, sequence: 4, why: 'noise' });
  t.match(await one.rollBack({ version: 1, by: 'ada', why: 'more noise' }), { version: 1, sequence: 5 });
  await t.rejects(one.rollBack({ version: 1, by: 'ada', why: 'again' }), { message: 'city 1 is in force' });
  await t.rejects(one.rollBack({ version: 9, by: 'ada', why: 'x' }), {
    code: 'REQUEST_INVALID',
    message: 'version 9 is not kept; kept are city 3, city 2, city 1',
  });
  await t.rejects(one.rollBack({ version: 2, by: 'ada', why: '' }), { code: 'REQUEST_INVALID', field: 'why' });
  for (const version of [2, 3]) await t.rejects(one.push(bundleOf(version), 'eve'), { code: 'RULES_OLD' }, 'replayed');
  t.match(await one.push(bundleOf(4), 'ada'), { sequence: 6, highest: 4 });
});

t.test(
  'a restart writes the word in force again; whoever died between the push and the word loses nothing',
  async (t) => {
    const at = await place(t);
    const first = await desk(t, at);
    // Not started: it dies before it can write a word.
    const { digest } = await first.push(bundleOf(7), 'ada');
    await first.close();
    rmSync(join(at.folder, `${digest}.bundle`));
    t.same(await wordsIn(at), []);
    const second = await desk(t, at);
    t.ok(new RuleFiles(at.folder).has(digest), 'laid down before any word');
    second.start();
    t.same(await untilWords(at, 1), ['use 1 7']);
  },
);

t.test('another process takes what the topic says, and refuses it if its own keys say otherwise', async (t) => {
  const at = await place(t);
  const one = await desk(t, at);
  const folder = mkdtempSync(join(tmpdir(), 'msec-rules-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const told: string[] = [];
  const other = await desk(
    t,
    { ...at, folder },
    {
      keys: [STRANGER.publicKey],
      onRefused: ({ because }) => told.push(because),
    },
  );
  other.start();
  const { digest } = await one.push(bundleOf(1), 'ada');
  t.match((await other.overview()).bundles, [{ digest, refused: /no key that is trusted/ }]);
  t.match(new RuleFiles(folder).read(digest), { refused: /no key/ });
  t.equal(told.length, 1);
});

t.test('who can write to the topic and has no key puts nothing in force', async (t) => {
  const at = await place(t);
  const one = await desk(t, at);
  const json = (value: object): Uint8Array => Buffer.from(JSON.stringify(value));
  const forged = (bundle: Uint8Array, claim: object = {}): readonly (readonly [string, Uint8Array])[] => {
    const { digest, name, version } = peekBundle(bundle);
    const record = { digest, name, version, bytes: bundle.length, parts: 1, loaded: 1, by: 'eve', at: 1, ...claim };
    return [
      [`part/${digest}/0`, bundle],
      [`bundle/${digest}`, json(record)],
    ];
  };
  const stranger = signed([rulesFile(udpRule(1, 'a'))], { version: 9 }, STRANGER.privateKey);
  await append(at.log, forged(stranger));
  const replayed = bundleOf(2);
  await append(at.log, forged(replayed, { version: 50 }));
  await append(at.log, [
    ['bundle/nonsense', json({})],
    [`bundle/${'ab'.repeat(32)}`, json({ digest: 'ab'.repeat(32) })],
    [`bundle/${'cd'.repeat(32)}`, Buffer.from('{')],
  ]);
  const { bundles, inForce } = await one.overview();
  t.equal(inForce, null);
  t.match(bundles, [
    { version: 50, refused: /not the bundle of its record/ },
    { version: 9, refused: /no key/ },
  ]);
  const files = new RuleFiles(at.folder);
  for (const bundle of [stranger, replayed]) t.notOk(files.has(peekBundle(bundle).digest));
});

t.test('eight bundles are kept to go back to, and turns and refusals do not grow without end', async (t) => {
  const at = await place(t);
  const one = await desk(t, at);
  for (let version = 1; version <= 70; version += 1) {
    await one.push(bundleOf(version), 'ada');
    await t.rejects(one.push(bundleOf(1), 'eve'), { code: 'RULES_OLD' });
  }
  const { bundles, turns, refusals } = await one.overview();
  t.same(
    bundles.map(({ version }) => version),
    [70, 69, 68, 67, 66, 65, 64, 63],
  );
  t.equal(turns.length, 64);
  t.equal(refusals.length, 16);
  t.equal(readdirSync(at.folder).filter((name) => name.endsWith('.bundle')).length, 8);
  await one.close();
  const later = await (await desk(t, at)).overview();
  t.same(
    later.bundles.map(({ version }) => version),
    bundles.map(({ version }) => version),
  );
});

t.test('a bundle of several parts comes together again', async (t) => {
  const at = await place(t);
  const one = await desk(t, at);
  // What does not pack.
  const noise = Array.from(
    { length: 120_000 },
    (_, i) => `# ${(i * 2_654_435_761) % 2 ** 32} ${(i * 40_503) ** 3 % 999_999_937}`,
  );
  const bundle = signed([rulesFile(udpRule(1, 'abc'), ...noise)]);
  t.ok(bundle.length > 768 * 1024, `${bundle.length} bytes are more than one part`);
  const { digest } = await one.push(bundle, 'ada');
  t.same(new RuleFiles(at.folder).read(digest), bundle);
});

t.test('two processes that push at once come one after the other', async (t) => {
  const at = await place(t);
  const [one, two] = [await desk(t, at), await desk(t, at)];
  const pushes = [one.push(bundleOf(5), 'a'), two.push(bundleOf(6), 'b'), one.push(bundleOf(7), 'c')];
  let isOver = false;
  const settled = Promise.allSettled(pushes).finally(() => {
    isOver = true;
  });
  // Who was fenced waits a little before it tries again.
  while (!isOver) {
    at.clock.advance(100);
    await new Promise((resolve) => setImmediate(resolve));
  }
  const outcomes = await settled;
  const done = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  for (const outcome of outcomes)
    if (outcome.status === 'rejected') t.match(outcome.reason, { code: 'RULES_OLD' }, 'a newer one came before');
  t.same(
    done.map(({ sequence }) => sequence).sort(),
    done.map((_, i) => i + 1),
  );
  t.equal((await one.overview()).inForce?.version, 7);
});

t.test('a log that refuses the words is tried again', async (t) => {
  const at = await place(t);
  const failures: unknown[] = [];
  let refusals = 3;
  const commit: Log['commit'] = async (transaction) => {
    const isWord = transaction.appends?.some(({ topic }: Append) => topic === PACKETS.topic) === true;
    if (isWord && refusals-- > 0) throw new MsecError('QUOTA_EXCEEDED', 'full');
    return at.log.commit(transaction);
  };
  const log = new Proxy(at.log, {
    get: (target, name) => {
      if (name === 'commit') return commit;
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  const one = await desk(t, { ...at, log }, { onFailure: (error) => failures.push(error) });
  one.start();
  await one.push(bundleOf(1), 'ada');
  t.same(await untilWords(at, 2), ['prepare 1 1', 'use 1 1']);
  t.equal(failures.length, 3);
});

t.test('who replaces what is said, also under another name; versions count over all names', async (t) => {
  const at = await place(t);
  const one = await desk(t, at);
  t.equal((await one.push(bundleOf(1), 'ada')).replaces, null);
  t.match((await one.push(bundleOf(2, { name: 'town' }), 'bob')).replaces, { name: 'city', version: 1 });
  await t.rejects(one.push(bundleOf(1), 'ada'), { code: 'RULES_OLD', message: /^city 1 is not newer than town 2,/ });
  const back = await one.rollBack({ version: null, by: 'ada', why: 'a mistake' });
  t.match(back, { name: 'city', replaces: { name: 'town', version: 2 } });
});

t.test('who looks sees the same beside the engine that has the log, and changes nothing', async (t) => {
  const at = await place(t);
  const empty = await memoryLog(1);
  t.teardown(() => empty.close());
  t.match(await readOverview(empty, [SIGNER.publicKey]), { inForce: null, bundles: [] });
  const one = await desk(t, at);
  await one.push(bundleOf(1), 'ada');
  await one.push(bundleOf(2), 'ada');
  await t.rejects(one.push(bundleOf(2), 'eve'));
  const { end } = await at.log.openReader().bounds(IDS_RULES, 0);
  t.same(await readOverview(at.log, [SIGNER.publicKey]), await one.overview());
  t.match((await readOverview(at.log, [STRANGER.publicKey])).bundles, [{ refused: /no key/ }, { refused: /no key/ }]);
  t.equal((await at.log.openReader().bounds(IDS_RULES, 0)).end, end);
});
