/**
 * The topics of trust and reputation, partitioned by trustee, so that what is told of a provider lies in the partition of
 * the interactions with it. Make one set for each thread: codecs fill one object over and over.
 */
import { type ByteWriter, MsecError, type Topic, type TopicCodec, topic } from '../../engine/index.ts';
import {
  decodePairScore,
  decodeProviderScore,
  encodeInteraction,
  encodePairScore,
  encodePairView,
  encodeProviderScore,
  encodeProviderView,
  INTERACTION_SCHEMA,
  InteractionReader,
  InteractionView,
  PAIR_SCORE_SCHEMA,
  type PairScore,
  PairScoreView,
  PROVIDER_SCORE_SCHEMA,
  type ProviderScore,
  ProviderScoreView,
  type TrustInteraction,
} from '../index.ts';
import {
  decodeStandingCommand,
  decodeStandingDecision,
  encodeStandingCommand,
  encodeStandingDecision,
  type StandingCommand,
  type StandingDecision,
} from '../standing/index.ts';

/** Keyed by trustee. Filled by whoever takes interactions in. */
export const TRUST_INTERACTIONS = 'trust.interactions';
/** Compacted. Keys: `trustee service trustor` for a pair, `trustee service` for a provider; names hold no spaces. */
export const TRUST_SCORES = 'trust.scores';

/** Keyed by trustee: what operators order of its standing. */
export const TRUST_COMMANDS = 'trust.commands';
/** Keyed by trustee: what became of these, never forgotten. */
export const TRUST_DECISIONS = 'trust.decisions';

const DAY_MS = 24 * 3_600_000;

/** What is read. */
export type Score = PairScore | ProviderScore;
/** The actor writes from views. */
export type WrittenScore = Score | PairScoreView | ProviderScoreView;

export interface ReputationTopics {
  readonly interactions: Topic<TrustInteraction>;
  readonly scores: Topic<WrittenScore>;
  readonly commands: Topic<StandingCommand>;
  readonly decisions: Topic<StandingDecision>;
}

export function reputationTopics(): ReputationTopics {
  return {
    interactions: topic(TRUST_INTERACTIONS, interactionCodec(), { external: true, retentionMs: 7 * DAY_MS }),
    scores: topic(TRUST_SCORES, scoreCodec(), { access: 'public', cleanup: 'compact' }),
    // Seldom anything is ordered, which says nothing about the time.
    commands: topic(TRUST_COMMANDS, commandCodec, { external: true, timeless: true, retentionMs: 30 * DAY_MS }),
    decisions: topic(TRUST_DECISIONS, decisionCodec, { access: 'public' }),
  };
}

const commandCodec: TopicCodec<StandingCommand> = {
  format: 'msec.standing-command/1',
  decode: decodeStandingCommand,
  encode: (value, writer) => writer.copy(encodeStandingCommand(value)),
};

const decisionCodec: TopicCodec<StandingDecision> = {
  format: 'msec.standing-decision/1',
  decode: decodeStandingDecision,
  encode: (value, writer) => writer.copy(encodeStandingDecision(value)),
};

export const isPairScore = (score: Score): score is PairScore => 'trustor' in score;

/** Decodes into an InteractionView. */
export function interactionCodec(): TopicCodec<TrustInteraction> {
  const subject = `${TRUST_INTERACTIONS}-value`;
  const reader = new InteractionReader();
  const view = new InteractionView();
  let schemaId = -1;
  return {
    format: 'avro:msec.trust.Interaction',
    schemas: [{ subject, schema: INTERACTION_SCHEMA }],
    bindSchemaIds(ids) {
      schemaId = bound(ids, subject);
    },
    decode(bytes, start, end) {
      checkSchema(reader.read(bytes, start, end, view.numbers, 0, view.spans, 0), schemaId);
      view.bytes = bytes;
      return view;
    },
    encode: (value, writer) => encodeInteraction(writer, schemaId, value),
  };
}

export function checkSchema(id: number, expected: number): void {
  if (id !== expected)
    throw new MsecError('AVRO_INVALID', `schemaId at byte 1: ${id} is not the topic's ${expected}`, {
      field: 'schemaId',
      byteOffset: 1,
    });
}

/** Each kind of record is a subject of its own. */
export function scoreCodec(): TopicCodec<WrittenScore> {
  const pairSubject = `${TRUST_SCORES}-msec.trust.PairScore`;
  const providerSubject = `${TRUST_SCORES}-msec.trust.ProviderScore`;
  let pairId = -1;
  let providerId = -1;
  return {
    format: 'avro:msec.trust.Score',
    schemas: [
      { subject: pairSubject, schema: PAIR_SCORE_SCHEMA },
      { subject: providerSubject, schema: PROVIDER_SCORE_SCHEMA },
    ],
    bindSchemaIds(ids) {
      pairId = bound(ids, pairSubject);
      providerId = bound(ids, providerSubject);
    },
    decode(bytes, start, end) {
      const id = end - start < 5 ? -1 : new DataView(bytes.buffer, bytes.byteOffset + start).getUint32(1);
      if (id === pairId) return decodePairScore(bytes, start, end);
      checkSchema(id, providerId);
      return decodeProviderScore(bytes, start, end);
    },
    encode(value, writer: ByteWriter) {
      if (value instanceof PairScoreView) encodePairView(writer, pairId, value);
      else if (value instanceof ProviderScoreView) encodeProviderView(writer, providerId, value);
      else if (isPairScore(value)) encodePairScore(writer, pairId, value);
      else encodeProviderScore(writer, providerId, value);
    },
  };
}

function bound(ids: ReadonlyMap<string, number>, subject: string): number {
  const id = ids.get(subject);
  if (id === undefined) throw new MsecError('SCHEMA_UNKNOWN', `subject ${subject} has no schema id`);
  return id;
}
