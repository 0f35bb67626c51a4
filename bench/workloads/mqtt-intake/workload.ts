/** Registers mqtt-intake.ts, which runs as a process of its own. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { figure, type Workload } from '../../workload.ts';

const script = fileURLToPath(new URL('./mqtt-intake.ts', import.meta.url));
const RUNS = 5;
const RUNS_QUICK = 3;
const run = promisify(execFile);

interface Measured {
  readonly framesPerSecond: number;
  readonly cpuSharePercent: number;
  readonly devices: number;
  readonly window: number;
}

export const mqttIntake: Workload = {
  name: 'mqtt-intake',
  says: 'mosquitto-like MQTT QoS 1 clients → durable, clients on the same cores',
  async run({ isQuick, progress }) {
    const measured: Measured[] = [];
    const runs = isQuick ? RUNS_QUICK : RUNS;
    for (let i = 1; i <= runs; i++) {
      const seconds = isQuick ? '5' : '10';
      const { stdout } = await run(process.execPath, [script, '--json', '--seconds', seconds]);
      measured.push(JSON.parse(stdout.trim().split('\n').at(-1)!) as Measured);
      progress(`run ${i}/${runs}: ${measured.at(-1)!.framesPerSecond} frames/s`);
    }
    const { devices, window } = measured[0]!;
    const shares = measured.map(({ cpuSharePercent }) => cpuSharePercent);
    return [
      figure({
        name: 'mqtt-intake',
        unit: 'frames/s',
        ours: measured.map(({ framesPerSecond }) => framesPerSecond),
        floor: 20_000,
        aim: 40_000,
        judged: 'ours',
        notes: [
          `${devices} clients, ${window} frames of each in flight; the bridge's process took ${Math.min(...shares)} to ${Math.max(...shares)} % of a core`,
        ],
      }),
    ];
  },
};
