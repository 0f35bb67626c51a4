/**
 * Sends a dead letter again, to the actor that failed on it and to no other: it enters through `<topic>.resend`. Each
 * letter goes once, however often it is asked for: that it went is committed together with the record itself.
 */

import { MsecError } from '../base/index.ts';
import { BatchCursor, BatchEncoder, partitionForKey } from '../batch/index.ts';
import type { Log, LogReader } from '../log/index.ts';
import { deadLetterTopic, resendTopic } from '../topology/index.ts';

const FETCH_BYTES = 64 * 1024;

export interface LetterPlace {
  /** The topic whose letters they are, without `.dlq`. */
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** A request of our own that was cut off and arrives late fences us too. */
const ATTEMPTS_MAX = 3;

/**
 * False when the letter had been sent again before. FENCED where someone else is at letters of this partition meanwhile:
 * of what a caller sent who died without an answer, nobody could know otherwise whether it still arrives. DEPENDENCY_DOWN
 * where the log does not answer. Asking again is safe after either.
 */
export async function resendLetter(log: Log, reader: LogReader, place: LetterPlace): Promise<boolean> {
  for (let attempts = 1; ; attempts++) {
    try {
      return await resendOnce(log, reader, place);
    } catch (error) {
      // Whoever acquires finds what is committed by then, so that nothing is sent twice.
      if (!(error instanceof MsecError && error.code === 'FENCED')) throw error;
      if (attempts === ATTEMPTS_MAX) throw isUnanswered(error) ? notKnown(error) : error;
    }
  }
}

/** A log fences whoever had no answer, too; then there is no newer owner that would go on. */
const isUnanswered = ({ cause }: MsecError): boolean => cause instanceof MsecError && cause.code === 'DEPENDENCY_DOWN';

const notKnown = (error: MsecError): MsecError =>
  new MsecError('DEPENDENCY_DOWN', `whether the letter was sent is not known; ask again: ${error.message}`, {
    cause: error,
  });

async function resendOnce(log: Log, reader: LogReader, place: LetterPlace): Promise<boolean> {
  const { partition, offset } = place;
  const letters = deadLetterTopic(place.topic);
  const target = resendTopic(place.topic);
  const group = `${letters}.${offset}`;
  const ownership = await log.acquire(`msec.resend.${place.topic}-${partition}`);
  const sent = await reader.committed(group, target);
  if (sent[partition] !== null && sent[partition] !== undefined) return false;
  const fetched = await reader.fetch(letters, partition, offset, FETCH_BYTES);
  const cursor = new BatchCursor();
  cursor.reset(fetched.bytes, fetched.start, fetched.end);
  cursor.seek(offset);
  if (!cursor.next() || cursor.offset !== offset)
    throw new MsecError('OFFSET_OUT_OF_RANGE', `There is no letter at offset ${offset} of ${letters}-${partition}.`);
  const encoder = new BatchEncoder();
  const { timestamp, bytes, keyStart, keyEnd, valueStart, valueEnd } = cursor;
  // A letter of a foreign producer may lie where its key does not belong.
  const home = keyStart < 0 ? partition : partitionForKey(bytes, keyStart, keyEnd, sent.length);
  encoder.append(timestamp, bytes, keyStart, keyEnd, bytes, valueStart, valueEnd, cursor.readHeaders());
  await log.commit({
    ownership,
    appends: [{ topic: target, partition: home, bytes: encoder.finish() }],
    offsets: [{ group, topic: target, partition, offset: 1 }],
  });
  return true;
}
