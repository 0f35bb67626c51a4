/**
 * What must be in the log of a city whose devices are attested, worked out from its inputs in their order: written apart from the
 * actors, from docs/specs/attestation-protocol.md, and with plain objects alone. Evidence comes with what it is, as whoever made it
 * knows; nothing is checked here.
 */
export interface TrustTermsPlain {
  readonly intervalMs: number;
  readonly deadlineMs: number;
  readonly retryMs: number;
  readonly failuresMax: number;
  readonly graceMs: number;
}

/** A record of attest.evidence in its partition; null: the time alone. */
export interface EvidenceInput {
  readonly timestamp: number;
  readonly device: string | null;
  readonly what:
    | { readonly kind: 'registered' | 'revoked' | 'bad-notice' }
    | { readonly kind: 'good' | 'bad'; readonly id: number }
    | null;
}

/** A record of device.frames in its partition. */
export interface FrameInput {
  readonly timestamp: number;
  readonly device: string | null;
  readonly what:
    | { readonly frame: number }
    | { readonly released: number }
    | { readonly trusted: boolean; readonly untilMs: number }
    | null;
}

export interface Told {
  readonly states: Record<string, string[]>;
  readonly challenges: Record<string, string[]>;
  readonly words: Record<string, string[]>;
}

interface Known {
  state: string;
  due: number;
  until: number;
  lastId: number;
  answered: number;
  open: { id: number; deadline: number } | null;
  failures: number;
  misses: number;
}

/** What attestation must have told of each device, from all partitions of attest.evidence. */
export function expectedTrust(partitions: readonly (readonly EvidenceInput[])[], terms: TrustTermsPlain): Told {
  const told: Told = { states: {}, challenges: {}, words: {} };
  for (const records of partitions) {
    const known = new Map<string, Known>();
    let now = Number.NEGATIVE_INFINITY;
    for (const { timestamp, device, what } of records) {
      if (device !== null && what !== null) happens(told, terms, known, device, what, timestamp);
      // What is due is looked at when time moves on, and not before.
      if (timestamp <= now) continue;
      now = timestamp;
      for (;;) {
        const due = [...known].filter(([, one]) => one.due <= now).sort(([, a], [, b]) => a.due - b.due)[0];
        if (due === undefined) break;
        passes(told, terms, ...due, now);
      }
    }
  }
  return told;
}

function happens(
  told: Told,
  terms: TrustTermsPlain,
  known: Map<string, Known>,
  device: string,
  what: NonNullable<EvidenceInput['what']>,
  at: number,
): void {
  let one = known.get(device);
  if (what.kind === 'registered') {
    if (one !== undefined) return;
    one = { state: 'unknown', due: at, until: 0, lastId: 0, answered: 0, open: null, failures: 0, misses: 0 };
    known.set(device, one);
    say(told, device, 'unknown never-proven');
    return;
  }
  if (one === undefined || one.state === 'revoked') return;
  if (what.kind === 'revoked') {
    const wasTrusted = one.state === 'trusted';
    Object.assign(one, { state: 'revoked', due: Number.POSITIVE_INFINITY, open: null });
    say(told, device, 'revoked revoked');
    if (wasTrusted) word(told, device, false, 0);
    return;
  }
  if (!('id' in what)) {
    doubt(told, terms, device, one, 'file-changed', at, true);
    return;
  }
  if (one.open === null || one.open.id !== what.id) {
    if (what.id === one.answered || (one.open === null && what.id === one.lastId)) return;
    doubt(told, terms, device, one, 'nonce-wrong', at, true);
  } else if (at > one.open.deadline) doubt(told, terms, device, one, 'evidence-missing', at, false);
  else if (what.kind === 'bad') doubt(told, terms, device, one, 'signature-invalid', at, true);
  else {
    const next = at + terms.intervalMs;
    const until = next + terms.deadlineMs;
    Object.assign(one, { state: 'trusted', failures: 0, misses: 0, open: null, answered: what.id, due: next, until });
    say(told, device, 'trusted proven');
    word(told, device, true, until);
  }
}

/** Something of the device has become due. */
function passes(told: Told, terms: TrustTermsPlain, device: string, one: Known, now: number): void {
  if (one.open !== null || (one.state === 'trusted' && now >= one.until)) {
    doubt(told, terms, device, one, 'evidence-missing', now, false);
    return;
  }
  const deadline = one.state === 'trusted' ? one.until : now + terms.deadlineMs;
  one.lastId += 1;
  one.open = { id: one.lastId, deadline };
  one.due = deadline + terms.graceMs;
  add(told.challenges, device, `${one.lastId} ${deadline}`);
}

function doubt(
  told: Told,
  terms: TrustTermsPlain,
  device: string,
  one: Known,
  reason: string,
  at: number,
  isShown: boolean,
): void {
  const wasTrusted = one.state === 'trusted';
  if (isShown) [one.failures, one.misses] = [one.failures + 1, 0];
  else one.misses += 1;
  if (isShown && one.failures >= terms.failuresMax) one.state = 'quarantined';
  else if (one.state !== 'quarantined' && (isShown || one.state !== 'unknown')) one.state = 'suspect';
  one.open = null;
  one.due = at + Math.min(terms.intervalMs, terms.retryMs * 2 ** Math.min(16, one.failures + one.misses - 1));
  say(told, device, `${one.state} ${reason}`);
  if (wasTrusted) word(told, device, false, 0);
}

function add<T>(to: Record<string, T[]>, device: string, what: T): void {
  to[device] = [...(to[device] ?? []), what];
}

function say(told: Told, device: string, state: string): void {
  add(told.states, device, state);
}

function word(told: Told, device: string, isTrusted: boolean, until: number): void {
  add(told.words, device, `${isTrusted} ${until}`);
}

export interface Passed {
  /** Numbers of frames, in order. */
  readonly read: Record<string, number[]>;
  readonly held: Record<string, number[]>;
}

/** Which frames must have been read and which held, from all partitions of device.frames. */
export function expectedFrames(partitions: readonly (readonly FrameInput[])[]): Passed {
  const passed: Passed = { read: {}, held: {} };
  const until = new Map<string, number>();
  const seen = new Set<string>();
  for (const { timestamp, device, what } of partitions.flat()) {
    if (device === null || what === null) continue;
    if ('trusted' in what) until.set(device, what.trusted ? what.untilMs : Number.NEGATIVE_INFINITY);
    else if ('released' in what) {
      const isRead = timestamp <= (until.get(device) ?? Number.NEGATIVE_INFINITY);
      add(isRead ? passed.read : passed.held, device, what.released);
    } else if (!seen.has(`${device} ${what.frame}`)) {
      seen.add(`${device} ${what.frame}`);
      const isRead = timestamp <= (until.get(device) ?? Number.NEGATIVE_INFINITY);
      add(isRead ? passed.read : passed.held, device, what.frame);
    }
  }
  return passed;
}

/** What the log holds of one device, in the order of its partition. */
export interface HeldHistory {
  /** Of device.quarantine; null: the mark that the device is back. */
  readonly held: readonly { readonly offset: number; readonly frame: number | null }[];
  readonly decisions: readonly {
    readonly decision: 'release' | 'drop';
    readonly by: string;
    readonly from: number;
    readonly to: number;
    readonly frames: number;
  }[];
  /** Numbers of the frames that came back into device.frames. */
  readonly released: readonly number[];
  /** Numbers of all frames that the device sent, and of those that were read. */
  readonly sent: readonly number[];
  readonly read: readonly number[];
}

/** What is wrong with the books of one device: each frame is read, dropped or still held, and that once. */
export function heldDifferences(of: HeldHistory, doesPolicyDecide: boolean): string[] {
  const differences: string[] = [];
  const dropped: number[] = [];
  const released: number[] = [];
  let to = 0;
  for (const decision of of.decisions) {
    const passedOver = of.held.filter(({ offset, frame }) => frame !== null && offset >= to && offset < decision.from);
    if (decision.from < to) differences.push(`a decision from ${decision.from} on, and another went to ${to}`);
    if (passedOver.length > 0) differences.push(`${passedOver.length} frames before ${decision.from} were passed over`);
    const frames = of.held.flatMap(({ offset, frame }) =>
      frame !== null && offset >= decision.from && offset < decision.to ? [frame] : [],
    );
    if (frames.length !== decision.frames)
      differences.push(`${decision.frames} frames decided on, ${frames.length} lie there`);
    (decision.decision === 'release' ? released : dropped).push(...frames);
    to = decision.to;
  }
  if (String(released) !== String(of.released)) differences.push(`released ${of.released}, decided so ${released}`);
  const waiting = of.held.filter(({ offset, frame }) => frame !== null && offset >= to);
  const back = of.held.findLast(({ frame }) => frame === null)?.offset ?? -1;
  const forgotten = waiting.filter(({ offset }) => offset < back);
  if (doesPolicyDecide && forgotten.length > 0)
    differences.push(`${forgotten.length} frames of a device that is back wait`);
  const ends = [...of.read, ...dropped, ...waiting.map(({ frame }) => frame as number)].sort((a, b) => a - b);
  const sent = [...of.sent].sort((a, b) => a - b);
  if (String(ends) !== String(sent)) differences.push(`sent ${sent}, and read, dropped or held ${ends}`);
  return differences;
}
