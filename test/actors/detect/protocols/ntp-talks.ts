/** Generated NTP: requests and answers of every version and mode, some cut off. */
import type { Dice } from './dice.ts';
import type { Part, Talk } from './suricata.ts';

export function ntpTalk(dice: Dice): Talk {
  const parts = Array.from({ length: 1 + dice.below(4) }, (_, i): Part => {
    const version = dice.pick([3, 4, 4, 4, i === 0 ? 4 : 2]);
    const mode = dice.pick(i === 0 ? [3, 3, 3, 1] : [4, 4, 3, 1, 6]);
    const length = dice.pick([48, 48, 48, 68, i === 0 ? 48 : 20]);
    const bytes = Uint8Array.from({ length }, () => dice.below(256));
    bytes[0] = (dice.below(4) << 6) | (version << 3) | mode;
    return [(i & 1) as 0 | 1, bytes];
  });
  return { transport: 'udp', serverPort: 123, parts };
}
