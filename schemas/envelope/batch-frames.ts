/**
 * The frames of a batch (mode 2) as columns: where each begins and ends, and its time. One instance is used for every
 * batch of a thread; the columns are valid until the next `tryRead`. Only the structure is checked here.
 */
import type { EnvelopeProblem, EnvelopeView } from './envelope-view.ts';
import { BATCH_FRAMES_MAX, DEVICE_TIME_MS_MAX } from './layout.ts';

const cut: EnvelopeProblem = { field: 'entry', says: 'the payload ends before this entry does' };
const trailing: EnvelopeProblem = { field: 'entry', says: 'the payload holds bytes after its last entry' };
const firstDelta: EnvelopeProblem = { field: 'timeDelta', says: 'must be 0 in the first entry' };
const badTime: EnvelopeProblem = { field: 'timeDelta', says: 'leads out of 1970 to the end of the year 9999' };

export class BatchFrames {
  /** Frame i lies in starts[i], ends[i]; its entry begins `headBytes` before. */
  readonly starts = new Int32Array(BATCH_FRAMES_MAX);
  readonly ends = new Int32Array(BATCH_FRAMES_MAX);
  /** Milliseconds after the batch's device time; only where it has one. */
  readonly deltas = new Int32Array(BATCH_FRAMES_MAX);
  count = 0;
  headBytes = 2;
  /** All have one length. */
  isEven = false;
  /** The greatest of the deltas. */
  deltaMax = 0;

  /** Of a parsed envelope of mode 2. False leaves the reason in the envelope's problem. */
  tryRead(envelope: EnvelopeView): boolean {
    const { bytes, count, payloadEnd, hasDeviceTime } = envelope;
    const { starts, ends, deltas } = this;
    const headBytes = hasDeviceTime ? 6 : 2;
    let at = envelope.payloadStart;
    let least = 0;
    let greatest = 0;
    const firstLength = payloadEnd - at < 2 ? 0 : (bytes[at]! << 8) | bytes[at + 1]!;
    let isEven = true;
    for (let i = 0; i < count; i++) {
      if (payloadEnd - at < headBytes) return envelope.refuse(cut, at);
      const length = (bytes[at]! << 8) | bytes[at + 1]!;
      if (hasDeviceTime) {
        const delta = (bytes[at + 2]! << 24) | (bytes[at + 3]! << 16) | (bytes[at + 4]! << 8) | bytes[at + 5]!;
        if (i === 0 && delta !== 0) return envelope.refuse(firstDelta, at + 2);
        deltas[i] = delta;
        if (delta < least) least = delta;
        if (delta > greatest) greatest = delta;
      }
      const start = at + headBytes;
      at = start + length;
      if (length !== firstLength) isEven = false;
      if (at > payloadEnd) return envelope.refuse(cut, start);
      starts[i] = start;
      ends[i] = at;
    }
    if (at !== payloadEnd) return envelope.refuse(trailing, at);
    const timeMs = envelope.deviceTimeMs;
    if (timeMs + least < 0 || timeMs + greatest > DEVICE_TIME_MS_MAX) {
      return envelope.refuse(badTime, envelope.payloadStart + 2);
    }
    this.count = count;
    this.isEven = isEven;
    this.headBytes = headBytes;
    this.deltaMax = greatest;
    return true;
  }
}
