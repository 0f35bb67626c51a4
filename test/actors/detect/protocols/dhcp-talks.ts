/** Generated DHCP: what clients ask and servers grant, with options that are cut off or strange. */
import { bytesOf, n16, n32 } from '../frames.ts';
import { Dice } from './dice.ts';
import type { Part, Talk } from './suricata.ts';

const text = (value: string): Uint8Array => Buffer.from(value, 'latin1');
const option = (code: number, ...value: readonly Uint8Array[]): Uint8Array => {
  const content = bytesOf(...value);
  return bytesOf(Uint8Array.of(code, content.length), content);
};

function options(dice: Dice): Uint8Array {
  const made = [
    option(53, Uint8Array.of(dice.pick([1, 2, 3, 5, 5, 5, 5, 6]))),
    ...(dice.happens(0.6) ? [option(51, n32(dice.pick([60, 3600, 86_400])))] : []),
    ...(dice.happens(0.4) ? [option(58, n32(dice.pick([30, 1800])))] : []),
    ...(dice.happens(0.4) ? [option(59, n32(dice.pick([50, 3150])))] : []),
    ...(dice.happens(0.5) ? [option(12, text(dice.pick(['meter-7', 'caf\xc3\xa9', 'bad\xff', ''])))] : []),
    ...(dice.happens(0.3) ? [option(61, Uint8Array.of(1, 2, 3, 4, 5, 6, 7))] : []),
    ...(dice.happens(0.05) ? [option(61)] : []),
    ...(dice.happens(0.3) ? [option(55, Uint8Array.of(1, 3, 6, 15))] : []),
    ...(dice.happens(0.2) ? [option(1, Uint8Array.of(255, 255, 255, 0)), option(3, Uint8Array.of(10, 0, 0, 1))] : []),
    ...(dice.happens(0.1) ? [option(51, Uint8Array.of(1, 2))] : []),
    ...(dice.happens(0.2) ? [Uint8Array.of(0, 0)] : []),
  ];
  const end = dice.happens(0.85) ? Uint8Array.of(255, 0, 0) : new Uint8Array(0);
  return bytesOf(...made, end);
}

/** `isLast`: nothing of it is asked, so that rules have seen all before it in both directions. */
function message(dice: Dice, isLast = false): Uint8Array {
  const op = dice.pick([1, 2, 2, 2]);
  const hardware = dice.pick([6, 6, 6, 6, 0, 15, 16]);
  return bytesOf(
    Uint8Array.of(op, 1, hardware, 0),
    n32(dice.below(2 ** 32)),
    n16(dice.below(10)),
    n16(0),
    Uint8Array.of(0, 0, 0, 0, 10, 0, 1, dice.below(256), 10, 0, 0, 1, 0, 0, 0, 0),
    Uint8Array.from({ length: 16 }, (_, i) => (i < 6 ? dice.below(256) : 0)),
    new Uint8Array(192),
    dice.happens(0.95) ? Uint8Array.of(0x63, 0x82, 0x53, 0x63) : n32(7),
    isLast ? Uint8Array.of(53, 1, 1, 255) : options(dice),
  );
}

export const DHCP_RULES: readonly string[] = [
  'dhcp.leasetime:3600;',
  'dhcp.leasetime:>100;',
  'dhcp.renewal_time:<100;',
  'dhcp.renewal_time:1800;',
  'dhcp.rebinding_time:50;',
  'dhcp.rebinding_time:>60;',
];

export function dhcpTalk(dice: Dice): Talk {
  const parts = Array.from({ length: 1 + dice.below(3) }, (_, i): Part => {
    const right = message(dice);
    return [(i & 1) as 0 | 1, i > 0 ? dice.spoil(right, 0.1) : right];
  });
  const last = ([0, 1] as const).map((way): Part => [way, message(new Dice(1), true)]);
  return { transport: 'udp', serverPort: 67, parts: [...parts, ...last] };
}
