/** How long bits of addresses are set; expected is what Suricata 7.0.10 says. */
import t from 'tap';
import { alertsIn, Scene } from './scene.ts';

const SECOND_US = 1_000_000;

for (const track of ['ip_src', 'ip_pair']) {
  t.test(`${track}: a bit is set up to its last second, and toggled away where that is over`, async (t) => {
    const scene = new Scene(9005).datagram(0, 'set').wait(SECOND_US).datagram(0, 'ask').wait(SECOND_US);
    for (const text of ['ask', 'turn', 'look', 'turn', 'look']) scene.datagram(0, text);
    const rules = [
      ['set', 'set,a', ',expire 1'],
      ['set', 'set,b', ',expire 1'],
      ['ask', 'isset,a', ''],
      ['turn', 'toggle,b', ',expire 60'],
      ['look', 'isset,b', ''],
    ].map(
      ([text, does, expire]) =>
        `alert udp any any -> any any (content:"${text}"; xbits:${does},track ${track}${expire};)`,
    );
    t.same(alertsIn(scene, rules), ['1>', '1>', '2>', '4> 6>', '7>']);
  });
}
