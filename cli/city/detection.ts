/** Intrusion detection as configured: its files, read before anything starts, and the capture of an interface of this machine. */
import { readFileSync } from 'node:fs';
import type { RuleFile } from '../../actors/detect/index.ts';
import {
  type Clock,
  type Emit,
  errorData,
  MsecError,
  pause,
  type RecordAppender,
  systemRandom,
} from '../../engine/index.ts';
import type { DetectionJob } from '../../services/detection/index.ts';
import type { Config, SettingName } from '../config/index.ts';
import { listsBeside } from '../rule-files.ts';
import type { DataFolder } from './data-folder.ts';
import { ruleKeysOf } from './ids-rules.ts';

const TEXT_BYTES_MAX = 4 * 1024 * 1024;
const RULES_BYTES_MAX = 64 * 1024 * 1024;

/** Null where packets are not examined. CONFIG_INVALID. */
export function detectionJob(config: Config, folder: DataFolder): DetectionJob | null {
  if (!config['ids.enabled']) return null;
  // Not after the engine runs.
  ruleKeysOf(config);
  return {
    rules: config['ids.rules'].map((path) => {
      const file = fileOf(path, 'ids.rules', RULES_BYTES_MAX, 'latin1');
      return { ...file, lists: listsBeside(path, file.text) };
    }),
    homeNet: config['ids.homeNet'],
    classification: textOf(config['ids.classification'], 'ids.classification'),
    thresholds: textOf(config['ids.thresholds'], 'ids.thresholds'),
    tellsAll: config['ids.events'],
    tellsVerdicts: config['ids.verdicts'],
    midstream: config['ids.midstream'],
    validatesChecksums: config['ids.checksums'] === 'validate',
    flowMemoryBytes: config['ids.flowMemory'],
    streamMemoryBytes: config['ids.streamMemory'],
    replayBytesMax: config['ids.replay'],
    bundlesFolder: config['ids.ruleKeys'].length === 0 ? null : folder.idsRules,
  };
}

/** What the user should know of rules that are not examined; null where all are. */
export async function rulesNote(
  job: DetectionJob | null,
  inForce: { readonly name: string; readonly version: number } | null = null,
): Promise<string | null> {
  if (job === null) return null;
  if (inForce !== null)
    return job.rules.length === 0
      ? null
      : `ids.rules are not used: bundle ${inForce.name} ${inForce.version} is in force`;
  if (job.rules.length === 0 && job.bundlesFolder === null)
    return 'no rules are configured (ids.rules, ids.ruleKeys): flows and transactions are told, and nothing alerts';
  const { rulesOf } = await import('../../services/detection/index.ts');
  const { accepted, refused } = rulesOf(job);
  const [first] = refused;
  if (first === undefined) return null;
  const { file, line, keyword, says } = first;
  return `${refused.length} of ${accepted.length + refused.length} rules are refused and left out, the first at ${file}:${line}: ${keyword}: ${says} (msec ids check tells all)`;
}

export interface CityCapture {
  close(): Promise<void>;
}

export interface CityCaptureOptions {
  readonly config: Config;
  readonly appender: RecordAppender;
  readonly partitions: number;
  readonly clock: Clock;
  readonly emit: Emit;
}

const RESTART_MS_MIN = 1_000;
const RESTART_MS_MAX = 60_000;
/** A capture that ran for so long had no fault of its own. */
const STEADY_MS = 60_000;
const CLOSE_MS_MAX = 5_000;

/** Null where no interface is captured. Rejects where it cannot be captured at all. */
export async function startCapture(options: CityCaptureOptions): Promise<CityCapture | null> {
  const { config, appender, partitions, clock, emit } = options;
  const name = config['ids.interface'];
  if (!config['ids.enabled'] || name === null) return null;
  const failed = (error: unknown) => {
    const { code, message } = errorData(error);
    emit('unexpectedError', { where: `capture of ${name}`, code, error: message });
  };
  const { CaptureProcess, PacketPublisher, sendToLog } = await import('../../services/capture/index.ts');
  const publisher = new PacketPublisher({
    lanes: config['ids.lanes'],
    clock,
    random: systemRandom,
    send: sendToLog(appender, partitions, name, () => clock.now()),
    onLost: failed,
  });
  const stopping = new AbortController();
  const open = () =>
    CaptureProcess.open({
      interface: name,
      filter: config['ids.filter'],
      take: (packet) => void publisher.take(packet),
    });
  let capture = await open().catch(async (error: unknown) => {
    await publisher.close(0);
    throw error;
  });
  /** A network that goes away comes back. */
  const watch = async (): Promise<void> => {
    for (let waitMs = RESTART_MS_MIN; ; ) {
      const since = clock.monotonic();
      const because = await capture.ended;
      if (because === null || stopping.signal.aborted) return;
      failed(because);
      waitMs = clock.monotonic() - since > STEADY_MS ? RESTART_MS_MIN : Math.min(waitMs * 2, RESTART_MS_MAX);
      await pause(clock, waitMs, stopping.signal);
      if (stopping.signal.aborted) return;
      try {
        capture = await open();
      } catch (error) {
        failed(error);
        return;
      }
    }
  };
  const watched = watch();
  return {
    async close() {
      stopping.abort();
      await capture.close();
      await watched;
      await publisher.close(CLOSE_MS_MAX);
    },
  };
}

const textOf = (file: string | null, field: SettingName): RuleFile | null =>
  file === null ? null : fileOf(file, field, TEXT_BYTES_MAX, 'utf8');

function fileOf(file: string, field: SettingName, bytesMax: number, encoding: 'utf8' | 'latin1'): RuleFile {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new MsecError('CONFIG_INVALID', `${file} of ${field} cannot be read (${code}).`, { field, cause });
  }
  if (bytes.length > bytesMax)
    throw new MsecError(
      'CONFIG_INVALID',
      `${file} of ${field} has ${bytes.length} bytes, at most ${bytesMax} are read.`,
      { field },
    );
  return { name: file, text: bytes.toString(encoding) };
}
