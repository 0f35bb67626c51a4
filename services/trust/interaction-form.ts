/**
 * An interaction as somebody tells it, in JSON, made into the record that the actor reads. What the actor would refuse whatever else
 * it knows is refused here by the same checks, where whoever told it still listens.
 */
import { randomUUID } from 'node:crypto';
import { type InteractionBounds, invalidInteraction, mistakeIn } from '../../actors/trust/index.ts';
import type { InteractionForm } from '../../bridges/intake/index.ts';
import { assert, ByteWriter, MsecError, type TopicCodec } from '../../engine/index.ts';
import { InteractionView, type TrustInteraction } from '../../schemas/index.ts';
import { interactionCodec } from '../../schemas/topics/index.ts';

/** Of what matters like anything else. */
const WEIGHT_DEFAULT = 1;
const FIELDS: readonly string[] = [
  ...['trustee', 'service', 'satisfaction', 'weight', 'id', 'time'],
  ...['responseMs', 'availability', 'quality', 'reason'],
];

export interface InteractionFormOptions extends InteractionBounds {
  /** With that of TRUST_INTERACTIONS. */
  readonly schemaIds: ReadonlyMap<string, number>;
  readonly makeId?: () => string;
}

export function interactionForm({
  schemaIds,
  makeId = randomUUID,
  ...bounds
}: InteractionFormOptions): InteractionForm {
  const codec: TopicCodec<TrustInteraction> = interactionCodec();
  codec.bindSchemaIds?.(schemaIds);
  const writer = new ByteWriter();
  return (trustor, told, receivedAtMs) => {
    const fields = fieldsOf(told);
    const id = textIn(fields, 'id') ?? makeId();
    writer.clear();
    codec.encode(
      {
        ...{ id, trustor, service: textIn(fields, 'service') ?? missing('service') },
        satisfaction: numberIn(fields, 'satisfaction') ?? missing('satisfaction'),
        weight: numberIn(fields, 'weight') ?? WEIGHT_DEFAULT,
        time: timeIn(fields) ?? receivedAtMs,
        responseMs: numberIn(fields, 'responseMs'),
        availability: numberIn(fields, 'availability'),
        quality: numberIn(fields, 'quality'),
        reason: textIn(fields, 'reason'),
      },
      writer,
    );
    const key = Buffer.from(textIn(fields, 'trustee') ?? missing('trustee'));
    const value = writer.take();
    const view = codec.decode(value, 0, value.length);
    assert(view instanceof InteractionView, 'interactions are decoded into a view');
    const mistake = mistakeIn(view, key, bounds, receivedAtMs);
    if (mistake !== null) throw mistake;
    return { id, key, value };
  };
}

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(told: unknown): Fields {
  if (typeof told !== 'object' || told === null || Array.isArray(told))
    throw new MsecError('REQUEST_INVALID', 'An interaction is a JSON object.');
  // Who has mistyped a weight would not be told otherwise.
  for (const name of Object.keys(told))
    if (!FIELDS.includes(name))
      throw new MsecError('REQUEST_INVALID', `An interaction has ${FIELDS.join(', ')}, and no such field.`, {
        field: name.slice(0, 64),
      });
  return told as Fields;
}

/** Null is as good as left out. */
function textIn(fields: Fields, name: string): string | null {
  const value = fields[name] ?? null;
  if (value === null) return null;
  if (typeof value !== 'string' || !value.isWellFormed()) throw invalidInteraction(name, 'must be text');
  return value;
}

function numberIn(fields: Fields, name: string): number | null {
  const value = fields[name] ?? null;
  if (value === null || typeof value === 'number') return value;
  throw invalidInteraction(name, 'must be a number');
}

function timeIn(fields: Fields): number | null {
  const time = numberIn(fields, 'time');
  if (time === null || Number.isSafeInteger(time)) return time;
  throw invalidInteraction('time', 'must be whole milliseconds since 1970');
}

function missing(name: string): never {
  throw invalidInteraction(name, 'is missing');
}
