/**
 * The one way in for bundles of rules: who pushes one, or goes back to an earlier one, adds to ids.rules in one transaction
 * under an ownership; every process that reads it verifies the bundle itself, lays it down for its workers, and writes the
 * words that put it in force between the packets of each partition. Words are written again with each start and by each
 * process: one that was there before says nothing new.
 */
import type { KeyObject } from 'node:crypto';
import { BUNDLE_BYTES_MAX } from '../../actors/detect/index.ts';
import {
  type Append,
  type Clock,
  errorData,
  type Log,
  type LogReader,
  MsecError,
  type Ownership,
  pause,
  type Random,
  systemRandom,
} from '../../engine/index.ts';
import { IDS_RULES } from '../../schemas/topics/index.ts';
import type { CheckBundle } from './bundle-check.ts';
import type { CheckedBundle } from './check-messages.ts';
import { appendsOf, type Entry, entriesOfPush, refusalEntry, wordAppends } from './desk-appends.ts';
import { isOrderSigned, type RollBackOrder } from './roll-back-order.ts';
import { type BookReader, RuleBook } from './rule-book.ts';
import type { RuleFiles } from './rule-files.ts';
import { overviewOf, type RuleOverview, turnCheck, whyNotTaken } from './rule-overview.ts';
import type { BundleRecord, TurnRecord } from './rule-records.ts';

export interface RuleDeskOptions {
  readonly log: Log;
  readonly clock: Clock;
  readonly random?: Random;
  /** Whose bundles are taken. */
  readonly keys: readonly KeyObject[];
  readonly files: RuleFiles;
  /** Where packets are; null where no sensor runs yet. */
  readonly packets: { readonly topic: string; readonly partitions: number } | null;
  readonly check: CheckBundle;
  /** Whether a roll-back needs a signature of one of the keys. */
  readonly signsRollBacks?: boolean;
  readonly onTurn?: (turn: TurnRecord) => void;
  /** Of a bundle that was pushed here, or came through the topic. */
  readonly onRefused?: (about: { readonly name: string; readonly version: number; readonly because: string }) => void;
  /** Of work that goes on by itself; it is tried again. */
  readonly onFailure?: (error: unknown) => void;
}

export interface RollBack {
  /** null: the one that was in force before. */
  readonly version: number | null;
  readonly by: string;
  readonly why: string;
  /** Of its order (roll-back-order.ts), in base64. */
  readonly signature?: string;
}

export interface RuleTurn extends TurnRecord {
  /** What was in force until then. */
  readonly replaces: Pick<TurnRecord, 'name' | 'version'> | null;
}

const OWNER = 'msec.ids-rules';
const ATTEMPTS_MAX = 8;
const BACK_OFF_MS = 10;
const WAIT_MS = 1_000;
/** From the announcement of a set to its use: workers make it in small steps meanwhile. */
export const PREPARE_MS = 2_000;
const TEXT_CHARS_MAX = 500;

export class RuleDesk {
  readonly #options: RuleDeskOptions;
  readonly #random: Random;
  readonly #book: RuleBook;
  readonly #waiter: LogReader;
  readonly #stopping = new AbortController();
  /** Bundles that came through the topic and are not taken here, with the reason. */
  readonly #refused = new Map<string, string>();
  #turn: Promise<unknown> = Promise.resolve();
  #following: Promise<void> = Promise.resolve();
  /** The words are written one turn after the other. */
  #words: Promise<void> = Promise.resolve();
  #announced = 0;
  #isFollowing = false;

  private constructor(options: RuleDeskOptions) {
    this.#options = options;
    this.#random = options.random ?? systemRandom;
    this.#book = new RuleBook(options.log.openReader(), turnCheck(options.keys, options.signsRollBacks === true));
    this.#waiter = options.log.openReader();
  }

  /** Resolves when all that the topic says is known, and laid down. */
  static async open(options: RuleDeskOptions): Promise<RuleDesk> {
    const desk = new RuleDesk(options);
    try {
      await desk.#inTurn(() => desk.#read());
    } catch (error) {
      await desk.close();
      throw error;
    }
    return desk;
  }

  /** Of a bundle. */
  get bytesMax(): number {
    return BUNDLE_BYTES_MAX;
  }

  /** From here on words are written: at once for what is in force, and for each turn to come. */
  start(): void {
    this.#isFollowing = true;
    const turn = this.#book.turn;
    if (turn !== null) this.#announce(turn, false);
    this.#following = this.#follow().catch((error: unknown) => this.#failed(error));
  }

  /** SIGNATURE_INVALID, RULES_INVALID, RULES_OLD; what is in force stays then. */
  async push(bundle: Uint8Array, by: string): Promise<RuleTurn> {
    checkText(by, 'by');
    let checked: CheckedBundle | null = null;
    try {
      checked = await this.#options.check(bundle, this.#options.keys);
      const known = checked;
      return await this.#change((at) => {
        const highest = this.#book.turn?.highest ?? 0;
        if (known.version <= highest)
          throw new MsecError(
            'RULES_OLD',
            `${known.name} ${known.version} is not newer than ${this.#nameOf(highest)}, which was in force`,
            { field: 'version' },
          );
        return entriesOfPush(this.#book, bundle, known, by, at);
      });
    } catch (thrown) {
      if (thrown instanceof MsecError && thrown.kind === 'input') await this.#noteRefusal(thrown, checked, by);
      throw thrown;
    }
  }

  /**
   * To a bundle that was in force before and is still kept. REQUEST_INVALID where there is none such, SIGNATURE_INVALID where it
   * has to be signed and is not, or was for another turn.
   */
  async rollBack({ version, by, why, signature }: RollBack): Promise<RuleTurn> {
    checkText(by, 'by');
    checkText(why, 'why');
    return this.#change((at) => {
      const now = this.#book.turn;
      const bundle = now === null ? undefined : this.#earlier(now, version);
      if (now === null || bundle === undefined)
        throw new MsecError('REQUEST_INVALID', this.#whyNoWayBack(now, version), { field: 'version' });
      const refused = this.#refused.get(bundle.digest);
      if (refused !== undefined) throw new MsecError('RULES_INVALID', refused, { field: 'version' });
      const { digest, name } = bundle;
      this.#checkOrder({ after: now.sequence, digest, by, why }, signature);
      const terms = { kind: 'roll-back', sequence: now.sequence + 1, highest: now.highest } as const;
      const signed = signature === undefined ? {} : { signature };
      return [{ kind: 'turn', turn: { ...terms, digest, name, version: bundle.version, by, why, at, ...signed } }];
    });
  }

  #checkOrder(order: RollBackOrder, signature: string | undefined): void {
    if (signature === undefined) {
      if (this.#options.signsRollBacks !== true) return;
      throw new MsecError(
        'SIGNATURE_INVALID',
        'a roll-back has to be signed here (ids.signedRollBack): msec ids bundle roll-back --key',
        { field: 'signature' },
      );
    }
    if (isOrderSigned(order, signature, this.#options.keys)) return;
    throw new MsecError(
      'SIGNATURE_INVALID',
      'no key that is trusted has signed this roll-back: another key, or another bundle is in force by now',
      { field: 'signature' },
    );
  }

  overview(): Promise<RuleOverview> {
    return this.#inTurn(async () => {
      await this.#read();
      return overviewOf(this.#book, this.#refused);
    });
  }

  async close(): Promise<void> {
    this.#stopping.abort();
    await this.#waiter.close();
    await this.#following;
    await this.#words;
    await this.#turn;
    await this.#book.close();
  }

  #earlier(now: TurnRecord, version: number | null): BundleRecord | undefined {
    const { bundles, turns } = this.#book;
    if (version !== null)
      return [...bundles.values()].find((one) => one.version === version && one.digest !== now.digest);
    const before = [...turns.values()]
      .sort((a, b) => b.sequence - a.sequence)
      .find(({ digest }) => digest !== now.digest && bundles.has(digest));
    return before === undefined ? undefined : bundles.get(before.digest);
  }

  /** Versions count over all names. */
  #nameOf(version: number): string {
    for (const turn of this.#book.turns.values()) if (turn.version === version) return `${turn.name} ${version}`;
    return `version ${version}`;
  }

  #whyNoWayBack(now: TurnRecord | null, version: number | null): string {
    if (now === null || version === null) return 'no bundle was in force before';
    if (version === now.version) return `${now.name} ${version} is in force`;
    const kept = [...this.#book.bundles.values()].sort((a, b) => b.version - a.version);
    return `version ${version} is not kept; kept are ${kept.map((one) => `${one.name} ${one.version}`).join(', ')}`;
  }

  /** One change after another, in this process by turns, among processes by the ownership. */
  #change(entriesOf: (at: number) => readonly Entry[]): Promise<RuleTurn> {
    return this.#inTurn(async () => {
      const { log, clock } = this.#options;
      for (let attempt = 1; ; attempt += 1) {
        let ownership: Ownership | null = null;
        try {
          ownership = await log.acquire(OWNER);
          await this.#read();
          const at = clock.now();
          const before = this.#book.turn;
          const entries = entriesOf(at);
          await log.commit({ ownership, appends: appendsOf(entries, at), admission: 'internal' });
          await this.#read();
          return {
            ...turnOf(entries),
            replaces: before === null ? null : { name: before.name, version: before.version },
          };
        } catch (error) {
          if (!(error instanceof MsecError) || error.code !== 'FENCED' || attempt === ATTEMPTS_MAX) throw error;
          await pause(clock, (this.#random.u32() / 2 ** 32) * BACK_OFF_MS * 2 ** attempt);
        } finally {
          if (ownership !== null) await log.release?.(ownership);
        }
      }
    });
  }

  async #noteRefusal(thrown: MsecError, checked: CheckedBundle | null, by: string): Promise<void> {
    const { log, clock } = this.#options;
    const { name = null, version = null } = checked ?? {};
    const { code, message } = errorData(thrown);
    this.#options.onRefused?.({ name: name ?? '', version: version ?? 0, because: message });
    try {
      await this.#inTurn(async () => {
        await this.#read();
        const entry = refusalEntry(this.#book, { name, version, code, says: message, by, at: clock.now() });
        await log.commit({ appends: appendsOf([entry], clock.now()), admission: 'internal' });
      });
    } catch (error) {
      // Whoever pushed is told of the bundle, and not of this.
      this.#options.onFailure?.(error);
    }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const working = this.#turn.then(work);
    this.#turn = working.catch(() => undefined);
    return working;
  }

  /** On to the end of the topic; a turn that is new is announced. */
  async #read(): Promise<void> {
    await this.#book.read(this.#bookReader);
    const turn = this.#book.turn;
    if (this.#isFollowing && turn !== null) this.#announce(turn, true);
  }

  readonly #bookReader: BookReader = {
    whole: (bundle, bytes) => {
      const { digest, name, version } = bundle;
      const { files, keys } = this.#options;
      const why = whyNotTaken(bundle, bytes, keys);
      if (why === null) {
        this.#refused.delete(digest);
        if (bytes !== null && !files.has(digest)) files.keep(digest, bytes);
        return;
      }
      this.#refused.set(digest, why);
      files.refuse(digest, why);
      this.#options.onRefused?.({ name, version, because: why });
    },
    gone: (digest) => {
      this.#refused.delete(digest);
      this.#options.files.refuse(digest, 'the bundle is no longer kept: newer ones have come');
    },
    unreadable: (says) => this.#options.onFailure?.(new MsecError('VALUE_INVALID', says)),
  };

  async #follow(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      await this.#waiter.wait([{ topic: IDS_RULES, partition: 0, offset: this.#book.offset }], WAIT_MS);
      if (this.#stopping.signal.aborted) return;
      try {
        await this.#inTurn(() => this.#read());
      } catch (error) {
        this.#failed(error);
        await pause(this.#options.clock, WAIT_MS, this.#stopping.signal);
      }
    }
  }

  #announce(turn: TurnRecord, isNew: boolean): void {
    if (turn.sequence <= this.#announced) return;
    this.#announced = turn.sequence;
    this.#options.onTurn?.(turn);
    this.#words = this.#words.then(() => this.#say(turn, isNew));
  }

  async #say(turn: TurnRecord, isNew: boolean): Promise<void> {
    const { packets, clock } = this.#options;
    if (packets === null) return;
    const { signal } = this.#stopping;
    if (isNew) {
      await this.#commitWords(() => wordAppends(turn, 'prepare', packets, clock.now()));
      await pause(clock, PREPARE_MS, signal);
    }
    await this.#commitWords(() => wordAppends(turn, 'use', packets, clock.now()));
  }

  /** Until it is done: the next start would say it again, but packets come before. */
  async #commitWords(appendsOfTry: () => readonly Append[]): Promise<void> {
    const { log, clock } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        await log.commit({ appends: appendsOfTry(), admission: 'internal' });
        return;
      } catch (error) {
        this.#failed(error);
        await pause(clock, WAIT_MS, signal);
      }
    }
  }

  #failed(error: unknown): void {
    if (!this.#stopping.signal.aborted) this.#options.onFailure?.(error);
  }
}

function turnOf(entries: readonly Entry[]): TurnRecord {
  for (const entry of entries) if (entry.kind === 'turn') return entry.turn;
  throw new MsecError('ASSERTION_FAILED', 'each change is a turn');
}

function checkText(text: string, field: string): void {
  if (text === '' || text.length > TEXT_CHARS_MAX)
    throw new MsecError('REQUEST_INVALID', `${field} must be text of at most ${TEXT_CHARS_MAX} characters`, { field });
}
