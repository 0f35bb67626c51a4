/** Keywords about a packet's headers. */
import type { Draft } from '../draft.ts';
import { boundedTest, type NumberTest, printTest, whole } from '../numbers.ts';
import { shown, wrong } from '../rule-mistake.ts';
import { condition } from './condition-row.ts';
import { compared, equals, equalsOrNot, fields, number, type Reader, simple, words } from './readers.ts';
import type { KeywordRow } from './row.ts';

const tcpFlags: Reader = (keyword, text) => {
  const match = /^([!+*]?)\s*([FSRPAUCE120]+)([!+*]?)\s*(?:,\s*([FSRPAUCE12]+))?$/.exec(text);
  if (match === null || (match[1] !== '' && match[3] !== ''))
    return wrong(keyword, `"${shown(text)}" are no TCP flags`);
  return fields({
    flags: match[2]!.toUpperCase(),
    how: match[1] || match[3]!,
    ignored: (match[4] ?? '').toUpperCase(),
  });
};

const fragBits: Reader = (keyword, text) => {
  // What follows them is passed over.
  const match = /^([!+*]?)\s*([MDR]+)/.exec(text);
  if (match === null) return wrong(keyword, `"${shown(text)}" are no fragmentation bits`);
  return fields({ bits: match[2]!, how: match[1]! });
};

const IP_OPTIONS = ['rr', 'lsrr', 'eol', 'nop', 'ts', 'sec', 'esec', 'ssrr', 'satid', 'any'];
const ipOptions: Reader = (keyword, text) => {
  if (!IP_OPTIONS.includes(text.toLowerCase())) return wrong(keyword, `the IP option "${shown(text)}" is not known`);
  return words(text.toLowerCase());
};

const PROTOCOLS: Readonly<Record<string, number>> = {
  icmp: 1,
  igmp: 2,
  tcp: 6,
  udp: 17,
  gre: 47,
  esp: 50,
  ah: 51,
  icmpv6: 58,
  sctp: 132,
};
const ipProtocol: Reader = (keyword, text) => {
  const match = /^([!<>]?)\s*([\w-]+)$/.exec(text);
  if (match === null) return wrong(keyword, `"${shown(text)}" is no protocol`);
  const named = PROTOCOLS[match[2]!.toLowerCase()];
  const value = named ?? whole(keyword, match[2]!, 0, 255);
  const is = ({ '!': 'unequal', '<': 'less', '>': 'more' } as const)[match[1]!] ?? 'equal';
  return number({ is, value, high: null });
};

/** Several of them: as many that exclude as there are, one range, or one number alone. */
function goesWith({ conditions }: Draft, test: NumberTest): void {
  const before = conditions.flatMap(({ keyword, value }) =>
    keyword === 'ip_proto' && value.type === 'number' ? [value.test] : [],
  );
  const has = (is: NumberTest['is']): NumberTest | undefined => before.find((one) => one.is === is);
  const other = test.is === 'less' ? has('more') : test.is === 'more' ? has('less') : undefined;
  const isEmpty = other !== undefined && (test.is === 'less' ? test.value <= other.value : other.value <= test.value);
  if ((test.is === 'equal' && before.length > 0) || has('equal') !== undefined || isEmpty)
    wrong('ip_proto', 'it contradicts one before it');
  if (test.is !== 'unequal' && has(test.is) !== undefined) wrong('ip_proto', 'it is there twice');
}

const VLAN_ID_MAX = 4095;
/** The tag of one layer, counted from the outermost or, below zero, from the innermost; or of any or all of them. */
const vlanId: Reader = (keyword, text) => {
  const [, id, layer = 'any'] = /^([^,]+?)\s*(?:,\s*(any|all|-?[0-2]|-3))?$/.exec(text) ?? [];
  if (id === undefined) return wrong(keyword, `"${shown(text)}" is not a VLAN and a layer`);
  return fields({ test: printTest(boundedTest(keyword, id, VLAN_ID_MAX)), layer });
};

const U32 = 0xffff_ffff;
/** A program, perhaps its version and its procedure; -1: any. */
const rpcCall: Reader = (keyword, text) => {
  const [, program, version = '*', procedure = '*'] =
    /^\s*(\d{1,10})\s*(?:,\s*(\d{1,10}|\*)\s*(?:,\s*(\d{1,10}|\*))?)?\s*$/.exec(text) ?? [];
  if (program === undefined) return wrong(keyword, `"${shown(text)}" is not a program, a version and a procedure`);
  const part = (digits: string): number => (digits === '*' ? -1 : whole(keyword, digits, 0, U32));
  return fields({ program: part(program), version: part(version), procedure: part(procedure) });
};

export const PACKETS: readonly KeywordRow[] = [
  condition('packet', 'ttl', compared(255)),
  // Suricata's example for programmers asks the same.
  condition('packet', 'template2', compared(255)),
  condition('packet', 'tos', (keyword, text) => {
    const match = /^(!?)\s*(?:x([0-9a-fA-F]{1,2})|(\d{1,3}))$/.exec(text);
    if (match === null || Number(match[3] ?? 0) > 255) return wrong(keyword, `"${shown(text)}" is no type of service`);
    const value = match[2] === undefined ? Number(match[3]) : Number.parseInt(match[2], 16);
    return number({ is: match[1] === '!' ? 'unequal' : 'equal', value, high: null });
  }),
  condition('packet', 'id', equals(65_535)),
  {
    name: 'ip_proto',
    subject: 'packet',
    value: 'needed',
    quotes: 'optional',
    read: (draft, { text }) => {
      const value = ipProtocol('ip_proto', text);
      if (value.type === 'number') goesWith(draft, value.test);
      if (draft.namesFamily) draft.replacesProtocol = true;
      if ((draft.namesFamily || draft.family !== null) && draft.has('ip_proto')) draft.hasNoProtocol = true;
      draft.condition({ keyword: 'ip_proto', value });
    },
  },
  condition('packet', 'ipopts', ipOptions),
  condition('packet', 'fragbits', fragBits),
  condition('packet', 'fragoffset', simple(65_535)),
  condition('packet', 'sameip', () => ({ type: 'none' }), { value: 'none' }),
  condition('packet', 'itype', compared(255)),
  condition('packet', 'icode', compared(255)),
  condition('packet', 'icmp_id', equals(65_535)),
  condition('packet', 'icmp_seq', equals(65_535)),
  condition('packet', 'tcp.flags', tcpFlags, { aliases: ['flags'] }),
  condition('packet', 'tcp.seq', equals(0xffff_ffff), { aliases: ['seq'] }),
  condition('packet', 'tcp.ack', equals(0xffff_ffff), { aliases: ['ack'] }),
  condition('packet', 'tcp.window', equalsOrNot(65_535), { aliases: ['window'] }),
  condition('packet', 'tcp.mss', compared(65_535)),
  condition('packet', 'tcp.wscale', compared(255), { since: 8 }),
  {
    name: 'icmpv6.mtu',
    subject: 'packet',
    value: 'needed',
    read: (draft, { text }) => {
      draft.namesFamily = true;
      draft.condition({ keyword: 'icmpv6.mtu', value: compared(0xffff_ffff)('icmpv6.mtu', text) });
    },
  },
  condition('packet', 'vlan.id', vlanId, { since: 8 }),
  condition('packet', 'vlan.layers', compared(255), { since: 8 }),
  condition('packet', 'rpc', rpcCall),
  {
    name: 'dsize',
    subject: 'packet',
    value: 'needed',
    read: (draft, { text }) => {
      if (draft.has('dsize')) wrong('dsize', 'it is there twice');
      draft.condition({ keyword: 'dsize', value: compared(65_535)('dsize', text) });
    },
  },
];
