/** `msec trust tell`, `who`, `verify`, `why` and `checkpoint` beside an engine that runs, after it, and after somebody has changed its log. */
import { createPublicKey } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { ByteWriter } from '../../engine/base/index.ts';
import { BatchEncoder, type Log, openEmbeddedLog, partitionForKey } from '../../engine/index.ts';
import { encodeInteraction, type TrustInteraction } from '../../schemas/index.ts';
import { TRUST_INTERACTIONS, TRUST_LOG } from '../../schemas/topics/index.ts';
import { logOf } from '../support/trust-log.ts';
import { msec, recordsIn, startUp, tail } from './run-cli.ts';

t.setTimeout(590_000);

const PARTITIONS = 2;
const YAML = `log:
  partitions: ${PARTITIONS}
trust:
  enabled: true
  checkpoint: 1s
registry:
  port: 0
`;

const METER = ['--type', 'enmon', '--identity', '867723030040330'];

interface Given {
  readonly trustee: string;
  readonly value: TrustInteraction;
}

/** Sixty good ones of three providers, and one that was not. */
function given(nowMs: number): Given[] {
  return Array.from({ length: 61 }, (_, i) => ({
    trustee: `weather-${i % 3}`,
    value: {
      id: `reading-${i}`,
      trustor: `roof-${i % 2}`,
      service: 'temperature',
      satisfaction: i === 60 ? 0.1 : 0.9 + (i % 5) / 100,
      weight: 1,
      time: nowMs - 60_000 + i * 500,
      ...{ responseMs: null, availability: null, quality: null },
      reason: i === 60 ? '61.2 °C, but 7 neighbours have 21.4 °C' : null,
    },
  }));
}

async function withLog<T>(cwd: string, use: (log: Log) => Promise<T>): Promise<T> {
  const log = await openEmbeddedLog(join(cwd, 'data', 'log'));
  try {
    return await use(log);
  } finally {
    await log.close();
  }
}

async function write(log: Log, topic: string, key: string, value: Uint8Array): Promise<void> {
  const bytes = Buffer.from(key);
  const encoder = new BatchEncoder();
  encoder.append(Date.now(), bytes, 0, bytes.length, value, 0, value.length);
  const partition = partitionForKey(bytes, 0, bytes.length, PARTITIONS);
  await log.commit({ appends: [{ topic, partition, bytes: encoder.finish() }] });
}

t.test(
  'scores are made anew from the log, and what moved them is told, until somebody puts a hand on it',
  async (t) => {
    const cwd = t.testdir({ 'msec.yaml': YAML });
    const trust = (...args: string[]) => msec(['trust', ...args], { cwd });
    t.match(await trust('verify'), { code: 66, err: /There is no log/ });

    // The first start makes topics and schemas.
    const first = await startUp(['--no-fleet', '--workers', '1'], { cwd });
    const answer = await fetch(`${first.said.registry}/subjects/${TRUST_INTERACTIONS}-value/versions/latest`);
    const { id: schemaId } = (await answer.json()) as { id: number };
    first.kill('SIGINT');
    await first.ended;
    const interactions = given(Date.now());
    await withLog(cwd, async (log) => {
      const writer = new ByteWriter();
      for (const { trustee, value } of interactions) {
        writer.clear();
        encodeInteraction(writer, schemaId, value);
        await write(log, TRUST_INTERACTIONS, trustee, writer.take());
      }
    });
    const told = ['tell', 'roof-8', 'weather-0', 'heat'];
    // Into the log itself, as no engine runs.
    t.match(await trust(...told, '0.5', '--id', 'told', '--json'), { code: 0, out: /"id":"told"/ });

    const running = await startUp(['--no-fleet', '--workers', '1'], { cwd });
    t.teardown(() => running.kill('SIGKILL'));
    const added = await msec(['device', 'add', 'meter-9', ...METER, '--json'], { cwd });
    const { secrets } = JSON.parse(added.out) as { secrets: { token: string } };
    const post = async (interaction: object) => {
      const answer = await fetch(`${running.said.http}/v1/trust/interactions`, {
        method: 'POST',
        headers: { authorization: `Bearer meter-9:${secrets.token}`, 'content-type': 'application/json' },
        body: JSON.stringify(interaction),
      });
      return { status: answer.status, body: await answer.json() };
    };
    const served = { trustee: 'weather-0', service: 'heat', satisfaction: 0.75, reason: 'a little cold' };
    t.match(await post({ ...served, id: 'by-meter' }), { status: 202, body: { id: 'by-meter' } });
    t.match(await post({ ...served, weight: -1 }), {
      status: 400,
      body: { code: 'INTERACTION_INVALID', field: 'weight' },
    });
    t.match(await trust(...told, '2'), { code: 65, err: /satisfaction: must lie between 0 and 1/ });
    const corrected = await trust(...told, '0.9', '--id', 'told', '--weight', '2', '--reason', 'warm again');
    t.match(corrected, { code: 0, out: /roof-8 is 90 % satisfied with weather-0 for heat: told as told/ });
    // What was told twice is a correction, and an entry of its own.
    await recordsIn(running, TRUST_LOG, interactions.length + 3);
    const live = await trust('verify', '--json');
    t.equal(live.code, 0, live.out + live.err);
    await recordsIn(running, 'trust.checkpoints', 1);
    running.kill('SIGINT');
    await running.ended;

    const verified = await trust('verify');
    t.equal(verified.code, 0, verified.out + verified.err);
    t.match(verified.out, /^entries: 64, each linked/m);
    t.match(verified.out, /^checkpoints: \d+, all signed$/m);
    t.match(verified.out, /^scores that the log gives: 12$/m);
    t.match(verified.out, /^of providers whose standing follows from log and decisions: 4$/m);
    t.match(verified.err, /All of it agrees/);
    const one = await trust('verify', 'roof-0', 'weather-0');
    t.match(one, { code: 0, out: /roof-0 trusts weather-0 for temperature: (\S+) published, \1 from the log/ });
    t.match(await trust('verify', 'roof-9', 'weather-0'), { code: 66, err: /know of what was asked/ });

    const why = await trust('why', 'roof-0', 'weather-0', '-n', '2');
    t.equal(why.code, 0, why.err);
    t.match(why.out, /^roof-0 trusts weather-0 for temperature: 0\.\d{3}$/m);
    t.match(
      why.out,
      /10 % satisfied, lowers it by 0\.\d{3}: 61\.2 °C, but 7 neighbours have 21\.4 °C {2}\(reading-60;/,
    );
    t.match(why.out, /and 9 that moved it less/);

    const who = await trust('who', 'heat', '--for', 'meter-9', '--json');
    t.match(JSON.parse(who.out), { providers: [{ provider: 'weather-0', trust: 0.75 }] });
    const whyMeter = await trust('why', 'meter-9', 'weather-0');
    t.match(whyMeter.out, /^meter-9 trusts weather-0 for heat: 0\.750$[\s\S]+: a little cold {2}\(by-meter;/m);
    t.match((await trust('why', 'roof-8', 'weather-0')).out, /90 % satisfied.*: warm again {2}\(told, corrected/);

    const kept = await trust('checkpoint');
    t.match(kept, { code: 0, out: /^msec\/trust\.log\/\d\n\d+\n/ });
    writeFileSync(join(cwd, 'kept.note'), kept.out);
    t.match(await trust('verify', '--checkpoint', 'kept.note'), { code: 0 });
    // One of 64 begins with an A.
    const otherHead = kept.out.replace(/\nhead (.)/, (_, first) => `\nhead ${first === 'A' ? 'B' : 'A'}`);
    writeFileSync(join(cwd, 'other.note'), otherHead);
    const other = await trust('verify', '--checkpoint', 'other.note');
    t.match(other, { code: 65, out: /is not signed by the log's key/ });

    const entries = await tail<{ key: string; partition: number; offset: number }>(cwd, TRUST_LOG);
    // The first entry of a partition that a checkpoint covers.
    const covered = Number(/^msec\/trust\.log\/(\d)/.exec(kept.out)?.[1]);
    const early = entries.find(({ partition }) => partition === covered)!;
    const given0 = interactions.find(({ trustee }) => trustee === early.key)!;
    const asked = [given0.value.trustor, given0.trustee];
    const proof = await trust('proof', 'make', ...asked, given0.value.id, '-s', 'temperature');
    t.match(proof, { code: 0, out: /^c2sp\.org\/tlog-proof@v1\nextra / });
    writeFileSync(join(cwd, 'one.tlog-proof'), proof.out);
    const logKey = createPublicKey(readFileSync(join(cwd, 'data', 'keys', 'trust-log.pem')));
    writeFileSync(join(cwd, 'log.pub'), logKey.export({ format: 'pem', type: 'spki' }));
    const check = (file: string) => trust('proof', 'verify', file, '--public-key', 'log.pub');
    t.match(await check('one.tlog-proof'), {
      code: 0,
      out: new RegExp(`^${asked.join(' told of ')} for temperature: satisfaction 0\\.9, weight 1`),
      err: /It holds: entry 0 of the \d+ that were signed/,
    });
    writeFileSync(join(cwd, 'other.tlog-proof'), proof.out.replace(/\nindex 0/, '\nindex 1'));
    t.match(await check('other.tlog-proof'), { code: 65, err: /is not among the \d+ that were signed/ });
    t.match(await check('nowhere'), { code: 66 });
    t.match(await trust('proof', 'make', ...asked, 'no-such'), { code: 66, err: /knows of no such interaction/ });

    // An entry in good form that nobody linked.
    const { partition } = entries[0]!;
    const size = entries.filter((entry) => entry.partition === partition).length;
    const { trustee, value } = interactions.find(({ trustee }) => trustee === entries[0]!.key)!;
    const { time: timeMs, reason: _reason, ...rest } = value;
    const [forged] = logOf([{ ...rest, trustee, timeMs, id: 'forged', satisfaction: 1 }], partition, size);
    await withLog(cwd, (log) => write(log, TRUST_LOG, trustee, forged!.value));
    const broken = await trust('verify');
    t.equal(broken.code, 65);
    t.match(
      broken.out,
      new RegExp(`entry ${size} was linked to another entry than the ${size - 1} that stands before it`),
    );
    t.match(
      broken.out,
      /the score that roof-\d gives weather-\d for temperature: it counts \d+ interactions, the log \d+/,
    );
    t.match(broken.err, /does not agree/);
  },
);
