/** A device's state of trust as an object, and its Avro form in Confluent's wire format. */
import { AvroReader, putWireHeader } from '../avro-bytes.ts';
import type { ByteWriter } from '../base.ts';
import { writeLong, writeString } from './strings.ts';

/**
 * unknown: has never proved itself. suspect: doubted, and asked again soon. quarantined: has failed so often that bridges
 * take no new session. revoked: by an operator, for good. Only a trusted device's frames reach a reader.
 */
export type TrustState = 'unknown' | 'trusted' | 'suspect' | 'quarantined' | 'revoked';
export const TRUST_STATES: readonly TrustState[] = ['unknown', 'trusted', 'suspect', 'quarantined', 'revoked'];

export interface TrustTransition {
  /** Unix milliseconds. */
  readonly at: number;
  readonly state: TrustState;
  readonly reason: string;
  readonly says: string;
}

/** Times are Unix milliseconds. */
export interface Attestation {
  readonly device: string;
  readonly state: TrustState;
  readonly since: number;
  readonly reason: string;
  readonly says: string;
  readonly log: 'boot' | 'ima' | '';
  readonly entry: number;
  readonly pcr: number;
  readonly path: string;
  readonly firmware: string;
  readonly provenAt: number;
  readonly trustedUntil: number;
  readonly failures: number;
  readonly transitions: number;
  readonly history: readonly TrustTransition[];
}

const avro = new AvroReader();

export function encodeAttestation(writer: ByteWriter, schemaId: number, value: Attestation): void {
  writer.ensure(5);
  writer.position = putWireHeader(writer.bytes, writer.position, schemaId);
  writeString(writer, value.device);
  writeString(writer, value.state);
  writeLong(writer, value.since);
  for (const text of [value.reason, value.says, value.log]) writeString(writer, text);
  writeLong(writer, value.entry);
  writeLong(writer, value.pcr);
  writeString(writer, value.path);
  writeString(writer, value.firmware);
  for (const number of [value.provenAt, value.trustedUntil, value.failures, value.transitions])
    writeLong(writer, number);
  if (value.history.length > 0) writeLong(writer, value.history.length);
  for (const { at, state, reason, says } of value.history) {
    writeLong(writer, at);
    for (const text of [state, reason, says]) writeString(writer, text);
  }
  writeLong(writer, 0);
}

/** Throws AVRO_INVALID. */
export function decodeAttestation(bytes: Uint8Array, start = 0, end = bytes.length): Attestation {
  avro.open(bytes, start, end);
  const value = {
    device: avro.string('device'),
    state: stateIn('state'),
    since: avro.long('since'),
    reason: avro.string('reason'),
    says: avro.string('says'),
    log: logIn(),
    entry: avro.long('entry'),
    pcr: avro.long('pcr'),
    path: avro.string('path'),
    firmware: avro.string('firmware'),
    provenAt: avro.long('provenAt'),
    trustedUntil: avro.long('trustedUntil'),
    failures: avro.long('failures'),
    transitions: avro.long('transitions'),
    history: historyIn(),
  };
  avro.close();
  return value;
}

function historyIn(): TrustTransition[] {
  const history: TrustTransition[] = [];
  for (let count = avro.block('history'); count > 0; count = avro.block('history')) {
    for (let i = 0; i < count; i++) {
      const at = avro.long('at');
      history.push({ at, state: stateIn('state'), reason: avro.string('reason'), says: avro.string('says') });
    }
  }
  return history;
}

function stateIn(field: string): TrustState {
  const text = avro.string(field);
  return TRUST_STATES.find((state) => state === text) ?? avro.fail(field, `${text} is no state`);
}

function logIn(): Attestation['log'] {
  const text = avro.string('log');
  return text === '' || text === 'boot' || text === 'ima' ? text : avro.fail('log', `${text} is no log`);
}
