/**
 * What an application protocol offers the engine: how it is recognised, a parser that makes transactions of a flow's
 * bytes, and what rules may ask of a transaction. A parser never throws and keeps a bounded amount.
 */
import type { JsonWriter } from '../json/index.ts';
import type { ConditionValue } from '../rules/rule.ts';
import type { Direction } from './direction.ts';
import type { TransactionFile } from './files.ts';

export type Transport = 'tcp' | 'udp';

/** more: as far as it can be seen it may be; reversed: it is, but who seemed to be the client is the server. */
export type ProbeAnswer = 'yes' | 'no' | 'more' | 'reversed';
/** `direction` is that of the bytes. */
export type ProbeFunction = (bytes: Uint8Array, direction: Direction) => ProbeAnswer;

/** Bytes that have to lie in the first ones of a direction. */
export interface PatternProbe {
  readonly kind: 'pattern';
  readonly transport: Transport;
  readonly direction: Direction;
  /** Each character is a byte. */
  readonly text: string;
  readonly nocase: boolean;
  readonly offset: number;
  /** The pattern ends at this place at the latest. */
  readonly depth: number;
  /** Asked where the pattern is there. */
  readonly confirm?: ProbeFunction;
}

/** A function that is asked where a port fits. */
export interface PortProbe {
  readonly kind: 'port';
  readonly transport: Transport;
  /** The server's ports; null: any, which is asked where no protocol claims the port. */
  readonly ports: readonly number[] | null;
  /** The direction that the protocol's first message has. Only with 1 is the port also looked for at the source. */
  readonly first: Direction;
  /** Not asked before there are so many bytes. */
  readonly least: number;
  /** With so many bytes and still no yes it is not this protocol; 0: the limit of all. */
  readonly most: number;
  readonly toServer: ProbeFunction | null;
  readonly toClient: ProbeFunction | null;
  /** Its answers say whose bytes they are. */
  readonly tellsDirection?: boolean;
}

export type Probe = PatternProbe | PortProbe;

export interface Transaction {
  /** 0, 1, 2… in a flow. */
  readonly id: number;
  /** How far each direction has come; the meaning of the numbers is the protocol's. */
  readonly progress: readonly [number, number];
  /** Names as app-layer-event knows them, without the protocol. */
  readonly events: readonly string[];
  /** It has this direction alone; the other is complete from the start. */
  readonly isOneSided?: Direction;
  readonly files?: readonly TransactionFile[];
  /**
   * By direction: something was read for it since the last packet of the direction; rules are not asked before. Without it
   * they are asked whenever there is news of the flow.
   */
  readonly isUpdated?: [boolean, boolean];
  /** Its record is not written. */
  readonly isQuiet?: boolean;
  /** What is kept of a direction's body. */
  body?(direction: Direction): Uint8Array;
  /** Bytes that it keeps, beside what every transaction takes. */
  readonly keptBytes?: number;
}

/** A connection that was agreed on in another one, for one file. */
export interface ExpectedTransfer {
  /** Its server's. */
  readonly port: number;
  readonly direction: Direction;
  readonly command: 'RETR' | 'STOR';
  readonly file: Uint8Array;
  /** Its first byte has come. */
  begin?(): void;
}

export interface Parser<Tx extends Transaction = Transaction> {
  /** Bytes are valid during the call only. They are empty where only the end is told. */
  data(direction: Direction, bytes: Uint8Array, isLast: boolean): void;
  /** Bytes that never came, and with them the unused ones before. `isLast`: the end is known, and more may follow all the same. */
  gap(direction: Direction, length: number, isLast: boolean): void;
  /** As many bytes of the direction came and are not used yet: Suricata's parser asks for them again with those that follow. */
  unused?(direction: Direction): number;
  /** It is not asked again before there are so many bytes, the unused ones included; 0: with the next one. */
  required?(direction: Direction): number;
  /** Drops the unused bytes: what is missing behind them is waited for no longer. Whoever tells what is required has it. */
  passOver?(direction: Direction): void;
  /** Bytes that it keeps outside of transactions, beside unused ones. */
  readonly keptBytes?: number;
  /** Live ones, oldest first. */
  readonly transactions: readonly Tx[];
  /** Drops the oldest ones: nobody asks about them again. */
  release(count: number): void;
  /** Drops those that are done, wherever they are: of protocols whose transactions complete out of order. */
  releaseWhere?(isDone: (tx: Tx) => boolean): void;
  /** Once: connections that were agreed on since. */
  takeExpected?(): readonly ExpectedTransfer[];
  /** Nothing is told of the transaction, nor of what answers it as one of its own. */
  keepQuiet?(tx: Transaction): void;
  /** True once where rules about the stream are to see with the next packet what there is of the direction. */
  takeFlush?(direction: Direction): boolean;
  /** As many bytes before what rules have seen of the stream Suricata keeps of a direction; without it: none. */
  inspectDepth?(direction: Direction): number;
  /** It gave up: from now on nothing is parsed, unless this is taken back. */
  hasFailed: boolean;
  /** How many messages of each direction were whole so far, where rules about the stream are to see each of them at once. */
  readonly shown?: readonly [number, number];
  /**
   * What follows is encrypted: rules are not asked about payloads any more. `all`: nothing is parsed any more, either,
   * and what there is of the stream is looked at at once.
   */
  readonly isEncrypted?: boolean | 'all';
  /** The name of the protocol that goes on from here in this flow (CONNECT, Upgrade), `any`: to be recognised anew. */
  readonly upgradesTo?: string | null;
  /** The port of the server that it would have, by which it is recognised; without it or 0: that of this flow. */
  readonly upgradePort?: number;
}

/** A sticky buffer. */
export interface BufferRow<Tx extends Transaction = Transaction> {
  /** As rules name it. */
  readonly name: string;
  readonly directions: readonly Direction[];
  /** It is there once its direction's progress is at least this. */
  readonly progress: number;
  /** A rule whose fast pattern is looked for here is not asked before this; without it: `progress`. */
  readonly prefilterProgress?: number;
  /** Of files: a rule that has looked at some in vain is asked of no more of the transaction. */
  readonly isOfFiles?: true;
  /**
   * Rules whose fast pattern is looked for here are asked once more, as if they had not been: where a direction has come
   * so far, and `isDue`.
   */
  readonly again?: { readonly progress: readonly [number, number]; isDue(tx: Tx, direction: Direction): boolean };
  /** A transaction can have several: index 0, 1, 2… until null. */
  readonly isMany?: boolean;
  /** A body: asked again each time more of it came, in windows. */
  readonly isStreamed?: boolean;
  /**
   * null: the transaction has none (yet), no term holds of it. Valid until the parser gets more data. `isEnd`: the flow
   * is over, what there is will not become more.
   */
  read(tx: Tx, direction: Direction, index: number, isEnd: boolean): Uint8Array | null;
  /** What a rule's fast pattern is looked for in, where that is less than `read` gives. */
  scanned?(tx: Tx, direction: Direction, index: number, isEnd: boolean): Uint8Array | null;
  /** Streamed: where what `read` gives lies in the body. */
  offset?(tx: Tx, direction: Direction, index: number, isEnd: boolean): number;
  /** Streamed: every rule was asked about what `read` gave; it goes on behind it. */
  inspected?(tx: Tx, direction: Direction): void;
}

/** A keyword about a transaction that is not a buffer. */
export interface ConditionRow<Tx extends Transaction = Transaction> {
  readonly keyword: string;
  readonly directions: readonly Direction[];
  readonly progress: number;
  /** `nowSeconds`: of the flow's last packet; `client`: its address of IPv4, or the first word of one of IPv6. */
  compile(value: ConditionValue): (tx: Tx, direction: Direction, nowSeconds: number, client: number) => boolean;
}

/** A moment of a transaction that rules may name; those of its beginning and its end every protocol has. */
export interface HookRow<Tx extends Transaction = Transaction> {
  readonly name: string;
  readonly progress: number;
  /** Where the progress alone does not say it. */
  holds?(tx: Tx): boolean;
}

/** Which are told of: those that rules ask for. */
export interface Fingerprints {
  readonly ja3: boolean;
  readonly hassh: boolean;
}

export const ALL_FINGERPRINTS: Fingerprints = { ja3: true, hassh: true };

export interface Protocol<Tx extends Transaction = Transaction> {
  /** As rules name it and as EVE's app_proto has it. */
  readonly name: string;
  /** Of its records and their objects, where that is another. */
  readonly eveName?: string;
  readonly isUnknownToSuricata?: true;
  /** Records of its files have no object of it. */
  readonly isUntoldOfFiles?: true;
  readonly transports: readonly Transport[];
  readonly probes: readonly Probe[];
  /** Whose bytes have to be there first over TCP; without it: anybody's. */
  readonly first?: Direction;
  readonly buffers: readonly BufferRow<Tx>[];
  readonly conditions: readonly ConditionRow<Tx>[];
  readonly hooks?: readonly HookRow<Tx>[];
  /** The progress at which a transaction is complete, by direction. */
  readonly end: readonly [number, number];
  /** The progress from which on files are asked about, by direction; without it the protocol has none. */
  readonly filesAt?: readonly [number | null, number | null];
  /** Of which rules ask about files, and which carries none itself. */
  readonly isWithoutFiles?: true;
  /** Its record is written once each direction has come so far; without it with its end. */
  toldAt?(fingerprints: Fingerprints): readonly [number, number];
  /** `expected`: what another flow has said of this one. */
  open(transport: Transport, expected?: ExpectedTransfer | null): Parser<Tx>;
  /** What EVE has under the protocol's name, with Suricata 7's fields; null: nothing of this transaction. One has this or `addEve`. */
  eve?(tx: Tx, fingerprints?: Fingerprints): Record<string, unknown> | null;
  /** The same written at once, for protocols with many transactions. */
  addEve?(tx: Tx, into: JsonWriter): void;
  /** What alerts, files and events have beside that, by its own names. */
  beside?(tx: Tx): Record<string, unknown>;
  /** The objects of EVE's events of this type, where they are others than that of an alert, or several. */
  events?(tx: Tx, fingerprints?: Fingerprints): readonly Record<string, unknown>[];
  /** The same written at once: how many, and each. */
  eventCount?(tx: Tx): number;
  addEvent?(tx: Tx, index: number, into: JsonWriter): void;
}

/** Buffers and conditions of a protocol take its own transactions alone; who holds it by this type has to pass those. */
// biome-ignore lint/suspicious/noExplicitAny: the one place where protocols of different transactions lie together
export type AnyProtocol = Protocol<any>;
