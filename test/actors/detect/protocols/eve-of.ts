/** What a protocol tells of a transaction, whichever way it does. */
import { JsonWriter } from '../../../../actors/detect/json/index.ts';
import type { Fingerprints, Protocol, Transaction } from '../../../../actors/detect/protocols/index.ts';

type Fields = Record<string, unknown>;

/** The object of alerts; null: there is none. */
export function eveOf<Tx extends Transaction>(
  protocol: Protocol<Tx>,
  tx: Tx,
  fingerprints?: Fingerprints,
): Fields | null {
  if (protocol.addEve === undefined) return protocol.eve?.(tx, fingerprints) ?? null;
  return written((into) => protocol.addEve!(tx, into));
}

/** Those of its own records. */
export function eventsOf<Tx extends Transaction>(protocol: Protocol<Tx>, tx: Tx): readonly Fields[] {
  if (protocol.eventCount !== undefined)
    return Array.from({ length: protocol.eventCount(tx) }, (_, index) =>
      written((into) => protocol.addEvent!(tx, index, into)),
    );
  const one = protocol.events === undefined ? eveOf(protocol, tx) : null;
  return protocol.events?.(tx) ?? (one === null ? [] : [one]);
}

function written(add: (into: JsonWriter) => void): Fields {
  const into = new JsonWriter();
  into.begin();
  add(into);
  into.close();
  return JSON.parse(Buffer.from(into.bytes.subarray(0, into.length)).toString()) as Fields;
}
