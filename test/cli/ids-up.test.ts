/** Packets in, alerts out, through the whole of `msec up`: from a gateway over HTTP, and from an interface of this machine. */
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { makeCase } from '../actors/detect/differential/case.ts';
import { needs } from '../support/needs.ts';
import { msec, recordsIn, startUp, type TailedRecord, tail, untilStatus } from './run-cli.ts';

t.setTimeout(590_000);

const START_S = 1_790_000_000;

/** So long after the others every flow is over, a few with each packet. */
const LATE_S = 3_600;
const LATE_FRAMES = 4;

/** A pcap file of generated conversations, one behind the other, and of a few frames that are nothing, late. */
function pcapOf(conversations: readonly Uint8Array[]): Buffer {
  const head = Buffer.alloc(24);
  head.writeUInt32LE(0xa1b2c3d4, 0);
  head.writeUInt16LE(2, 4);
  head.writeUInt16LE(4, 6);
  head.writeUInt32LE(262_144, 16);
  head.writeUInt32LE(1, 20);
  const frames = [...conversations, ...Array.from({ length: LATE_FRAMES }, () => Buffer.alloc(60))];
  const packets = frames.flatMap((frame, i) => {
    const about = Buffer.alloc(16);
    const lateS = i < conversations.length ? 0 : LATE_S;
    about.writeUInt32LE(START_S + Math.floor(i / 100) + lateS, 0);
    about.writeUInt32LE((i % 100) * 10_000, 4);
    about.writeUInt32LE(frame.length, 8);
    about.writeUInt32LE(frame.length, 12);
    return [about, frame];
  });
  return Buffer.concat([head, ...packets]);
}

interface Alert extends TailedRecord {
  readonly key: string;
  readonly value: {
    readonly timestamp: string;
    readonly src_ip: string;
    readonly alert: { readonly signature_id: number };
  };
}

const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);

const told = ({ timestamp, src_ip, alert }: Alert['value']): string => `${timestamp} ${src_ip} ${alert.signature_id}`;

t.test('a gateway publishes a capture; the alerts are those of msec ids, also over a kill', async (t) => {
  const cases = Array.from({ length: 60 }, (_, i) => makeCase(7000 + i, i));
  const cwd = t.testdir({
    'traffic.pcap': pcapOf(cases.flatMap(({ frames }) => frames)),
    'local.rules': cases.flatMap(({ rules }) => rules).join('\n'),
    'msec.yaml':
      'ids:\n  enabled: true\n  rules: [local.rules]\n  gateways: [gw-1]\nfleet:\n  enabled: false\nworkers: 1\n',
  });
  const alone = await msec(['ids', '--pcap', 'traffic.pcap', '--rules', 'local.rules', '--alerts-only'], { cwd });
  t.equal(alone.code, 0, alone.err);
  const must = alone.out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => told(JSON.parse(line) as Alert['value']));
  t.ok(must.length > 10, `${must.length} alerts`);
  let running = await startUp([], { cwd });
  t.teardown(() => running.kill('SIGKILL'));
  const added = await msec(['device', 'add', 'gw-1', '--type', 'enmon', '--identity', '867723030040330', '--json'], {
    cwd,
  });
  t.equal(added.code, 0, added.err);
  const { token } = (JSON.parse(added.out) as { secrets: { token: string } }).secrets;
  const publish = (device: string, bridge: string) =>
    msec(['ids', 'capture', '--pcap', 'traffic.pcap', '--publish', bridge, '--device', device, '--json'], {
      cwd,
      env: { MSEC_DEVICE_TOKEN: token },
    });
  const published = await publish('gw-1', running.said.http);
  t.match(
    { code: published.code, counts: JSON.parse(published.out) as unknown },
    { code: 0, counts: { dropped: 0 } },
    published.err,
  );
  running.kill('SIGKILL');
  await running.ended;
  // What was not examined yet is examined now, and nothing twice; what comes then is new.
  running = await startUp([], { cwd });
  const again = await publish('gw-1', running.said.http);
  t.equal(again.code, 0, again.err);
  // Whoever drains leaves what was not begun for the next start.
  await recordsIn(running, 'ids.alerts', must.length);
  running.kill('SIGINT');
  t.same(await running.ended, [0, null]);
  const alerts = await tail<Alert>(cwd, 'ids.alerts');
  t.ok(alerts.every(({ key }) => key === 'gw-1'));
  t.same(
    alerts.slice(0, must.length).map(({ value }) => told(value)),
    must,
  );
});

t.test('who is no gateway publishes nothing, and what is wrong is said', async (t) => {
  const cwd = t.testdir({
    'traffic.pcap': pcapOf(makeCase(1, 0).frames),
    'local.rules': 'alert tcp any any -> any any (msg:"x"; lua:nothing.lua; sid:1;)\n',
    'msec.yaml':
      'ids:\n  enabled: true\n  rules: [local.rules]\n  gateways: [gw-1]\nfleet:\n  enabled: false\nworkers: 1\n',
    empty: { 'msec.yaml': 'ids:\n  rules: [none.rules]\n' },
    lost: { 'msec.yaml': 'ids:\n  enabled: true\n  rules: [none.rules]\n' },
  });
  const running = await startUp([], { cwd });
  t.teardown(() => running.kill('SIGKILL'));
  t.match((running.said as { rulesNote?: string }).rulesNote, /1 of 1 rules are refused .*local\.rules:1: lua/);
  const added = await msec(['device', 'add', 'meter-1', '--type', 'enmon', '--identity', '867723030040330', '--json'], {
    cwd,
  });
  const { token } = (JSON.parse(added.out) as { secrets: { token: string } }).secrets;
  const capture = (more: readonly string[]) =>
    msec(['ids', 'capture', '--publish', running.said.http, '--device', 'meter-1', ...more], {
      cwd,
      env: { MSEC_DEVICE_TOKEN: token },
    });
  t.match(await capture(['--pcap', 'traffic.pcap']), {
    code: 69,
    err: /403: the device is no gateway .*ids\.gateways/,
  });
  t.match(await capture([]), { code: 64, err: /--pcap .* --interface/ });
  running.kill('SIGINT');
  await running.ended;
  t.match(await msec(['up'], { cwd: join(cwd, 'empty') }), {
    code: 78,
    err: /ids\.rules: has no effect unless ids\.enabled/,
  });
  t.match(await msec(['up'], { cwd: join(cwd, 'lost') }), {
    code: 78,
    err: /none\.rules of ids\.rules cannot be read/,
  });
});

t.test('an interface is captured, and what it carries alerts', async (t) => {
  if (!needs(t, 'packet-capture')) return;
  const cwd = t.testdir({
    'local.rules': ['a word for the sensor', 'another one']
      .map((word, i) => `alert udp any any -> any any (msg:"word"; content:"${word}"; sid:${5 + i};)\n`)
      .join(''),
    'msec.yaml':
      'ids:\n  enabled: true\n  rules: [local.rules]\n  interface: lo\n  filter: udp\nfleet:\n  enabled: false\nworkers: 1\n',
  });
  const running = await startUp([], { cwd });
  t.teardown(() => running.kill('SIGKILL'));
  const socket = createSocket('udp4');
  // The capture begins when it likes.
  let words = 'this is a word for the sensor';
  const sending = setInterval(() => socket.send(words, 40_404, '127.0.0.1'), 200);
  try {
    await recordsIn(running, 'ids.alerts', 2);
    for (const child of childrenOf(running.pid)) process.kill(child, 'SIGKILL');
    await untilStatus(running, () => /capture of lo/.test(running.errors()));
    // The capture that has ended has never seen these.
    words = 'and this is another one';
    const isBegunAgain = ({ value }: Alert) => value.alert.signature_id === 6;
    while (!(await tail<Alert>(cwd, 'ids.alerts')).some(isBegunAgain));
    t.pass('a capture that has ended is told, and begun again');
  } finally {
    clearInterval(sending);
    socket.close();
  }
  running.kill('SIGINT');
  t.same(await running.ended, [0, null], running.errors());
  const [alert] = await tail<Alert>(cwd, 'ids.alerts');
  t.match(alert, { key: 'lo', value: { event_type: 'alert', src_ip: '127.0.0.1', alert: { signature_id: 5 } } });
});
