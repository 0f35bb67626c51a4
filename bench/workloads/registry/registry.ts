/**
 * A registry of a million devices, where the bridges hold it and where verify does: what a device takes of memory,
 * whether loading it or looking one up ever makes others wait, and how soon a change of it holds.
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Figure, figure, type Workload } from '../../workload.ts';
import { controlTimes } from './control.ts';
import type { RegistryMeasured, RegistryPlace } from './registry-process.ts';

const run = promisify(execFile);
const DEVICES = 1_000_000;
const DEVICES_QUICK = 200_000;
const ROUNDS = 300;
const ROUNDS_QUICK = 30;

const WHERE: Readonly<Record<RegistryPlace, string>> = {
  verify: 'in the state of 8 tasks, with their keys, slots and what they keep open',
  bridges: 'in the table that bridges, page and commands ask',
};

export const registry: Workload = {
  name: 'registry',
  says: 'a registry of 1,000,000 devices: bytes of memory a device, and the longest stall while it is loaded and asked',
  async run({ isQuick, folder, progress }) {
    const devices = isQuick ? DEVICES_QUICK : DEVICES;
    const bytes: Figure[] = [];
    const stalls: Figure[] = [];
    for (const place of ['verify', 'bridges'] as const) {
      const measured = await inProcess(place, devices);
      const { bytesPerDevice, load, lookUp, lookUpMicroseconds: took } = measured;
      const stall = Math.max(load.processor, lookUp.processor);
      progress(`${place}: ${bytesPerDevice.toFixed(0)} bytes a device, longest stall ${stall.toFixed(1)} ms`);
      bytes.push(
        figure({
          name: `registry: memory in ${place}`,
          unit: 'bytes a device',
          ours: [bytesPerDevice],
          floor: 300,
          aim: 150,
          judged: 'ours',
          isLessBetter: true,
          notes: [
            `${devices} devices with one P-256 key each, ${WHERE[place]}; heap and buffers after a collection`,
            'beside it, as an object that a device record is read to: 1,100 to 1,300 bytes',
          ],
        }),
      );
      stalls.push(
        figure({
          name: `registry: longest stall in ${place}`,
          unit: 'ms of the thread',
          ours: [stall],
          floor: 50,
          aim: 10,
          judged: 'ours',
          isLessBetter: true,
          notes: [
            `from one turn of the event loop to the next, 200 devices each: loading ${load.processor.toFixed(1)} ms of its processor (${load.clock.toFixed(1)} by the clock), looking up ${lookUp.processor.toFixed(1)} (${lookUp.clock.toFixed(1)})`,
            `a look-up of any device: median ${took.median.toFixed(1)} µs, 99.9th ${took.p999.toFixed(0)} µs, longest ${took.max.toFixed(0)} µs`,
          ],
        }),
      );
    }
    progress('enrolling, rotating and revoking devices of a running engine');
    const times = await controlTimes(folder, isQuick ? ROUNDS_QUICK : ROUNDS);
    return [...bytes, ...stalls, ...Object.entries(times).map(([change, took]) => effect(change, took))];
  },
};

function effect(change: string, took: readonly number[]): Figure {
  const sorted = took.toSorted((a, b) => a - b);
  const p99 = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.99))]!;
  return figure({
    name: `registry: ${change}`,
    unit: 'ms to take effect, 99th',
    ours: [p99],
    floor: 1_000,
    aim: 100,
    judged: 'ours',
    isLessBetter: true,
    notes: [
      `${took.length} devices; from the commit of the control record to the first frame that was ${change === 'enrolled' ? 'taken' : 'refused'} because of it, in the topic where readers see it`,
      `median ${sorted[sorted.length >> 1]!.toFixed(1)} ms, longest ${sorted.at(-1)!.toFixed(1)} ms; the engine ran all the time`,
    ],
  });
}

async function inProcess(place: RegistryPlace, devices: number): Promise<RegistryMeasured> {
  const file = join(import.meta.dirname, 'registry-process.ts');
  const { stdout } = await run(process.execPath, ['--expose-gc', file, place, String(devices)]);
  return JSON.parse(stdout) as RegistryMeasured;
}
