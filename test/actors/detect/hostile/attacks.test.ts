/** Attacks made by hand: nothing is thrown, no packet takes long, and what has a bound stays within it. */
import t from 'tap';
import { linkTypes } from '../../../../actors/detect/capture/index.ts';
import { readRules, SENSOR_DEFAULTS, Sensor, variables } from '../../../../actors/detect/index.ts';
import { captured } from '../captures.ts';
import { ATTACKS, type Attack } from './attacks.ts';
import { LONGEST_MS } from './run-hostile.ts';

const PARSER_MEMORY = 4 * 1024 * 1024;
const START_US = 1_700_000_000_000_000;

/** The processor's time for each packet. */
function times({ rules, frames }: Attack): {
  readonly ms: Float64Array;
  readonly sensor: Sensor;
  readonly most: number;
} {
  const { accepted, refused } = readRules([{ name: 'r', text: rules.join('\n') }], variables());
  if (refused.length > 0) throw new TypeError(refused[0]!.says);
  const sensor = new Sensor(accepted, { ...SENSOR_DEFAULTS, parserMemoryBytes: PARSER_MEMORY }, () => undefined);
  const ms: number[] = [];
  let most = 0;
  for (const frame of frames()) {
    const packet = captured(frame, linkTypes.LINK_ETHERNET, START_US + ms.length * 10, ms.length + 1);
    const from = processorMs();
    sensor.take(packet);
    ms.push(processorMs() - from);
    most = Math.max(most, sensor.parserMemory.heldBytes);
  }
  sensor.finish();
  return { ms: Float64Array.from(ms), sensor, most };
}

function processorMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

for (const attack of ATTACKS)
  t.test(attack.name, async (t) => {
    const first = times(attack);
    // Where code is compiled and garbage collected is no packet's doing.
    const again = first.ms.some((ms) => ms > LONGEST_MS) ? times(attack).ms : first.ms;
    const least = first.ms.map((ms, i) => Math.min(ms, again[i]!));
    const longest = Math.max(...least);
    t.ok(longest <= LONGEST_MS, `packet ${least.indexOf(longest)} of ${least.length} took ${longest.toFixed(1)} ms`);
    t.ok(first.most <= PARSER_MEMORY, `${first.most} bytes are kept by parsers`);
    t.equal(first.sensor.parserMemory.heldBytes, 0, 'and none at the end');
  });
