/** Rules for all but some addresses: with many of them an index says which are asked, and what they alert at stays what it is. */
import t from 'tap';
import { CapturedPacket } from '../../../../actors/detect/capture/index.ts';
import { type EveRecord, readRules, SENSOR_DEFAULTS, Sensor, variables } from '../../../../actors/detect/index.ts';
import { RuleGroups } from '../../../../actors/detect/inspect/rule-groups.ts';
import { PROTOCOL_UDP } from '../../../../actors/detect/packet/index.ts';
import { finished } from '../../../../actors/detect/rules/finished.ts';
import { ethernet, ipv4, udpDatagram } from '../frames.ts';

const HOSTS = 50;

/** From whoever is not host i to host i. */
const rule = (i: number): string => `alert ip ![10.0.0.${i},10.9.0.0/16] any -> 10.1.0.${i} any (sid:${i};)`;

function sensorOf(rules: readonly string[], alerts: EveRecord[]): Sensor {
  const { accepted, refused } = readRules([{ name: 'r', text: rules.join('\n') }], variables());
  t.equal(refused.length, 0);
  return new Sensor(accepted, { ...SENSOR_DEFAULTS, tellsAll: false }, (line) => alerts.push(line.record()));
}

function packet(from: readonly number[], to: readonly number[], port: number): CapturedPacket {
  const ends = { from: Uint8Array.from(from), to: Uint8Array.from(to) };
  const bytes = ethernet(0x0800, ipv4(ends, 17, udpDatagram(ends, port, 9, Uint8Array.of(1))));
  const captured = new CapturedPacket();
  return Object.assign(captured, { bytes, start: 0, end: bytes.length, wireLength: bytes.length, linkType: 1 });
}

const sidsOf = (alerts: readonly EveRecord[]): number[] =>
  alerts.map(({ alert }) => (alert as { readonly signature_id: number }).signature_id);

t.test('each is asked of every packet that it may be about, many or few', async (t) => {
  const all = Array.from({ length: HOSTS }, (_, i) => rule(i + 1));
  for (let to = 1; to <= HOSTS; to += 7)
    for (const [from, isNamed] of [
      [[10, 0, 0, to], true],
      [[10, 0, 0, (to % HOSTS) + 1], false],
      [[10, 9, 3, 4], true],
      [[203, 0, 113, 9], false],
    ] as const) {
      const [many, few]: [EveRecord[], EveRecord[]] = [[], []];
      for (const sensor of [sensorOf(all, many), sensorOf([all[to - 1]!], few)])
        for (let again = 0; again < 3; again += 1) sensor.take(packet(from, [10, 1, 0, to], 1000 + to));
      t.same(sidsOf(many), isNamed ? [] : [to, to, to], `${from} to ${to}`);
      t.same(sidsOf(few), sidsOf(many));
    }
});

const DATAGRAM = { protocol: PROTOCOL_UDP, sourcePort: 4000, destinationPort: 1000 };

t.test('such rules are not among those that are asked of every packet', async (t) => {
  const rules = Array.from({ length: HOSTS }, (_, i) => rule(i + 1));
  const wide = `alert ip ![10.9.0.1] any -> any any (msg:"nearly all"; sid:${HOSTS + 1};)`;
  const { signatures } = sensorOf([...rules, wide], []);
  const group = finished(RuleGroups.making(signatures, [])).ofPackets(DATAGRAM, 0);
  t.equal(group.always.length, 1, 'only what nearly every packet matches');
  const { signatures: some } = sensorOf(rules.slice(0, 5), []);
  t.equal(finished(RuleGroups.making(some, [])).ofPackets(DATAGRAM, 0).always.length, 5, 'a few are asked at once');
});
