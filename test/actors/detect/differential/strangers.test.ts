/** What Suricata says of packets that it makes itself depends on what lay in its memory. */
import t from 'tap';
import { needs } from '../../../support/needs.ts';
import { readAll } from '../captures.ts';
import { ACK, PUSH, Scene } from '../sensor/scene.ts';
import { captureOf } from './compare.ts';
import { type Counts, runBoth } from './engines.ts';
import { strangers } from './strangers.ts';

const NEW_KEYS = '\x00\x00\x00\x0a\x04\x15abcdefgh';

const sum = (counts: Counts): number => [...counts.values()].reduce((all, one) => all + one, 0);

t.test('flags of packets that Suricata makes are those of strangers before them, or none', async (t) => {
  if (!needs(t, 'suricata')) return;
  const scene = new Scene(22).handshake().say(1, 'SSH-2.0-srv\r\n').say(0, 'SSH-2.0-cli\r\n').say(1, NEW_KEYS);
  scene.segment(0, PUSH | ACK, 0, 0, NEW_KEYS).segment(1, PUSH | ACK, 0, 14, 'secret');
  const packets = readAll(scene.capture);
  const one = {
    frames: packets.map(({ bytes }) => bytes),
    timesUs: packets.map(({ timeUs }) => timeUs - packets[0]!.timeUs),
    slot: 0,
  };
  const { ours, theirs, theirsAgain } = await runBoth({
    capture: captureOf([one]),
    rules: ['alert tcp 10.1.0.0 any <> 10.2.0.0 any (tcp.hdr; content:"|50 10|"; sid:1;)'],
    thresholds: [],
    midstream: false,
  });
  const filled = async (byte: number): Promise<number> => sum(await theirsAgain(captureOf([one], strangers(byte))));
  t.same([sum(theirs), await filled(0), await filled(0xff)], [sum(ours), sum(ours), sum(ours) - 2]);
});
