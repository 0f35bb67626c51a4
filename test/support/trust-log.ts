/** Logs of interactions as bytes: what `chain` would write, made here so that a test can bend it. */
import avsc from 'avsc';
import { ByteWriter } from '../../engine/index.ts';
import { LOG_ENTRY_SCHEMA } from '../../schemas/index.ts';
import { Accepted, encodeEntry, entryHash, logStart } from '../../schemas/trust-log/index.ts';

export interface TestInteraction {
  readonly id: string;
  readonly trustor: string;
  readonly trustee: string;
  readonly service: string;
  readonly satisfaction: number;
  readonly weight: number;
  readonly timeMs: number;
  readonly reason?: string;
  readonly isCorrection?: boolean;
}

const schema = JSON.parse(LOG_ENTRY_SCHEMA) as { fields: { name: string; type: unknown }[] };
const interactionType = avsc.Type.forSchema(
  schema.fields.find(({ name }) => name === 'interaction')!.type as avsc.Schema,
  { wrapUnions: false },
);

/** Avro's own encoder: the bytes that a foreign producer would send, without the wire header. */
export function interactionBody(interaction: TestInteraction): Uint8Array {
  const { id, trustor, service, satisfaction, weight, timeMs, reason = null } = interaction;
  const rest = { responseMs: null, availability: null, quality: null, reason };
  return new Uint8Array(
    interactionType.toBuffer({ id, trustor, service, satisfaction, weight, time: timeMs, ...rest }),
  );
}

export function acceptedOf(interaction: TestInteraction): Accepted {
  const accepted = new Accepted();
  accepted.isCorrection = interaction.isCorrection ?? false;
  accepted.bytes = interactionBody(interaction);
  accepted.end = accepted.bytes.length;
  return accepted;
}

export interface TestRecord {
  readonly offset: number;
  readonly key: string;
  readonly value: Uint8Array;
}

/** The values of trust.log, each linked to the one before it from `previous` on. */
export function logOf(
  interactions: readonly TestInteraction[],
  partition = 0,
  first = 0,
  previous: Uint8Array = logStart(partition),
): TestRecord[] {
  const writer = new ByteWriter();
  let leaf = previous;
  return interactions.map((interaction, i) => {
    writer.clear();
    const name = Buffer.from(interaction.trustee);
    encodeEntry(writer, first + i, leaf, name, 0, name.length, acceptedOf(interaction));
    const body = writer.take();
    leaf = entryHash(body);
    return { offset: first + i, key: interaction.trustee, value: Buffer.concat([Buffer.of(0, 0, 0, 0, 1), body]) };
  });
}

const hashOf = ({ value }: TestRecord): Uint8Array => entryHash(value.subarray(5));
export const leavesOf = (records: readonly TestRecord[]): Uint8Array[] => records.map(hashOf);
