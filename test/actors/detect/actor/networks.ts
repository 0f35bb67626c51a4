/** Networks for tests: generated conversations at several places of capture, mixed, with pauses, in batches; and what one sensor makes of each. */

import { FLOW_COST_BYTES } from '../../../../actors/detect/flow/index.ts';
import {
  type BundleSource,
  CapturedPacket,
  type EveLine,
  type EveRecord,
  RuleShop,
  RulesInForce,
  readRules,
  SENSOR_DEFAULTS,
  Sensor,
  type SensorOptions,
  variables,
} from '../../../../actors/detect/index.ts';
import { type Random, randomBelow } from '../../../../engine/base/index.ts';
import { decodeRulesWord, isRulesWord, PacketBatchView, PacketBatchWriter } from '../../../../schemas/network/index.ts';
import { type Case, makeCase, SIDS_A_CASE } from '../differential/case.ts';

export const START_US = 1_790_000_000_000_000;
const LINK_ETHERNET = 1;

export interface Told {
  readonly alerts: readonly EveRecord[];
  readonly events: readonly EveRecord[];
  readonly verdicts: readonly EveRecord[];
}

/** Rules that remember, most of them beyond a flow, for all places. */
const COMMON_RULES = [
  'alert udp any any -> any any (msg:"many"; threshold:type both, track by_src, count 3, seconds 30; sid:900001;)',
  'alert tcp any any -> any any (flags:S; flowbits:set,begun; flowbits:noalert; sid:900002;)',
  'alert tcp any any -> any any (flowbits:isset,begun; flags:F+; sid:900003;)',
  'alert ip any any -> any any (msg:"limit"; ttl:>0; threshold:type limit, track by_src, count 1, seconds 3600; sid:900004;)',
  'alert udp any any -> any any (msg:"sets"; dsize:>0; xbits:set,seen,track ip_src,expire 300; noalert; sid:900005;)',
  'alert udp any any -> any any (msg:"isset"; dsize:>0; xbits:isset,seen,track ip_dst; sid:900006;)',
  'alert tcp any any -> any any (msg:"limit of streams"; pcre:"/[a-z]{3}/"; threshold:type limit, track by_src, count 1, seconds 3600; sid:900010;)',
  'alert tcp any any -> any any (msg:"captures"; pcre:"/(?P<flow_word>[a-z]{3})/"; sid:900008;)',
  'alert tcp any any -> any any (msg:"remembers"; flowvar:word,"e"; flags:F+; sid:900009;)',
  'alert udp any any -> any any (msg:"tags"; dsize:>40; tag:host,12,packets,src; sid:900011;)',
  'alert tcp any any -> any any (msg:"tags for long"; flags:S; tag:host,4000,bytes,dst; tag:host,900,seconds,src; sid:900012;)',
  'drop udp any any -> any any (msg:"filter"; dsize:>0; detection_filter:track by_src, count 6, seconds 60; sid:900007;)',
  'alert udp any any -> any any (msg:"put in"; ip.src; dataset:set,sources,type ipv4; sid:900015;)',
  'alert udp any any -> any any (msg:"known"; ip.dst; dataset:isset,sources; dsize:>0; sid:900016;)',
  'alert tcp any any -> any any (msg:"taken out"; ip.src; dataset:unset,sources; flags:F+; sid:900013;)',
  'alert http any any -> any any (msg:"put in"; http.uri; dataset:set,addresses,type string,memcap 262400; sid:900014;)',
];

/** One place's packets, in the order in which they are captured. */
export class Network {
  readonly name: string;
  readonly rules: readonly string[];
  readonly #session: { readonly high: number; readonly low: number };
  readonly #random: Random;
  readonly #cases: { readonly frames: readonly Uint8Array[]; at: number }[];
  #timeUs = START_US;
  #sequence = 0;
  #dropped = 0;

  constructor(name: string, seed: number, slot: number, cases: number, random: Random) {
    this.name = name;
    this.#random = random;
    this.#session = { high: random.u32(), low: random.u32() };
    const made: Case[] = Array.from({ length: cases }, (_, i) => makeCase(seed * 1000 + slot + i, slot + i));
    this.rules = made.flatMap(({ rules }) => rules);
    this.#cases = made.map(({ frames }) => ({ frames, at: 0 }));
  }

  get isOver(): boolean {
    return this.#cases.every(({ frames, at }) => at === frames.length);
  }

  /** The next packets; none after a long silence. */
  batch(): Uint8Array {
    const random = this.#random;
    const writer = new PacketBatchWriter(this.#session);
    const isSilent = randomBelow(random, 8) === 0;
    // Packets swap their places, and now and then a clock is set back.
    if (randomBelow(random, 6) === 0) this.#timeUs -= randomBelow(random, 20_000_000);
    if (randomBelow(random, 40) === 0) this.#timeUs -= 3_600_000_000;
    this.#timeUs += isSilent ? randomBelow(random, 90_000_000) : randomBelow(random, 200_000);
    for (let i = 1 + randomBelow(random, 12); i > 0 && !isSilent; i--) {
      const open = this.#cases.filter(({ frames, at }) => at < frames.length).slice(0, 4);
      if (open.length === 0) break;
      const one = open[randomBelow(random, open.length)]!;
      const frame = one.frames[one.at++]!;
      this.#timeUs += randomBelow(random, 30_000);
      writer.add(frame, 0, frame.length, frame.length, LINK_ETHERNET, this.#timeUs);
    }
    this.#sequence += 1;
    if (randomBelow(random, 20) === 0) this.#dropped += 1;
    return writer.finish(this.#sequence, this.#dropped, this.#timeUs);
  }
}

export function networks(seed: number, random: Random, count: number, casesEach: number): Network[] {
  return Array.from({ length: count }, (_, i) => new Network(`tap-${i}`, seed, i * casesEach, casesEach, random));
}

export function rulesOf(all: readonly Network[]): ReturnType<typeof readRules>['accepted'] {
  const text = [...COMMON_RULES, ...all.flatMap(({ rules }) => rules)].join('\n');
  const { accepted, refused } = readRules([{ name: 'trial.rules', text }], variables());
  const wrong = refused.filter(({ line }) => line <= COMMON_RULES.length);
  if (wrong.length > 0) throw new Error(JSON.stringify(wrong));
  return accepted;
}

export const OPTIONS: SensorOptions = SENSOR_DEFAULTS;

/** A table of so few flows that some have to give way. */
export const CROWDED: SensorOptions = {
  ...OPTIONS,
  traffic: { ...OPTIONS.traffic, flow: { ...OPTIONS.traffic.flow, memoryBytes: 3 * FLOW_COST_BYTES } },
};
export { SIDS_A_CASE };

const NO_BUNDLES: BundleSource = { read: () => null };

/**
 * What one sensor that is never disturbed tells of the batches of one place, and of the words that stand between them. A batch
 * that comes again is left out.
 */
export function undisturbed(
  rules: ReturnType<typeof rulesOf>,
  batches: readonly Uint8Array[],
  options = OPTIONS,
  bundles = NO_BUNDLES,
): Told {
  const told = { alerts: [] as EveRecord[], events: [] as EveRecord[], verdicts: [] as EveRecord[] };
  const force = new RulesInForce(new RuleShop(bundles, rules, { ...options.inspect, protocols: options.protocols }));
  const tell = (line: EveLine): void => {
    (line.type === 'alert' ? told.alerts : told.events).push(line.record());
  };
  const begin = () => new Sensor(force.rules, options, tell, null, (line) => void told.verdicts.push(line.record()));
  let sensor = begin();
  let nowUs = 0;
  const view = new PacketBatchView();
  const captured = new CapturedPacket();
  const seen = new Map<string, number>();
  for (const batch of batches) {
    if (isRulesWord(batch, 0, batch.length)) {
      const change = force.take(decodeRulesWord(batch, 0, batch.length));
      if (change !== null) sensor.useRules(change.rules);
      continue;
    }
    view.open(batch, 0, batch.length);
    const session = `${view.sessionHigh} ${view.sessionLow}`;
    if (view.sequence <= (seen.get(session) ?? 0)) continue;
    seen.set(session, view.sequence);
    if (view.timeUs < nowUs - 60_000_000) {
      end(() => sensor.finish());
      const { total } = sensor.flows.counts;
      sensor = begin();
      sensor.flows.counts.total = total;
      nowUs = 0;
    }
    captured.bytes = batch;
    captured.linkType = view.linkType;
    while (view.next()) {
      captured.start = view.packetStart;
      captured.end = view.packetEnd;
      captured.wireLength = view.wireLength;
      captured.timeUs = view.packetTimeUs;
      nowUs = Math.max(nowUs, view.packetTimeUs);
      try {
        sensor.take(captured);
      } catch {
        // A sensor that a fault was planted in: what follows goes on.
      }
    }
    if (view.packets > 0) continue;
    nowUs = Math.max(nowUs, view.timeUs);
    end(() => sensor.advance(view.timeUs));
  }
  return told;
}

/** In a sensor that a fault was planted in flows end with it, too. */
function end(run: () => void): void {
  try {
    run();
  } catch {
    // What follows goes on.
  }
}

/** The first place in which two lists differ; null: none. */
export function difference(what: string, is: readonly unknown[], must: readonly unknown[]): string | null {
  for (let i = 0; i < Math.max(is.length, must.length); i++) {
    const [one, other] = [JSON.stringify(is[i]), JSON.stringify(must[i])];
    if (one !== other) return `${what}, ${i} of ${is.length}/${must.length}: is ${one}, must be ${other}`;
  }
  return null;
}
