/** Interactions for measurements: parties that judge each other, in batches as they lie in a log. */
import { BatchEncoder, ByteWriter, rewriteBaseOffsets, seededRandom } from '../../engine/index.ts';
import { encodeInteraction } from '../../schemas/index.ts';

/** Each of so many trustees is judged by so many trustors. */
const TRUSTORS_EACH = 100;
const CHUNK_BYTES = 1024 * 1024;
const BATCH_BYTES = 128 * 1024;

export interface InteractionsOptions {
  readonly pairs: number;
  /** Behind one of each pair. */
  readonly interactions: number;
  readonly seed: number;
  readonly startMs: number;
  /** Of event time. */
  readonly perSecond: number;
  readonly schemaId: number;
}

export interface InteractionChunk {
  readonly bytes: Uint8Array;
  readonly offset: number;
  readonly end: number;
}

const utf8 = new TextEncoder();

/** Names as devices have them: `sensor-0004711`. */
const nameOf = (party: number): string => `sensor-${String(party).padStart(7, '0')}`;

export function* interactionChunks(options: InteractionsOptions): Generator<InteractionChunk> {
  const { pairs, interactions, seed, startMs, perSecond, schemaId } = options;
  const random = seededRandom(seed);
  const parties = Math.max(TRUSTORS_EACH + 1, Math.ceil(pairs / TRUSTORS_EACH));
  const keys = Array.from({ length: parties }, (_, party) => utf8.encode(nameOf(party)));
  const writer = new ByteWriter(256);
  const encoder = new BatchEncoder({ batchBytesMax: BATCH_BYTES });
  let offset = 0;
  const flush = (end: number): InteractionChunk => {
    const bytes = encoder.finish();
    rewriteBaseOffsets(bytes, offset);
    const chunk = { bytes, offset, end };
    offset = end;
    return chunk;
  };
  const all = pairs + interactions;
  for (let i = 0; i < all; i++) {
    const pair = i < pairs ? i : random.u32() % pairs;
    const trustee = pair % parties;
    const trustor = (trustee + 1 + ((Math.floor(pair / parties) * 37) % (parties - 1))) % parties;
    const time = startMs + Math.floor((i * 1000) / perSecond);
    writer.clear();
    encodeInteraction(writer, schemaId, {
      id: `i-${i.toString(36).padStart(8, '0')}`,
      trustor: nameOf(trustor),
      service: 'temperature',
      satisfaction: (random.u32() % 1001) / 1000,
      weight: 1,
      time,
      responseMs: null,
      availability: null,
      quality: null,
      reason: null,
    });
    const key = keys[trustee]!;
    encoder.append(time, key, 0, key.length, writer.bytes, 0, writer.position);
    if (encoder.byteLength > CHUNK_BYTES) yield flush(i + 1);
  }
  if (encoder.count > 0) yield flush(all);
}
