/**
 * Envelopes of records that come next, parsed ahead of their turn, and the MACs of those that belong to a session which is
 * known, made four at a time. It decides nothing: a verdict counts only for the very session that the envelope is checked
 * against in its turn, and what is wrong with an envelope is told then. State is not looked at, but for known sessions.
 */
import type { RecordWalk } from '../../engine/index.ts';
import {
  EnvelopeView,
  HmacLanes,
  KIND_ENVELOPE,
  type KnownSession,
  MODE_SESSION,
  PAYLOAD_BYTES_CEILING,
} from '../../schemas/envelope/index.ts';
import type { KnownDevices } from './known-devices.ts';

/** A few times four: the last of them may have to go with fewer. */
const AHEAD = 16;

/** An envelope, and what is known of it before its turn. */
export class AheadEnvelope {
  readonly view = new EnvelopeView(PAYLOAD_BYTES_CEILING);
  isParsed = false;
  /** Of the session whose MAC was made; null: none. */
  session: KnownSession | null = null;
  isMac = false;
  lane = -1;
}

export class EnvelopesAhead {
  readonly #known: KnownDevices;
  readonly #envelopes = Array.from({ length: AHEAD }, () => new AheadEnvelope());
  /** Made with the first session: its memory is for those alone. */
  #lanes: HmacLanes | null = null;
  /** Of the envelopes that wait in the lanes. */
  readonly #waiting: AheadEnvelope[] = [];
  /** Of the columns that were read ahead: which stretch, and the places [from, to). */
  #stretch = -1;
  #from = 0;
  #to = 0;

  constructor(known: KnownDevices) {
    this.#known = known;
  }

  /** Of the record at hand, whose kind is that of an envelope. */
  take(records: RecordWalk): AheadEnvelope {
    const at = records.from;
    if (records.stretch !== this.#stretch || at >= this.#to) this.#readAhead(records);
    return this.#envelopes[at - this.#from]!;
  }

  #readAhead(records: RecordWalk): void {
    const { bytes, from, columns } = records;
    const { keyIds, valueStarts, valueEnds } = columns;
    const to = Math.min(records.ahead, from + AHEAD);
    this.#stretch = records.stretch;
    this.#from = from;
    this.#to = to;
    for (let i = from; i < to; i++) {
      const envelope = this.#envelopes[i - from]!;
      const start = valueStarts[i]!;
      envelope.session = null;
      envelope.isParsed = bytes[start] === KIND_ENVELOPE && envelope.view.tryParseOnly(bytes, start + 1, valueEnds[i]!);
      if (envelope.isParsed && envelope.view.mode === MODE_SESSION) this.#enter(envelope, keyIds[i]!);
    }
    this.#run();
  }

  #enter(envelope: AheadEnvelope, keyId: number): void {
    const { view } = envelope;
    const session = this.#known.session(keyId);
    if (session?.isOf(view) !== true) return;
    this.#lanes ??= new HmacLanes();
    const { bytes, start, signatureStart } = view;
    if (!this.#lanes.hasRoom(start, signatureStart)) this.#run();
    if (!this.#lanes.hasRoom(start, signatureStart)) return;
    envelope.session = session;
    envelope.lane = this.#lanes.add(session.key, bytes, start, signatureStart);
    this.#waiting.push(envelope);
  }

  #run(): void {
    const lanes = this.#lanes;
    if (lanes === null || this.#waiting.length === 0) return;
    lanes.run();
    for (const envelope of this.#waiting) {
      const { view } = envelope;
      envelope.isMac = lanes.isMac(envelope.lane, view.bytes, view.signatureStart);
    }
    this.#waiting.length = 0;
  }
}
