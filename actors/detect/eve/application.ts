/** What a protocol has of a transaction, under its name. */
import { type JsonWriter, key } from '../json/index.ts';
import type { AnyProtocol, Fingerprints, Transaction } from '../protocols/index.ts';

const keys = new Map<string, Uint8Array>();

/** Of a protocol, of which there are few. */
export function nameKey(name: string): Uint8Array {
  let found = keys.get(name);
  if (found === undefined) {
    found = key(name);
    keys.set(name, found);
  }
  return found;
}

/** `more`: adds what the record alone has of it. False: the protocol tells nothing of such a transaction. */
export function addTransaction(
  into: JsonWriter,
  name: string,
  protocol: AnyProtocol,
  tx: Transaction,
  fingerprints: Fingerprints | undefined,
  more: ((into: JsonWriter) => void) | null = null,
): boolean {
  if (protocol.addEve === undefined) {
    const about = protocol.eve?.(tx, fingerprints) ?? null;
    if (about === null) return false;
    into.open(nameKey(name));
    into.spread(about);
  } else {
    into.open(nameKey(name));
    protocol.addEve(tx, into);
  }
  more?.(into);
  into.close();
  return true;
}

/** What it has beside that, by its own names. */
export function addBeside(into: JsonWriter, protocol: AnyProtocol, tx: Transaction): void {
  if (protocol.beside !== undefined) into.spread(protocol.beside(tx));
}
