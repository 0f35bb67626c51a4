/**
 * Dead letters: the record's key and bytes as they were, and headers that say why, where and how often. A letter stands
 * in `<topic>.dlq`, topic being the input of the actor that failed, so that it can enter again at that very actor.
 */
import type { ErrorData } from '../base/index.ts';
import type { BatchCursor, Header } from '../batch/index.ts';

export const LETTER_HEADER = {
  reason: 'msec.reason',
  message: 'msec.message',
  field: 'msec.field',
  byteOffset: 'msec.byte-offset',
  actor: 'msec.actor',
  stage: 'msec.stage',
  topic: 'msec.topic',
  partition: 'msec.partition',
  offset: 'msec.offset',
  attempts: 'msec.attempts',
} as const;

export interface LetterOrigin {
  readonly actor: string;
  /** The subtopology in which the actor ran. */
  readonly stage: string;
  /** The record in the log from which the failing call came: of the first topic, where stages are fused. */
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly attempts: number;
}

export interface Letter extends LetterOrigin, ErrorData {}

const MESSAGE_CHARS_MAX = 500;
const utf8 = new TextEncoder();
const utf8Decoder = new TextDecoder('utf-8', { ignoreBOM: true });

export function letterHeaders(error: ErrorData, origin: LetterOrigin): Header[] {
  const headers: Header[] = [];
  const add = (name: string, value: string | number | undefined) => {
    if (value !== undefined) headers.push({ name, value: utf8.encode(String(value)) });
  };
  add(LETTER_HEADER.reason, error.code);
  add(LETTER_HEADER.message, error.message.slice(0, MESSAGE_CHARS_MAX));
  add(LETTER_HEADER.field, error.field);
  add(LETTER_HEADER.byteOffset, error.byteOffset);
  add(LETTER_HEADER.actor, origin.actor);
  add(LETTER_HEADER.stage, origin.stage);
  add(LETTER_HEADER.topic, origin.topic);
  add(LETTER_HEADER.partition, origin.partition);
  add(LETTER_HEADER.offset, origin.offset);
  add(LETTER_HEADER.attempts, origin.attempts);
  return headers;
}

/** What the headers of the cursor's record say. */
export function readLetter(cursor: BatchCursor): Letter {
  const text = (name: string): string | undefined => {
    const value = cursor.header(name);
    return value === undefined ? undefined : utf8Decoder.decode(value);
  };
  const field = text(LETTER_HEADER.field);
  const byteOffset = text(LETTER_HEADER.byteOffset);
  return {
    code: (text(LETTER_HEADER.reason) ?? 'ACTOR_FAILED') as ErrorData['code'],
    message: text(LETTER_HEADER.message) ?? '',
    ...(field === undefined ? {} : { field }),
    ...(byteOffset === undefined ? {} : { byteOffset: Number(byteOffset) }),
    actor: text(LETTER_HEADER.actor) ?? '',
    stage: text(LETTER_HEADER.stage) ?? '',
    topic: text(LETTER_HEADER.topic) ?? '',
    partition: Number(text(LETTER_HEADER.partition) ?? 0),
    offset: Number(text(LETTER_HEADER.offset) ?? 0),
    attempts: Number(text(LETTER_HEADER.attempts) ?? 0),
  };
}
