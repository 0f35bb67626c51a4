/**
 * The topics over which recommendations are asked for and given. No actor's, so no plan makes them: who answers has all of
 * `trust.scores` before it, whatever partition a request lies in. An answer has its request's key and partition.
 */
import {
  MsecError,
  type SchemaDeclaration,
  type Topic,
  type TopicCodec,
  type TopicConfig,
  topic,
} from '../../engine/index.ts';
import {
  decodeRecommendation,
  decodeRecommendationRequest,
  encodeRecommendation,
  encodeRecommendationRequest,
  RECOMMENDATION_REQUEST_SCHEMA,
  RECOMMENDATION_SCHEMA,
  type RecommendationRecord,
  type RecommendationRequest,
} from '../index.ts';
import { checkSchema } from './reputation-topics.ts';

export const TRUST_REQUESTS = 'trust.requests';
export const TRUST_RECOMMENDATIONS = 'trust.recommendations';

const DAY_MS = 86_400_000;

export interface RecommendationTopics {
  readonly requests: Topic<RecommendationRequest>;
  readonly recommendations: Topic<RecommendationRecord>;
}

export function recommendationTopics(): RecommendationTopics {
  return {
    requests: topic(
      TRUST_REQUESTS,
      avroCodec(
        TRUST_REQUESTS,
        RECOMMENDATION_REQUEST_SCHEMA,
        decodeRecommendationRequest,
        encodeRecommendationRequest,
      ),
      { external: true, retentionMs: DAY_MS },
    ),
    recommendations: topic(
      TRUST_RECOMMENDATIONS,
      avroCodec(TRUST_RECOMMENDATIONS, RECOMMENDATION_SCHEMA, decodeRecommendation, encodeRecommendation),
      { access: 'public', retentionMs: DAY_MS },
    ),
  };
}

export const recommendationSchemas = (): SchemaDeclaration[] =>
  Object.values(recommendationTopics()).flatMap(({ codec }) => codec.schemas ?? []);

export function recommendationTopicConfigs(partitions: number): TopicConfig[] {
  return [TRUST_REQUESTS, TRUST_RECOMMENDATIONS].map((name) => ({
    name,
    partitions,
    cleanup: 'delete',
    retentionMs: DAY_MS,
  }));
}

function avroCodec<T>(
  topicName: string,
  schema: string,
  decode: (bytes: Uint8Array, start: number, end: number) => T,
  encode: (writer: Parameters<TopicCodec<T>['encode']>[1], schemaId: number, value: T) => void,
): TopicCodec<T> {
  const subject = `${topicName}-value`;
  let schemaId = -1;
  return {
    format: `avro:${topicName}`,
    schemas: [{ subject, schema }],
    bindSchemaIds(ids) {
      const id = ids.get(subject);
      if (id === undefined) throw new MsecError('SCHEMA_UNKNOWN', `subject ${subject} has no schema id`);
      schemaId = id;
    },
    decode(bytes, start, end) {
      checkSchema(end - start < 5 ? -1 : new DataView(bytes.buffer, bytes.byteOffset + start).getUint32(1), schemaId);
      return decode(bytes, start, end);
    },
    encode: (value, writer) => encode(writer, schemaId, value),
  };
}
