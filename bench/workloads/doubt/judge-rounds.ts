/**
 * What became of each round's frames, from the topics alone: when the first was held, and which still went on that must not.
 * A device's frames have the order of their sequences, in its partition too.
 */
import { type Fault, isShown } from './faulty-agent.ts';

export interface Round {
  readonly device: string;
  readonly fault: Fault;
  readonly challengeId: number;
  readonly deadlineMs: number;
}

export interface SeenFrame {
  readonly sequence: number;
  readonly receivedAtMs: number;
}

export interface HeldFrame extends SeenFrame {
  /** When a reader of device.quarantine had it. */
  readonly readAtMs: number;
}

/** Of one device; frames in the order of their sequences. */
export interface DeviceTopics {
  readonly evidence: readonly { readonly challengeId: number; readonly receivedAtMs: number }[];
  readonly readings: readonly SeenFrame[];
  readonly held: readonly HeldFrame[];
}

export interface JudgedRound {
  readonly round: Round;
  /** From the deadline, or from when the bridge had what does not hold. */
  readonly receivedAfterMs: number;
  readonly readAfterMs: number;
  /** Frames of the doubt that reached device.readings all the same. */
  readonly leaked: number;
  /** Frames between bad evidence and the word about it (decision 0028). */
  readonly passedBefore: number;
}

export function judgeRound(round: Round, { evidence, readings, held }: DeviceTopics): JudgedRound {
  const { device, fault, challengeId, deadlineMs } = round;
  const where = `${device}, ${fault}, challenge ${challengeId}`;
  const bad = isShown(fault) ? evidence.find((one) => one.challengeId === challengeId) : undefined;
  if (isShown(fault) && bad === undefined) throw new Error(`${where}: the evidence has not come`);
  const from = bad?.receivedAtMs ?? deadlineMs;
  // What is received in the millisecond of the deadline is in time.
  const first = held.find(({ receivedAtMs }) => (bad === undefined ? receivedAtMs > from : receivedAtMs >= from));
  const restoredMs = evidence.find((one) => one.challengeId > challengeId)?.receivedAtMs ?? Number.POSITIVE_INFINITY;
  if (first === undefined || first.receivedAtMs >= restoredMs) throw new Error(`${where}: no frame was held`);
  const within = readings.filter(({ receivedAtMs }) => receivedAtMs >= from && receivedAtMs < restoredMs);
  const isLate = ({ sequence, receivedAtMs }: SeenFrame) =>
    sequence > first.sequence || (bad === undefined && receivedAtMs > deadlineMs);
  const leaked = within.filter(isLate).length;
  return {
    round,
    receivedAfterMs: first.receivedAtMs - from,
    readAfterMs: first.readAtMs - from,
    leaked,
    passedBefore: within.length - leaked,
  };
}

/** Each frame that was taken is in one of the two topics, once; the sequences count from 1. */
export function checkWhole(device: string, sent: number, { readings, held }: DeviceTopics): void {
  const counts = new Uint8Array(sent + 1);
  for (const { sequence } of [...readings, ...held]) counts[sequence]!++;
  const wrong = counts.findIndex((count, sequence) => sequence > 0 && count !== 1);
  if (wrong > 0) throw new Error(`${device}: frame ${wrong} was found ${counts[wrong]} times`);
  if (readings.length + held.length !== sent) throw new Error(`${device}: frames that nobody sent`);
}
