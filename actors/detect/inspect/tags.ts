/**
 * The keyword tag: packets that follow an alert in its flow, or from and to its host, are told of until so many have
 * come, or bytes, or seconds. Those of flows are the flows' own; those of hosts are bounded.
 */
import type { Packet } from '../packet/index.ts';
import { packed } from '../rules/packed.ts';
import type { Condition, Rule } from '../rules/rule.ts';
import { destinationKey, sourceKey } from './address-key.ts';
import { fieldsOf } from './condition-values.ts';
import { KeptMap } from './kept-map.ts';

/** Of a flow or host; beyond, another rule's tag is passed over. */
const TAGS_MAX = 50;
/** A rule that matches again lets its tag begin anew, so often. */
const MATCHES_MAX = 10;
/** Beyond, the host that was tagged first is forgotten. */
const HOSTS_MAX = 65_536;

export interface TagTerm {
  readonly isOfHost: boolean;
  readonly isOfSource: boolean;
  readonly count: number;
  readonly metric: string;
}

/** What a rule tags. */
export const tagsOf = ({ conditions }: Rule): readonly TagTerm[] =>
  packed(
    conditions.filter(isTag).map((condition) => {
      const { of, side, count, metric } = fieldsOf(condition);
      return { isOfHost: of === 'host', isOfSource: side === 'src', count: Number(count), metric: String(metric) };
    }),
  );

const isTag = ({ keyword }: Condition): boolean => keyword === 'tag';

interface Tag {
  readonly gid: number;
  readonly sid: number;
  readonly count: number;
  readonly metric: string;
  packets: number;
  bytes: number;
  firstUs: number;
  matches: number;
  /** The packet with the alert is not told of again. */
  isNew: boolean;
}

const METRICS: readonly string[] = ['packets', 'bytes', 'seconds'];
type Numbers = [number, number, number, number, number, number, number, number, number];
const NUMBERS_A_TAG = 9;

/** Of one flow or host. */
export class Tags {
  #tags: Tag[] = [];

  /** What `numbers` gave. */
  static of(numbers: readonly number[]): Tags {
    const tags = new Tags();
    for (let at = 0; at + NUMBERS_A_TAG <= numbers.length; at += NUMBERS_A_TAG) {
      const [gid, sid, count, metric, packets, bytes, firstUs, matches, isNew] = numbers.slice(at) as Numbers;
      const sums = { packets, bytes, firstUs, matches, isNew: isNew === 1 };
      tags.#tags.push({ gid, sid, count, metric: METRICS[metric] ?? 'packets', ...sums });
    }
    return tags;
  }

  get isEmpty(): boolean {
    return this.#tags.length === 0;
  }

  /** All that is known, to be kept. */
  get numbers(): readonly number[] {
    return this.#tags.flatMap(
      ({ gid, sid, count, metric, packets, bytes, firstUs, matches, isNew }): Numbers => [
        ...([gid, sid, count, METRICS.indexOf(metric)] as const),
        ...([packets, bytes, firstUs, matches, isNew ? 1 : 0] as const),
      ],
    );
  }

  add({ gid, sid }: Rule, { count, metric }: TagTerm, timeUs: number): void {
    const known = this.#tags.find((tag) => tag.sid === sid && tag.gid === gid);
    if (known === undefined) {
      if (this.#tags.length < TAGS_MAX)
        this.#tags.unshift({ gid, sid, count, metric, packets: 0, bytes: 0, firstUs: timeUs, matches: 0, isNew: true });
      return;
    }
    known.matches += 1;
    if (known.matches >= MATCHES_MAX) return;
    known.packets = 0;
    known.bytes = 0;
    known.firstUs = timeUs;
  }

  /** Counts the packet; whether it is to be told of. */
  see({ start, end, frameBytes, timeUs }: Packet): boolean {
    let isTold = false;
    this.#tags = this.#tags.filter((tag) => {
      tag.packets += 1;
      tag.bytes += end - start + frameBytes;
      if (isOver(tag, timeUs)) return false;
      if (!tag.isNew) isTold = true;
      tag.isNew = false;
      return true;
    });
    return isTold;
  }
}

function isOver({ metric, count, packets, bytes, firstUs }: Tag, timeUs: number): boolean {
  if (metric === 'packets') return packets > count;
  if (metric === 'bytes') return bytes > count;
  return Math.floor(timeUs / 1e6) - Math.floor(firstUs / 1e6) > count;
}

/** A packet, and what is remembered of its flow. */
interface Seen {
  readonly packet: Packet;
  readonly memory: { tags: Tags | null } | null;
}

export class TaggedHosts {
  readonly #hosts = new KeptMap<Tags>();

  get kept(): KeptMap<Tags> {
    return this.#hosts;
  }

  /** A rule that tags has matched. */
  tag(rule: Rule, terms: readonly TagTerm[], { packet, memory }: Seen): void {
    for (const term of terms) {
      if (term.isOfHost)
        this.#of(term.isOfSource ? sourceKey(packet) : destinationKey(packet)).add(rule, term, packet.timeUs);
      else if (memory !== null) {
        memory.tags ??= new Tags();
        memory.tags.add(rule, term, packet.timeUs);
      }
    }
  }

  /** Whether the packet is to be told of. */
  see({ packet, memory }: Seen): boolean {
    if (packet.isPseudo || packet.ipVersion === 0) return false;
    let isTold = false;
    if (memory !== null && memory.tags !== null) {
      isTold = memory.tags.see(packet);
      if (memory.tags.isEmpty) memory.tags = null;
    }
    if (this.#hosts.size === 0) return isTold;
    for (const key of [sourceKey(packet), destinationKey(packet)]) {
      const tags = this.#hosts.get(key);
      if (tags === undefined) continue;
      if (tags.see(packet)) isTold = true;
      this.#hosts.touch(key);
      if (tags.isEmpty) this.#hosts.delete(key);
    }
    return isTold;
  }

  #of(key: string): Tags {
    let tags = this.#hosts.get(key);
    this.#hosts.touch(key);
    if (tags !== undefined) return tags;
    if (this.#hosts.size >= HOSTS_MAX) this.#hosts.delete(this.#hosts.keys().next().value!);
    tags = new Tags();
    this.#hosts.set(key, tags);
    return tags;
  }
}
