/** Keywords about how old a flow is, how much went through it, what it speaks, and about its address family. */
import type { Draft } from '../draft.ts';
import { boundedTest, numberTest, printTest } from '../numbers.ts';
import { isApplication, isUnreadApplication } from '../protocols.ts';
import { shown, unsupported, wrong } from '../rule-mistake.ts';
import { condition } from './condition-row.ts';
import { compared, fields, type Reader, words } from './readers.ts';
import type { KeywordRow } from './row.ts';

const U32 = 0xffff_ffff;

const SIDES = ['client', 'server', 'both', 'either'];
const streamSize: Reader = (keyword, text) => {
  const [, side, operator, value] = /^ *(\w+) *, *([<>=!]+) *, *(\d+) *$/.exec(text) ?? [];
  if (side === undefined || !SIDES.includes(side))
    return wrong(keyword, `"${shown(text)}" is not a side, a comparison and a number`);
  const test = numberTest(keyword, `${operator}${value}`, U32);
  return fields({ side, test: printTest(test) });
};

const WAYS = ['toserver', 'toclient', 'both', 'either'];
/** As Suricata 8 writes them: `toserver,>3`. */
const amount: Reader = (keyword, text) => {
  const [, way, test] = /^\s*(\w+)\s*,\s*(.+)$/.exec(text) ?? [];
  if (way === undefined || !WAYS.includes(way)) return wrong(keyword, `"${shown(text)}" is not a way and a number`);
  return fields({ way, test: printTest(boundedTest(keyword, test!, U32)) });
};
const ofWay = (keyword: string, way: string): KeywordRow => ({
  name: `${keyword}_${way}`,
  since: 8,
  subject: 'flow',
  value: 'needed',
  read: (draft, { text }) => draft.condition({ keyword, value: amount(`${keyword}_${way}`, `${way},${text}`) }),
});

const BIT_ACTIONS = ['set', 'unset', 'toggle', 'isset', 'isnotset'];
/** A bit without an end of its own is forgotten after five minutes. */
const HOST_BIT_SECONDS = 300;
function hostbits(draft: Draft, text: string): void {
  const [, action, name, side] = /^([a-z]+)(?:\s*,\s*([^\s,]+))?(?:\s*,\s*([^,\s]+))?\s*$/.exec(text) ?? [];
  if (action === 'noalert' && name === undefined) {
    draft.condition({ keyword: 'noalert', value: { type: 'none' } });
    return;
  }
  if (!BIT_ACTIONS.includes(action ?? '') || name === undefined)
    wrong('hostbits', `"${shown(text)}" is not an action and a name`);
  if (side !== undefined && side !== 'src' && side !== 'dst') wrong('hostbits', 'it is about src or dst');
  const track = side === 'dst' ? 'ip_dst' : 'ip_src';
  draft.condition({ keyword: 'hostbits', value: fields({ action: action!, name, track, expire: HOST_BIT_SECONDS }) });
}

const FAMILIES: Readonly<Record<string, 4 | 6>> = { ipv4: 4, ip4: 4, ipv6: 6, ip6: 6 };

const MODES = ['direction', 'to_server', 'to_client', 'either', 'final', 'original'];
const PROTOCOLS_MAX = 16;
/** Protocols of which one is spoken, or with `!` none; where it is looked for, the packet's own direction if nothing says it. */
const applicationProtocol: Reader = (keyword, text) => {
  const parts = text
    .replace(/^!\s*/, '')
    .split(',')
    .map((part) => part.trim());
  const isNegated = text.startsWith('!');
  const mode = parts.length > 1 && MODES.includes(parts.at(-1)!) ? parts.pop()! : 'direction';
  if (parts.length > PROTOCOLS_MAX) wrong(keyword, `it has more than ${PROTOCOLS_MAX} protocols`);
  for (const name of parts) {
    if (isUnreadApplication(name)) unsupported(keyword, `the protocol ${name}, which is not recognised here`);
    if (name === 'unknown' && isNegated) wrong(keyword, 'what is not known cannot be excluded');
    if (name !== 'failed' && name !== 'unknown' && !isApplication(name))
      wrong(keyword, `the protocol "${shown(name)}" does not exist`);
  }
  return fields({ names: parts.join(' '), isNegated: isNegated ? 1 : 0, mode });
};

export const FLOW_FACTS: readonly KeywordRow[] = [
  condition('flow', 'flow.age', compared(U32)),
  condition('flow', 'flow.pkts', amount, { since: 8 }),
  condition('flow', 'flow.bytes', amount, { since: 8 }),
  ...['flow.pkts', 'flow.bytes'].flatMap((keyword) => [ofWay(keyword, 'toserver'), ofWay(keyword, 'toclient')]),
  condition('flow', 'stream_size', streamSize),
  {
    name: 'app-layer-protocol',
    subject: 'flow',
    value: 'needed',
    quotes: 'optional',
    read: (draft, { text }) => {
      const value = applicationProtocol('app-layer-protocol', text);
      const { isNegated, mode, names } = value.type === 'fields' ? value.fields : {};
      const others = draft.conditions.flatMap((one) =>
        one.keyword === 'app-layer-protocol' && one.value.type === 'fields' ? [one.value.fields] : [],
      );
      // Two that exclude, or ask in different places, go together, where they are not the same.
      const isTaken = others.some(
        (one) => one.mode === mode && (one.names === names || !(one.isNegated === 1 && isNegated === 1)),
      );
      if (draft.hasApplication || isTaken) wrong('app-layer-protocol', 'the protocol is known already');
      draft.condition({ keyword: 'app-layer-protocol', value });
    },
  },
  {
    name: 'hostbits',
    subject: 'flow',
    value: 'needed',
    read: (draft, { text }) => hostbits(draft, text),
  },
  {
    name: 'l3_proto',
    subject: 'flow',
    value: 'needed',
    read: (draft, { text }) => {
      const family = FAMILIES[text.toLowerCase()];
      if (family === undefined) return wrong('l3_proto', `"${shown(text)}" is neither ipv4 nor ipv6`);
      if (draft.family === 6) wrong('l3_proto', 'the rule is about IPv6 already');
      draft.family = family;
      draft.condition({ keyword: 'l3_proto', value: words(`ipv${family}`) });
    },
  },
];
