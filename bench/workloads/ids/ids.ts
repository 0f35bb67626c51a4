/**
 * Intrusion detection on one core: mixed HTTP, DNS and MQTT traffic with 3,000 rules beside Suricata on the same capture,
 * after the alerts of both have been compared rule by rule; and what 30,000 rules cost.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Parts } from '../../parts.ts';
import { type Figure, figure, type RunOptions, spread, type Workload } from '../../workload.ts';
import { cityTraffic } from './city-traffic.ts';
import { type Input, type OurRun, ourActor, ours, type Run, suricata, WARM_UP } from './engines.ts';
import { generatedRules } from './generated-rules.ts';

const PACKETS = 600_000;
/** With many rules, and of a short run. */
const PACKETS_FEW = 200_000;
const RUNS = 4;
const RUNS_QUICK = 1;
const RUNS_MANY = 3;
const RUNS_ACTOR = 2;
const SEED = 1;
const FEW_RULES = 300;
const RULES = 3_000;
const MANY_RULES = 30_000;

export const ids: Workload = {
  name: 'ids',
  says: 'intrusion detection on one core: packets/s with 3,000 rules beside Suricata; load, memory and rate with 30,000',
  async run(options) {
    const { folder, isQuick, progress } = options;
    const parts = new Parts(progress);
    progress('ids: the capture is made');
    const captureOf = (packets: number): string => {
      const capture = join(folder, `city-${packets}.pcap`);
      writeFileSync(capture, cityTraffic(SEED, packets));
      return capture;
    };
    const short = captureOf(PACKETS_FEW);
    const long = isQuick ? short : captureOf(PACKETS);
    const input = (rules: number, capture: string): Input => {
      const file = join(folder, `${rules}.rules`);
      writeFileSync(file, generatedRules(SEED, rules), 'latin1');
      return { capture, rules: file, folder };
    };
    const rate = await parts.measure('beside Suricata', () => besideSuricata(input(RULES, long), options));
    const actor = await parts.measure('the actor', () => asActor(input(RULES, long), options));
    const many = await parts.measure(`${MANY_RULES} rules`, () =>
      manyRules(input(FEW_RULES, short), input(MANY_RULES, short), options),
    );
    return parts.measured([rate, actor, ...(many ?? [])]);
  },
};

const perSecond = ({ packets, ms }: Run): number => (packets * 1000) / ms;

async function besideSuricata(input: Input, { isQuick, progress }: RunOptions): Promise<Figure> {
  const runs = isQuick ? RUNS_QUICK : RUNS;
  const pairs: (readonly [OurRun, Run])[] = [];
  for (let run = 1; run <= runs; run++) {
    const pair = [await ours(input), await suricata(input)] as const;
    compare(...pair);
    pairs.push(pair);
    const [a, b] = pair.map((one) => Math.round(perSecond(one)));
    progress(`ids, run ${run}/${runs}: ${a} packets/s, Suricata ${b}`);
  }
  const [first] = pairs[0]!;
  const longest = Math.max(...pairs.map(([{ longestMs }]) => longestMs));
  const alerts = Object.values(first.alerts).reduce((sum, count) => sum + count, 0);
  return figure({
    name: `ids: ${RULES} rules`,
    unit: 'packets/s',
    ours: pairs.map(([one]) => perSecond(one)),
    peers: { Suricata: pairs.map(([, other]) => perSecond(other)) },
    floor: 0.25,
    aim: 0.5,
    judged: 'Suricata',
    notes: [
      `${first.packets} packets of HTTP, DNS and MQTT, ${alerts} alerts of ${Object.keys(first.alerts).length} rules, the same of both, rule by rule`,
      `from the first packet to the last, loading excluded, both on one and the same core, in a process that has just started, Node with the flags of bin/msec; both write every record of EVE to a file`,
      'Suricata 7.0.10 -v -r --runmode single, its own configuration without fast.log: from "Engine started" to "end of file reached"; its records of flows that are open then are not in its time, ours are',
      `the longest packet took ${longest.toFixed(1)} ms here`,
      `behind the first ${WARM_UP} packets: ${Math.round(spread(pairs.map(([one]) => one.warmPerSecond)).median)} packets/s`,
    ],
  });
}

async function asActor(input: Input, { isQuick, progress }: RunOptions): Promise<Figure> {
  const runs = isQuick ? RUNS_QUICK : RUNS_ACTOR;
  const [actors, alone]: [number[], number[]] = [[], []];
  for (let run = 1; run <= runs; run++) {
    const [actor, sensor] = [await ourActor(input), await ours(input)];
    const alerts = Object.values(sensor.alerts).reduce((sum, count) => sum + count, 0);
    if (actor.alerts !== alerts) throw new Error(`${actor.alerts} alerts in the topic, ${alerts} of the sensor alone`);
    actors.push(actor.packetsPerSecond);
    alone.push(sensor.warmPerSecond);
    const [a, b] = [actor.packetsPerSecond, sensor.warmPerSecond].map(Math.round);
    progress(`ids, run ${run}/${runs}: as an actor ${a} packets/s, alone ${b}`);
  }
  return figure({
    name: `ids: the sensor as an actor, ${RULES} rules`,
    unit: 'packets/s',
    ours: actors,
    peers: { 'the sensor alone': alone },
    floor: null,
    aim: null,
    judged: 'the sensor alone',
    notes: [
      'from batches of packets in a log on disk to alerts and events that are committed, exactly once; all threads of the process on one core',
      `both behind the first ${WARM_UP} packets; as many alerts in the topic as the sensor alone tells`,
    ],
  });
}

/** Throws where a rule alerted more often in one of them. */
function compare(one: OurRun, other: Run): void {
  if (one.left > 0) throw new Error(`${one.left} rules were not loaded`);
  if (one.packets !== other.packets) throw new Error(`${one.packets} packets were read, ${other.packets} by Suricata`);
  const sids = new Set([...Object.keys(one.alerts), ...Object.keys(other.alerts)]);
  const wrong = [...sids].filter((sid) => one.alerts[sid] !== other.alerts[sid]);
  if (wrong.length === 0) return;
  const [sid] = wrong;
  throw new Error(
    `${wrong.length} rules alerted not as in Suricata: ${sid} ${one.alerts[sid!] ?? 0} times, not ${other.alerts[sid!] ?? 0}`,
  );
}

async function manyRules(few: Input, many: Input, { isQuick, progress }: RunOptions): Promise<Figure[]> {
  const runs = isQuick ? RUNS_QUICK : RUNS_MANY;
  const pairs: (readonly [OurRun, OurRun])[] = [];
  for (let run = 1; run <= runs; run++) {
    const pair = [await ours(many), await ours(few)] as const;
    pairs.push(pair);
    const [{ loadMs, residentMb }] = pair;
    const [a, b] = pair.map((one) => Math.round(perSecond(one)));
    progress(
      `ids, run ${run}/${runs}: ${MANY_RULES} rules in ${(loadMs / 1000).toFixed(1)} s, ${Math.round(residentMb)} MB, ${a} packets/s; with ${FEW_RULES} ${b}`,
    );
  }
  const left = Math.max(...pairs.flat().map((one) => one.left));
  if (left > 0) throw new Error(`${left} rules were not loaded`);
  return [
    figure({
      name: `ids: ${MANY_RULES} rules, against ${FEW_RULES}`,
      unit: 'packets/s',
      ours: pairs.map(([one]) => perSecond(one)),
      peers: { [`with ${FEW_RULES} rules`]: pairs.map(([, other]) => perSecond(other)) },
      floor: 0.5,
      aim: 0.8,
      judged: `with ${FEW_RULES} rules`,
      notes: ['the same capture, and the same 30 rules that match in both'],
    }),
    figure({
      name: `ids: loading ${MANY_RULES} rules`,
      unit: 's',
      ours: pairs.map(([{ loadMs }]) => loadMs / 1000),
      floor: 5,
      aim: 2,
      judged: 'ours',
      isLessBetter: true,
      notes: ['from the text to a sensor that takes packets, in a process that has just started'],
    }),
    figure({
      name: `ids: memory with ${MANY_RULES} rules`,
      unit: 'MB resident',
      ours: pairs.map(([{ residentMb }]) => residentMb),
      floor: 600,
      aim: 400,
      judged: 'ours',
      isLessBetter: true,
      notes: ['the most that the process had, Node itself, loading and all traffic included'],
    }),
  ];
}
