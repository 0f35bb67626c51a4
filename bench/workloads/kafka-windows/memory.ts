/** What a record costs in memory: bytes of V8's heap, and buffers that are allocated beside what is fetched. */
import { join } from 'node:path';
import type { SampledRun } from '../../load/committed-run.ts';
import { THREADS } from '../../load/kafka-bench.ts';
import type { KafkaEngineTask } from '../../load/kafka-engine.ts';
import { type Figure, figure } from '../../workload.ts';
import type { CountedTopology } from './counted-topology.ts';
import { PARTITIONS } from './frames.ts';
import { GRACE_MS, type Side, WINDOW_MS } from './sides.ts';
import { runOnce, type WindowBench } from './window-bench.ts';

const ROUNDS = 3;

export async function memoryFigures(bench: WindowBench): Promise<Figure[]> {
  const heap: number[] = [];
  const external: number[] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    heap.push(await allocated(bench, 'heap', round));
    external.push((await allocated(bench, 'external', round)) / (bench.whole.bytes / bench.whole.frames));
  }
  return [
    figure({
      name: 'W1: heap',
      unit: 'bytes a record',
      ours: heap,
      floor: 1,
      aim: 0.1,
      judged: 'ours',
      isLessBetter: true,
      notes: [
        "allocated on V8's heaps by the workers in the second half of the measured time, when what runs for long is compiled, everything that they do included: growth between collections, by the sizes around each; a run of its own",
      ],
    }),
    figure({
      name: 'W1: external memory',
      unit: '× the bytes fetched',
      ours: external,
      floor: 1.1,
      aim: 0.1,
      judged: 'ours',
      isLessBetter: true,
      notes: [
        'buffers allocated by all threads in that time, for whatever is received, told, kept and sent, divided by the bytes of the frames that were fetched meanwhile: growth of what V8 says it holds, looked at around each batch and each millisecond in the main thread; memory of finished batches, which threads share, is not counted, and used again as receive buffers are, so it is far below 1',
      ],
    }),
  ];
}

/** Bytes a record, in the second half of the measured time: before, it is V8 that compiles what is to run for long. */
async function allocated(bench: WindowBench, counted: CountedTopology['counted'], round: number): Promise<number> {
  const lines: { readonly at: number; readonly bytes: number }[] = [];
  const onLine = (line: string) => {
    lines.push({ at: performance.now(), bytes: Number(line) });
  };
  const run = await runOnce(bench, { side: countedSide(counted), rounds: 1 }, `${counted}-${round}`, onLine);
  const [first, last] = [run.curve[0]!, run.curve.at(-1)!];
  const measured = lines.filter(({ at }) => at >= (first.at + last.at) / 2 && at <= last.at);
  const [from, to] = [measured[0], measured.at(-1)];
  if (from === undefined || to === undefined || from === to) throw new Error('too few lines in the measured time');
  bench.options.progress(`${counted}, run ${round}: ${Math.round(to.bytes - from.bytes)} bytes`);
  return (to.bytes - from.bytes) / (recordsAt(run, to.at) - recordsAt(run, from.at));
}

function recordsAt({ curve }: SampledRun, at: number): number {
  return curve.findLast((sample) => sample.at <= at)!.records;
}

function countedSide(counted: CountedTopology['counted']): Side {
  return {
    name: counted,
    topics: [],
    prepare: () => Promise.resolve(),
    settings: '',
    process({ bootstrap, application, input, output }) {
      const window = { input, output, windowMs: WINDOW_MS, graceMs: GRACE_MS };
      const config: CountedTopology = { application, partitions: PARTITIONS, counted, ...window };
      const task: KafkaEngineTask = {
        bootstrap,
        topologyModule: new URL('./counted-topology.ts', import.meta.url).href,
        config,
        workers: THREADS,
        stateFolder: null,
      };
      const script = join(import.meta.dirname, 'counted-process.ts');
      return {
        program: process.execPath,
        arguments: [script, JSON.stringify(task)],
        group: `${application}.window`,
      };
    },
  };
}
