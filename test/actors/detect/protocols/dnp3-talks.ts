/** Generated DNP3: fragments of either side in one segment or several, with objects of every kind, right and wrong. */
import { crcOf } from '../../../../actors/detect/protocols/dnp3/dnp3-frame.ts';
import { OBJECTS } from '../../../../actors/detect/protocols/dnp3/dnp3-objects.ts';
import { bytesOf } from '../frames.ts';
import type { Dice } from './dice.ts';
import type { Part, Talk } from './suricata.ts';

const NOTHING = new Uint8Array(0);
const FIRST = 0x40;
const FINAL = 0x80;
const BLOCK = 16;

const le = (value: number, size: number): Uint8Array =>
  Uint8Array.from({ length: size }, (_, at) => Math.floor(value / 256 ** at) & 255);
const some = (dice: Dice, count: number): Uint8Array => Uint8Array.from({ length: count }, () => dice.below(256));

interface Link {
  readonly control: number;
  readonly destination: number;
  readonly source: number;
}

const checked = (bytes: Uint8Array): Uint8Array => bytesOf(bytes, le(crcOf(bytes, 0, bytes.length), 2));

/** A frame around at most 250 bytes. */
export function dnp3Frame(
  { control, destination, source }: Link,
  data: Uint8Array,
  length = 5 + data.length,
): Uint8Array {
  const header = checked(bytesOf(5, 0x64, length, control, le(destination, 2), le(source, 2)));
  const blocks = Array.from({ length: Math.ceil(data.length / BLOCK) }, (_, at) =>
    checked(data.subarray(at * BLOCK, (at + 1) * BLOCK)),
  );
  return bytesOf(header, ...blocks);
}

/** A fragment in segments of at most `most` bytes. */
export function dnp3Segments(link: Link, sequence: number, fragment: Uint8Array, most = 249): Uint8Array[] {
  const count = Math.max(1, Math.ceil(fragment.length / most));
  return Array.from({ length: count }, (_, at) => {
    const flags = (at === 0 ? FIRST : 0) | (at === count - 1 ? FINAL : 0);
    const piece = fragment.subarray(at * most, (at + 1) * most);
    return dnp3Frame(link, bytesOf(flags | ((sequence + at) % 64), piece));
  });
}

const FIXED = /:[if]?(\d)|#(\d)|\([^)]*\)/g;

/** A point as the description says it, and sometimes not. */
function point(dice: Dice, text: string): Uint8Array {
  const sizes = new Map<string, number>();
  const parts = (text.match(/\([^)]*\)|\S+/g) ?? []).map((part): Uint8Array => {
    const [, name, sign, rest] = /^([^:=@#(]+)([:=@#])(.+)$/.exec(part) ?? [];
    if (sign === '=' || sign === '@') {
      const length = rest!.startsWith('*') ? dice.below(5) : sizes.get(rest!)!;
      return Uint8Array.from({ length }, () => dice.pick([0x61, 0x62, 0x2f, 0x2e, 0xe9]));
    }
    const size = [...part.matchAll(FIXED)].reduce((sum, [, one, other]) => sum + Number(one ?? other ?? 1), 0);
    const isLength = sign === ':' && new RegExp(`[=@]${name}\\b`).test(text);
    const value = dice.happens(0.05) ? 300 : dice.below(6);
    if (isLength) sizes.set(name!, value);
    return isLength ? le(value, size) : some(dice, size);
  });
  return bytesOf(...parts);
}

const RANGES = [0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 6, 7, 7, 8, 8, 9, 11, 10, 12];
const GROUPS = Object.keys(OBJECTS).map(Number);

function headOf(dice: Dice, range: number, count: number): Uint8Array {
  const start = dice.pick([0, 1, 7, 250]);
  switch (range) {
    case 0:
    case 3:
      return bytesOf(le(start % 200, 1), le((start % 200) + count - 1, 1));
    case 1:
    case 4:
      return bytesOf(le(start, 2), le(start + count - 1, 2));
    case 2:
    case 5:
      return bytesOf(le(start, 4), le(start + count - 1, 4));
    case 7:
    case 11:
      return le(count, 1);
    case 8:
      return le(count, 2);
    case 9:
      return le(count, 4);
    default:
      return NOTHING;
  }
}

function object(dice: Dice): Uint8Array {
  const group = dice.happens(0.04) ? dice.pick([0, 5, 60, 90, 110]) : dice.pick([...GROUPS, 1, 12, 30, 2, 60]);
  const rows = OBJECTS[group] ?? [];
  const variation = dice.happens(0.12) ? dice.pick([0, 0, 99]) : 1 + dice.below(Math.max(1, rows.length));
  const text = rows[variation - 1] ?? '';
  const isSized = text.startsWith('sized') || text.includes('@*');
  const prefix = isSized && dice.happens(0.9) ? dice.pick([5, 5, 5, 4, 6]) : dice.pick([0, 0, 0, 0, 1, 2, 3, 4, 5, 7]);
  const range = dice.happens(0.1) ? dice.pick(RANGES) : isSized ? 11 : dice.pick(RANGES.slice(0, -2));
  const count = range === 6 ? 0 : dice.pick([1, 1, 1, 2, 3, 8, 9, 17, 0]);
  const head = bytesOf(group, variation, (prefix << 4) | range, headOf(dice, range, count));
  if (text === '' || variation === 0) return bytesOf(head, dice.happens(0.1) ? some(dice, 3) : NOTHING);
  const prefixBytes = [0, 1, 2, 4, 1, 2, 4, 0][prefix]!;
  if (text.startsWith('packed')) {
    const bytes = Math.floor(count / 8) + 1;
    return bytesOf(head, ...(count > 0 ? [le(dice.below(9), prefixBytes), some(dice, bytes)] : []));
  }
  const points = Array.from({ length: count }, () => {
    const bytes = point(dice, text.replace(/^sized2? /, ''));
    const said = prefix > 3 ? bytes.length + (dice.happens(0.04) ? dice.pick([-1, 1, 200]) : 0) : dice.below(250);
    return bytesOf(le(Math.max(0, said), prefixBytes), bytes);
  });
  return bytesOf(head, ...points);
}

const REQUESTS = [0, 1, 1, 1, 2, 3, 4, 5, 13, 14, 18, 20, 21, 22, 25, 27, 33, 77];
const RESPONSES = [129, 129, 129, 129, 130, 130, 131, 1];
const INDICATIONS = [0, 0, 0x8000, 0x0200, 0x9000, 0x0001, 0x0010, 0x0006];

function fragment(dice: Dice, direction: 0 | 1): Uint8Array {
  const objects = bytesOf(...Array.from({ length: dice.pick([0, 1, 1, 1, 2, 3]) }, () => object(dice)));
  const function_ = dice.pick(direction === 0 ? REQUESTS : RESPONSES);
  const indications = dice.pick(INDICATIONS);
  const head = bytesOf(
    dice.pick([0xc0, 0xc1, 0xe3, 0xf5, 0x40]) | dice.below(16),
    function_,
    direction === 0 ? NOTHING : Uint8Array.of(indications >> 8, indications & 255),
  );
  const all = bytesOf(head, objects);
  return dice.happens(0.05) ? all.subarray(0, head.length + dice.below(objects.length + 1)) : all;
}

const linkOf = (dice: Dice, direction: 0 | 1): Link => {
  const [destination, source] = direction === 0 ? [1, 2] : [2, 1];
  const control = dice.pick([0x44, 0x44, 0x44, 0x73, 0x53]) | (direction === 0 ? 0x80 : 0);
  return { control, destination: destination!, source: dice.happens(0.05) ? 9 : source! };
};

/** What carries nothing, or is no frame. */
function oddFrame(dice: Dice, direction: 0 | 1): Uint8Array {
  const link = linkOf(dice, direction);
  const data = bytesOf(FIRST | FINAL, fragment(dice, direction));
  return dice.pick([
    () => dnp3Frame({ ...link, control: (link.control & 0xf0) | dice.pick([0, 9, 11]) }, NOTHING),
    () => dnp3Frame(link, NOTHING),
    () => dnp3Frame(link, data.subarray(0, 1 + dice.below(4))),
    () => dnp3Frame(link, NOTHING, dice.below(5)),
    () => dice.spoil(dnp3Frame(link, data.subarray(0, 250)), 1),
    () => {
      const frame = dnp3Frame(link, data.subarray(0, 250));
      frame[frame.length - 1]! ^= 1;
      return frame;
    },
  ])();
}

function framesOf(dice: Dice, direction: 0 | 1, sequence: number): Uint8Array[] {
  if (dice.happens(0.06)) return [oddFrame(dice, direction)];
  const bytes = fragment(dice, direction);
  const most = dice.happens(0.3) ? dice.pick([5, 8, 15, 16, 40]) : 249;
  const frames = dnp3Segments(linkOf(dice, direction), sequence, bytes, most);
  if (frames.length > 1 && dice.happens(0.15)) frames.splice(dice.below(frames.length), 1);
  return frames;
}

export function dnp3Talk(dice: Dice): Talk {
  // Both sides begin plainly, so that they are recognised.
  const poll = dnp3Frame({ control: 0xc4, destination: 1, source: 2 }, Uint8Array.of(0xc0, 0xc0, 1, 60, 2, 6));
  const answer = dnp3Frame({ control: 0x44, destination: 2, source: 1 }, Uint8Array.of(0xc0, 0xc0, 129, 0x80, 0));
  const parts: Part[] = [
    [0, poll],
    [1, answer],
  ];
  for (let left = 1 + dice.below(4); left > 0; left -= 1) {
    const sequence = dice.below(64);
    const asks = framesOf(dice, 0, sequence).map((bytes): Part => [0, bytes]);
    const answers = framesOf(dice, 1, sequence).map((bytes): Part => [1, bytes]);
    parts.push(...dice.pick([asks, answers, [...asks, ...answers], [...asks, ...answers], [...asks, ...answers]]));
  }
  return { transport: 'tcp', serverPort: 20_000, parts: parts.flatMap((part) => cut(dice, part)) };
}

function cut(dice: Dice, [way, bytes]: Part): Part[] {
  if (!dice.happens(0.2) || bytes.length < 2) return [[way, bytes]];
  const at = 1 + dice.below(bytes.length - 1);
  return [
    [way, bytes.slice(0, at)],
    [way, bytes.slice(at)],
  ];
}

export const DNP3_RULES = [
  'dnp3_func:read;',
  'dnp3_func:2;',
  'dnp3_func:response;',
  'dnp3.func:unsolicited_response;',
  'dnp3_func:COLD_RESTART;',
  'dnp3_ind:device_restart;',
  'dnp3_ind:class_1_events, need_time;',
  'dnp3_ind:0x9002;',
  'dnp3_ind:already_executing;',
  'dnp3_ind:no_func_code_support,object_unknown;',
  'dnp3_obj:60,2;',
  'dnp3_obj:12,1;',
  'dnp3_obj:0x1e, 3;',
  'dnp3.obj:1,0;',
  'dnp3_obj:60,2; dnp3_func:1;',
  'dnp3.data; content:"|01 3c 02 06|"; endswith;',
  'dnp3_data; content:"|81 80 00|";',
  'dnp3.data; content:"|0c|"; dnp3_func:5;',
];
