/**
 * The headers before requests and answers (RequestHeader.json, ResponseHeader.json). Two exceptions to the compact
 * types: the client id of request header v2 keeps its int16 length, and ApiVersions is always answered with header v0,
 * because its asker cannot know yet what the broker speaks.
 */
import type { Message } from './message.ts';
import type { WireReader } from './wire-reader.ts';
import type { WireWriter } from './wire-writer.ts';

const API_VERSIONS = 18;

type Kind = Pick<Message<never, unknown>, 'apiKey' | 'flexibleFrom'>;

export interface RequestHeader {
  readonly apiKey: number;
  readonly version: number;
  readonly correlationId: number;
  readonly clientId: string | null;
}

export function writeRequestHeader(
  writer: WireWriter,
  { apiKey, flexibleFrom }: Kind,
  version: number,
  correlationId: number,
  clientId: string | null,
): void {
  writer.int16(apiKey);
  writer.int16(version);
  writer.int32(correlationId);
  writer.string(clientId, false, true);
  if (version >= flexibleFrom) writer.uvarint(0);
}

/** `kindOf` gives the message of an api key, undefined for one that is not known: then only the header's head is read. */
export function readRequestHeader(reader: WireReader, kindOf: (apiKey: number) => Kind | undefined): RequestHeader {
  const apiKey = reader.int16();
  const header = {
    apiKey,
    version: reader.int16(),
    correlationId: reader.int32(),
    clientId: reader.nullableString(false),
  };
  const kind = kindOf(apiKey);
  if (kind !== undefined && header.version >= kind.flexibleFrom) reader.skipTags();
  return header;
}

function isResponseFlexible({ apiKey, flexibleFrom }: Kind, version: number): boolean {
  return version >= flexibleFrom && apiKey !== API_VERSIONS;
}

export function writeResponseHeader(writer: WireWriter, kind: Kind, version: number, correlationId: number): void {
  writer.int32(correlationId);
  if (isResponseFlexible(kind, version)) writer.uvarint(0);
}

/** What stands behind the correlation id, which the connection has read already. */
export function skipResponseTags(reader: WireReader, kind: Kind, version: number): void {
  if (isResponseFlexible(kind, version)) reader.skipTags();
}
