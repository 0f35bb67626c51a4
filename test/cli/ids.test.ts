import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { pcapOf } from '../actors/detect/captures.ts';
import { type Ends, ethernet, ipv4, tcpSegment } from '../actors/detect/frames.ts';
import { msec } from './run-cli.ts';

t.setTimeout(590_000);

const ends: Ends = { from: Uint8Array.of(10, 0, 0, 1), to: Uint8Array.of(10, 0, 0, 2) };
const segment = tcpSegment(
  ends,
  { fromPort: 5000, toPort: 80, sequence: 1, acknowledgment: 1, flags: 0x18 },
  Buffer.from('hello'),
);
const spoilt = Uint8Array.from(segment, (byte, at) => (at === 17 ? byte ^ 1 : byte));
const [whole, wrong] = [segment, spoilt].map((bytes) => {
  const frame = ethernet(0x0800, ipv4(ends, 6, bytes));
  return Buffer.from(
    pcapOf([{ timeUs: 5, linkType: 1, wireLength: frame.length, bytes: frame }], { isBig: false, isNano: false }),
  );
}) as [Buffer, Buffer];

const cwd = t.testdir({
  'tcp.rules': 'alert tcp any any -> any 80 (msg:"a"; sid:7;)\n',
  'whole.pcap': whole,
  'wrong.pcap': wrong,
  'short.pcap': whole.subarray(0, -1),
  'two.pcap': Buffer.concat([whole, whole.subarray(24, -1)]),
  'other.rules': 'alert tcp any any -> any 81 (msg:"b"; sid:8;)\n',
  'empty.pcap': '',
  folder: {},
  'good.rules': 'alert tcp $HOME_NET any -> any $SSH_PORTS (msg:"a"; content:"b"; sid:1;)\n',
  'bad.rules':
    '# comment\nalert tcp any any -> any any (content:"ab"; depth:1; sid:2;)\nalert tcp any any -> any any (lua:a.lua; sid:3;)\n',
  'eve.yaml':
    '%YAML 1.1\n---\noutputs:\n  - fast:\n      enabled: yes\n  - eve-log:\n      types:\n        - alert:\n            payload: yes\n            payload-printable: yes\n            packet: yes\n            metadata:\n              rule:\n                raw: true\n        - stats\n',
  'sets.rules':
    'alert ip any any -> any any (ip.src; dataset:set,seen,type ipv4,state seen.lst; sid:1;)\nalert ip any any -> any any (ip.src; dataset:isset,known; sid:2;)\nalert ip any any -> any any (iprep:src,Bad,>,5; sid:3;)\n',
  'sets.yaml':
    '%YAML 1.1\n---\nreputation-categories-file: lists/categories\ndefault-reputation-path: lists\nreputation-files: [hosts]\ndatasets:\n  known: {type: ip, load: lists/known}\n',
  lists: { categories: '1,Bad,bad\n', hosts: '10.0.0.1,1,9\n', known: '10.0.0.1\n' },
  kept: {},
  'groups.rules': 'alert tcp $CARS any -> any $DOORS (sid:4;)\n',
  'suricata.yaml':
    '%YAML 1.1\n---\nvars:\n  address-groups:\n    CARS: "[10.1.0.0/16]"\n  port-groups:\n    DOORS: 70\n',
});

t.test('rules that are understood are counted', async (t) => {
  const ran = await msec(['ids', 'check', 'good.rules'], { cwd });
  t.same([ran.code, ran.out, ran.err], [0, '', '1 rules: 1 accepted, 0 refused\n']);
});

t.test('each refused rule has its place, keyword and reason, and the exit code says so', async (t) => {
  const ran = await msec(['ids', 'check', 'good.rules', 'bad.rules'], { cwd });
  t.equal(ran.code, 65);
  t.match(ran.out, /^bad\.rules:2:45: depth: 1 is less than the content's 2 bytes \(wrong\)$/m);
  t.match(ran.out, /^bad\.rules:3:31: lua: .* \(unsupported\)$/m);
  t.equal(ran.err, '3 rules: 1 accepted, 2 refused\n');
  const asJson = await msec(['ids', 'check', 'bad.rules', '--json'], { cwd });
  const lines = asJson.out.trim().split('\n');
  t.match(JSON.parse(lines[0]!), { file: 'bad.rules', line: 2, column: 45, keyword: 'depth', kind: 'wrong' });
  t.match(JSON.parse(lines[2]!), { rules: 2, accepted: 0, refused: 2 });
});

t.test('sets that rules change are kept where they say, and those of a suricata.yaml are known', async (t) => {
  const flags = ['ids', '--pcap', 'whole.pcap', '--rules', 'sets.rules', '--config', 'sets.yaml', '--alerts-only'];
  const sids = (out: string): unknown[] =>
    out.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line).alert.signature_id]));
  const first = await msec([...flags, '--data-dir', 'kept'], { cwd });
  t.same(sids(first.out), [1, 2, 3]);
  t.equal(readFileSync(join(cwd, 'kept/seen.lst'), 'utf8'), '10.0.0.1\n');
  const second = await msec([...flags, '--data-dir', 'kept'], { cwd });
  t.same(sids(second.out), [2, 3], 'what was in it already does not go in');
  const checked = await msec(['ids', 'check', 'sets.rules', '--vars', 'sets.yaml'], { cwd });
  t.equal(checked.code, 0);
});

t.test('the eve-log of a suricata.yaml says what is told, and how much of it', async (t) => {
  const plain = await msec(['ids', '--pcap', 'whole.pcap', '--rules', 'tcp.rules'], { cwd });
  const types = (out: string): unknown[] =>
    out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).event_type);
  t.same(types(plain.out), ['alert', 'flow']);
  const told = await msec(['ids', '--pcap', 'whole.pcap', '--rules', 'tcp.rules', '--config', 'eve.yaml'], { cwd });
  t.same(types(told.out), ['alert']);
  t.match(JSON.parse(told.out), {
    alert: { rule: 'alert tcp any any -> any 80 (msg:"a"; sid:7;)' },
    payload: 'aGVsbG8=',
    payload_printable: 'hello',
    stream: 0,
    packet: whole.subarray(40).toString('base64'),
    packet_info: { linktype: 1 },
  });
});

t.test('groups come from a suricata.yaml and from flags', async (t) => {
  t.equal((await msec(['ids', 'check', 'groups.rules'], { cwd })).code, 65);
  t.equal((await msec(['ids', 'check', 'groups.rules', '--vars', 'suricata.yaml'], { cwd })).code, 0);
  const sets = ['--set', 'vars.address-groups.CARS=10.1.0.0/16', '--set', 'vars.port-groups.DOORS=70:80'];
  t.equal((await msec(['ids', 'check', 'groups.rules', ...sets], { cwd })).code, 0);
  t.match(await msec(['ids', 'check', 'good.rules', '--home-net', '!any'], { cwd }), {
    code: 64,
    err: /--home-net: !any/,
  });
  t.equal((await msec(['ids', 'check', 'good.rules', '--set', 'a=b'], { cwd })).code, 64);
  t.equal((await msec(['ids', 'check', 'none.rules'], { cwd })).code, 66);
});

t.test('an alert has its fields in the order of Suricata', async (t) => {
  const ran = await msec(['ids', '--pcap', 'whole.pcap', '--rules', 'tcp.rules', '--alerts-only'], { cwd });
  t.same([ran.code, ran.err], [0, '']);
  const record = JSON.parse(ran.out) as { readonly flow: object };
  // As suricata 7.0.10 -r prints it.
  t.equal(
    Object.keys(record).join(),
    'timestamp,flow_id,pcap_cnt,event_type,src_ip,src_port,dest_ip,dest_port,proto,pkt_src,alert,direction,flow',
  );
  t.equal(
    Object.keys(record.flow).join(),
    'pkts_toserver,pkts_toclient,bytes_toserver,bytes_toclient,start,src_ip,dest_ip,src_port,dest_port',
  );
});

t.test('wrong checksums are told of, with what takes the segments', async (t) => {
  const ids = (...flags: string[]) => msec(['ids', '--pcap', 'wrong.pcap', '--rules', 'tcp.rules', ...flags], { cwd });
  const ran = await ids();
  t.match([ran.code, ran.err], [0, /^1 TCP segment has a wrong checksum and is in no stream; --checksum none/]);
  t.same((await ids('--checksum', 'none')).err, '');
});

t.test('a capture that cannot be read, is empty or ends too early is told so', async (t) => {
  for (const command of [['ids'], ['ids', 'explain', '--sid', '7']]) {
    const on = (pcap: string) => msec([...command, '--pcap', pcap, '--rules', 'tcp.rules'], { cwd });
    t.match(await on('folder'), { code: 66, err: /cannot be read/ });
    t.match(await on('empty.pcap'), { code: 65, err: /The file is empty/ });
    t.match(await on('short.pcap'), { code: 65, err: /ends within a packet/ });
  }
});

t.test('of a capture that ends within a packet the whole ones are examined, which is said', async (t) => {
  const whole = /ends within a packet .*; the 1 whole packet before was examined/;
  const ran = await msec(['ids', '--pcap', 'two.pcap', '--rules', 'tcp.rules', '--alerts-only'], { cwd });
  t.match(ran, { code: 65, err: whole, out: /"signature_id":7/ });
  const explain = (sid: string) =>
    msec(['ids', 'explain', '--pcap', 'two.pcap', '--rules', 'tcp.rules', '--rules', 'other.rules', '--sid', sid], {
      cwd,
    });
  t.match(await explain('7'), { code: 0, err: whole, out: /^The rule alerts: packet 1/ }, 'what it found stands');
  t.match(await explain('8'), { code: 65, err: whole, out: /^It came furthest: packet 1/ });
});

t.test('a capture comes through standard input as well', async (t) => {
  for (const command of [
    ['ids', '--alerts-only'],
    ['ids', 'explain', '--sid', '7'],
  ]) {
    const ran = await msec([...command, '--pcap', '-', '--rules', 'tcp.rules'], { cwd, input: whole });
    t.match(ran, { code: 0, err: /^$/, out: /"signature_id":7|The rule alerts/ });
  }
  t.match(await msec(['ids', '--pcap', '-', '--rules', 'tcp.rules'], { cwd }), { code: 65, err: /The file is empty/ });
});

t.test('a group that is set by hand is looked at although no rule names it', async (t) => {
  const check = (...flags: string[]) => msec(['ids', 'check', 'tcp.rules', ...flags], { cwd });
  t.match(await check('--home-net', 'banana'), { code: 64, err: /--home-net: "banana" is no address/ });
  t.match(await check('--set', 'vars.port-groups.DOORS=door'), {
    code: 64,
    err: /--set vars\.port-groups\.DOORS: .*door/,
  });
  t.equal((await check('--home-net', '[10.4.0.0/16,!10.4.1.0/24]', '--set', 'vars.port-groups.DOORS=70:80')).code, 0);
  t.match(await msec(['ids', '--pcap', 'whole.pcap', '--home-net', 'banana'], { cwd }), { code: 64, err: /banana/ });
});
