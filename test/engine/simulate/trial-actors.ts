/**
 * Actors of the trial: counts, windows behind each other, two inputs, another key, and records that do all that a record
 * can do to an engine. What they mean is written down a second time, in test/oracle, without their code.
 */
import {
  type AnyActor,
  type ByteSlice,
  defineActor,
  MsecError,
  rawCodec,
  rows,
  type TopologyDefinition,
  TumblingWindows,
  topic,
  values,
} from '../../../engine/index.ts';
import {
  type Counted,
  countedCodec,
  type JoinResult,
  KIND,
  numbersCodec,
  type Reading,
  readingCodec,
  type Tally,
  type WindowResult,
} from './trial-values.ts';

/** What the actors see of the run around them. */
export interface TrialWorld {
  step(): void;
  die(end: 'failed' | 'heap'): never;
  hang(): never;
  isDown(): boolean;
  isMended(): boolean;
  /** True each time that the record with this id must fail. */
  isFlaky(id: number): boolean;
}

export interface TrialOptions {
  readonly partitions: number;
  readonly fuse: boolean;
}

export const WINDOW_MS = 1000;
export const GRACE_MS = 500;
export const COARSE_MS = 4000;
export const ZONES = 3;

const utf8 = new TextEncoder();
const ZONE_KEYS = Array.from({ length: ZONES }, (_, zone) => utf8.encode(`zone-${zone}`));

/** Wide, so that a transaction does not write all of it again beside its changes. */
const SEEN_BYTES = 512;
const SEEN_LAST_BLOCK = 7;
const COUNT = 0;
const COUNT_OTHER = 1;
const SUM = 1;

export function trialTopology(world: TrialWorld, { partitions, fuse }: TrialOptions): TopologyDefinition {
  const isDown = () => world.isDown();
  const readings = topic<Reading>('readings', readingCodec(isDown), { external: true });
  const settings = topic<Reading>('settings', readingCodec(isDown), { external: true });
  const checked = topic<Counted>('checked', countedCodec());
  const byZone = topic<Counted>('by-zone', countedCodec());
  const notes = topic<Tally>('notes', tallyCodec('trial-note'));
  const windows = topic<WindowResult>('windows', windowCodec(), { access: 'public' });
  const late = topic<Counted>('late', countedCodec());
  const coarse = topic<WindowResult>('coarse', windowCodec());
  const coarseLate = topic<WindowResult>('coarse-late', windowCodec());
  const joined = topic<JoinResult>('joined', numbersCodec('trial-join', ['start', 'readings', 'settings']));
  const joinLate = topic<ByteSlice>('join-late', rawCodec());
  const zoneTotals = topic<Tally>('zone-totals', tallyCodec('trial-zone'));

  const check = defineActor({
    name: 'check',
    inputs: { readings },
    outputs: { checked, byZone, notes },
    rekeyed: ['byZone'],
    state: { seen: rows(SEEN_BYTES), refusals: values<Tally>(tallyCodec('trial-refusals')) },
    open(context) {
      const { state, out } = context;
      const counted: Counted = { kind: 0, id: 0, amount: 0, count: 0 };
      return {
        process({ keyId, timestamp, value }) {
          const { kind, id, amount } = value;
          if (kind === KIND.kill) world.die('failed');
          if (kind === KIND.heap) world.die('heap');
          if (kind === KIND.hang) world.hang();
          world.step();
          if (kind === KIND.reject || (kind === KIND.mendable && !world.isMended()))
            throw new MsecError('VALUE_INVALID', 'rejected', { field: 'kind', byteOffset: 0 });
          if (kind === KIND.refuse) {
            const before = state.refusals.get(keyId) ?? { count: 0, sum: 0 };
            const after = { count: before.count + 1, sum: before.sum + amount };
            // Every third time the refusals are forgotten.
            if (after.count === 3) state.refusals.delete(keyId);
            else state.refusals.set(keyId, after);
            out.notes.emit(after);
            context.deadLetter(new MsecError('BUDGET_EXHAUSTED', 'refused'));
            return;
          }
          const { seen } = state;
          let row = seen.find(keyId);
          if (row < 0) row = seen.create(keyId);
          seen.touch(row, 0);
          seen.touch(row, SEEN_LAST_BLOCK);
          // The count is kept at both ends of the row: one that comes back without the other is found out.
          const count = ++seen.i32[row * 128]!;
          const countedToo = ++seen.f64[row * 64 + SEEN_LAST_BLOCK * 8]!;
          counted.kind = kind;
          counted.id = id;
          counted.amount = amount;
          counted.count = count === countedToo ? count : 0;
          out.checked.emit(counted);
          out.byZone.emitKeyed(ZONE_KEYS[id % ZONES]!, counted, timestamp);
          if (kind === KIND.needsDependency && world.isDown()) throw new MsecError('DEPENDENCY_DOWN', 'it is down');
          if (kind === KIND.poison || (kind === KIND.flaky && world.isFlaky(id))) throw new Error('poison');
        },
      };
    },
  });

  const sum = defineActor({
    name: 'sum',
    inputs: { checked },
    outputs: { windows, late },
    state: { open: rows(64) },
    watermarkDelayMs: WINDOW_MS + GRACE_MS,
    open(context) {
      const { open } = context.state;
      const tumbling = new TumblingWindows(open, { sizeMs: WINDOW_MS, graceMs: GRACE_MS });
      return {
        process(record) {
          const { kind, amount } = record.value;
          world.step();
          if (kind === KIND.mendableLater && !world.isMended()) throw new MsecError('VALUE_INVALID', 'rejected later');
          const row = tumbling.rowFor(record.keyId, record.timestamp, context.inputWatermark('checked'));
          if (row < 0) {
            context.out.late.emit(record.value);
            return;
          }
          open.touch(row, 0);
          open.i32[row * 16 + COUNT]++;
          open.f64[row * 8 + SUM] += amount;
          if (kind === KIND.poisonLater) throw new Error('poison later');
        },
        onWatermark(watermark) {
          tumbling.closeDue(watermark, context.keys, (row, start, end) =>
            context.out.windows.emitFor(
              open.keyIdOf(row),
              { start, count: open.i32[row * 16 + COUNT], sum: open.f64[row * 8 + SUM] },
              end - 1,
            ),
          );
        },
        onRollback: () => tumbling.rebuild(),
      };
    },
  });

  const coarsen = defineActor({
    name: 'coarsen',
    inputs: { windows },
    outputs: { coarse, coarseLate },
    state: { open: rows(64) },
    open(context) {
      const { open } = context.state;
      const tumbling = new TumblingWindows(open, { sizeMs: COARSE_MS, graceMs: 0 });
      return {
        process({ keyId, timestamp, value }) {
          const row = tumbling.rowFor(keyId, timestamp, context.inputWatermark('windows'));
          if (row < 0) {
            context.out.coarseLate.emit(value);
            return;
          }
          open.touch(row, 0);
          open.i32[row * 16 + COUNT] += value.count;
          open.f64[row * 8 + SUM] += value.sum;
        },
        onWatermark(watermark) {
          tumbling.closeDue(watermark, context.keys, (row, start, end) =>
            context.out.coarse.emitFor(
              open.keyIdOf(row),
              { start, count: open.i32[row * 16 + COUNT], sum: open.f64[row * 8 + SUM] },
              end - 1,
            ),
          );
        },
        onRollback: () => tumbling.rebuild(),
      };
    },
  });

  const join = defineActor({
    name: 'join',
    inputs: { readings, settings },
    outputs: { joined, joinLate },
    state: { open: rows(64) },
    open(context) {
      const { open } = context.state;
      const tumbling = new TumblingWindows(open, { sizeMs: WINDOW_MS, graceMs: 0 });
      return {
        process({ input, keyId, timestamp, value }) {
          world.step();
          const row = tumbling.rowFor(keyId, timestamp, context.inputWatermark(input));
          if (row < 0) {
            const bytes = Uint8Array.of(input === 'readings' ? 1 : 2, ...u32(value.id));
            context.out.joinLate.emit({ bytes, start: 0, end: bytes.length } as ByteSlice);
            return;
          }
          open.touch(row, 0);
          open.i32[row * 16 + (input === 'readings' ? COUNT : COUNT_OTHER)]++;
        },
        onWatermark(watermark) {
          tumbling.closeDue(watermark, context.keys, (row, start, end) =>
            context.out.joined.emitFor(
              open.keyIdOf(row),
              { start, readings: open.i32[row * 16 + COUNT], settings: open.i32[row * 16 + COUNT_OTHER] },
              end - 1,
            ),
          );
        },
        onRollback: () => tumbling.rebuild(),
      };
    },
  });

  const zones = defineActor({
    name: 'zones',
    inputs: { byZone },
    outputs: { zoneTotals },
    state: { totals: values<Tally>(tallyCodec('trial-zone')) },
    process({ keyId, value }, { state, out }) {
      world.step();
      const before = state.totals.get(keyId) ?? { count: 0, sum: 0 };
      const after = { count: before.count + 1, sum: before.sum + value.amount };
      state.totals.set(keyId, after);
      out.zoneTotals.emit(after);
    },
  });

  const actors: AnyActor[] = [check, sum, coarsen, join, zones];
  return { name: 'trial', partitions, actors, fuse };
}

const tallyCodec = (format: string) => numbersCodec<Tally>(format, ['count', 'sum']);
const windowCodec = () => numbersCodec<WindowResult>('trial-window', ['start', 'count', 'sum']);
const u32 = (value: number): number[] => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
