/** Generated SNMP: messages of the three versions, right and wrong; the first one is right, so that it is recognised. */
import { bytesOf } from '../frames.ts';
import type { Dice } from './dice.ts';
import type { Part, Talk } from './suricata.ts';

const text = (value: string): Uint8Array => Buffer.from(value, 'latin1');

function element(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = bytesOf(...parts);
  const { length } = content;
  const head =
    length < 0x80 ? [tag, length] : length < 0x100 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 255];
  return bytesOf(Uint8Array.from(head), content);
}
const whole = (value: number): Uint8Array =>
  element(
    2,
    Uint8Array.from(value < 0x80 ? [value] : value < 0x8000 ? [value >> 8, value & 255] : [0, value >> 8, value & 255]),
  );
const octets = (value: string): Uint8Array => element(4, text(value));
const IDENTIFIERS = ['2b06010201010100', '2b0601040181', '2b06010201020201088140', '2b06'];
const identifier = (dice: Dice): Uint8Array => element(6, Buffer.from(dice.pick(IDENTIFIERS), 'hex'));

const VALUES = [
  element(5),
  whole(7),
  octets('sensor'),
  element(0x41, Uint8Array.of(3)),
  element(0x40, Uint8Array.of(10, 0, 0, 1)),
];
const variables = (dice: Dice): Uint8Array =>
  element(0x30, ...Array.from({ length: dice.below(4) }, () => element(0x30, identifier(dice), dice.pick(VALUES))));

function pdu(dice: Dice, types: readonly number[]): Uint8Array {
  const type = dice.pick(types);
  if (type === 4)
    return element(
      0xa4,
      identifier(dice),
      element(0x40, Uint8Array.of(10, 1, 2, dice.below(256))),
      whole(dice.below(8)),
      whole(dice.below(300)),
      element(0x43, Uint8Array.of(1, 2)),
      variables(dice),
    );
  const error = dice.happens(0.2) ? dice.below(19) : 0;
  return element(0xa0 + type, whole(dice.below(70_000)), whole(error), whole(dice.below(4)), variables(dice));
}

const COMMUNITIES = ['public', 'private', '', 'caf\xc3\xa9', 'bad\xff', 'x'.repeat(140)];

function message(dice: Dice, isFirst: boolean): Uint8Array {
  const version = dice.pick([0, 0, 1, 1, 1, 3, 3, isFirst ? 0 : 2]);
  if (version !== 3)
    return element(
      0x30,
      whole(version),
      octets(dice.pick(COMMUNITIES)),
      pdu(dice, version === 0 ? [0, 1, 2, 3, 4] : [0, 1, 2, 3, 5, 6, 7, 8]),
    );
  const isEncrypted = dice.happens(0.4);
  const model = dice.pick([3, 3, 3, 2]);
  const usm = element(
    0x30,
    octets('engine'),
    whole(3),
    whole(200),
    octets(dice.pick(['admin', 'noc', ''])),
    octets(''),
    octets(''),
  );
  return element(
    0x30,
    whole(3),
    element(
      0x30,
      whole(dice.below(40_000)),
      whole(65_507),
      element(4, Uint8Array.of(isEncrypted ? 7 : 4)),
      whole(model),
    ),
    element(4, usm),
    isEncrypted
      ? octets('\x01\x02\x03\x04secret')
      : element(0x30, octets('engine'), octets(''), pdu(dice, [0, 1, 2, 3, 5, 8])),
  );
}

export const SNMP_RULES: readonly string[] = [
  'snmp.version:1;',
  'snmp.version:>1;',
  'snmp.version:3;',
  'snmp.community; content:"public";',
  'snmp.community; content:"private"; bsize:7;',
  'snmp.usm; content:"admin";',
  'snmp.pdu_type:0;',
  'snmp.pdu_type:2;',
  'snmp.pdu_type:4;',
  'snmp.pdu_type:5;',
];

export function snmpTalk(dice: Dice): Talk {
  const parts = Array.from({ length: 1 + dice.below(4) }, (_, i): Part => {
    const right = message(dice, i === 0);
    return [(i & 1) as 0 | 1, i > 0 && dice.happens(0.1) ? dice.spoil(right, 1) : right];
  });
  return { transport: 'udp', serverPort: dice.pick([161, 162]), parts };
}
