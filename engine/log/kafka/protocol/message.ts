/**
 * What the generated files have in common. A message is a pair of request and answer; both directions exist, because
 * simulated brokers stand on the other side. The version is the caller's to choose, within `versions`.
 */
import type { WireReader } from './wire-reader.ts';
import type { WireWriter } from './wire-writer.ts';

export interface Versions {
  readonly min: number;
  readonly max: number;
}

/** One kind of request with its answer. */
export interface Message<Request, Response> {
  readonly name: string;
  readonly apiKey: number;
  /** Those that can be encoded and decoded here. */
  readonly versions: Versions;
  /** From this version on there are compact types and tagged fields; Infinity where there never are. */
  readonly flexibleFrom: number;
  encodeRequest(writer: WireWriter, request: Request, version: number): void;
  decodeRequest(reader: WireReader, version: number): Complete<Request>;
  encodeResponse(writer: WireWriter, response: Loose<Response>, version: number): void;
  /** Byte fields of the answer are views of the reader's bytes. */
  decodeResponse(reader: WireReader, version: number): Response;
}

/** A structure that travels inside of a bytes field. */
export interface Data<T> {
  readonly name: string;
  readonly versions: Versions;
  encode(writer: WireWriter, value: T, version: number): void;
  decode(reader: WireReader, version: number): Complete<T>;
}

type Leaf = string | number | boolean | null | undefined | Uint8Array;

/** What decoding yields: every field, its default where the version lacks it. */
export type Complete<T> = T extends Leaf
  ? T
  : T extends readonly (infer Item)[]
    ? readonly Complete<Item>[]
    : { [Name in keyof T]-?: Complete<Exclude<T[Name], undefined>> };

/** What encoding an answer takes: a field that is left out has its default. */
export type Loose<T> = T extends Leaf
  ? T
  : T extends readonly (infer Item)[]
    ? readonly Loose<Item>[]
    : { [Name in keyof T]?: Loose<T[Name]> | undefined };

/** Of no topic. */
export const ZERO_UUID = 'AAAAAAAAAAAAAAAAAAAAAA';
