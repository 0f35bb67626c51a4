/**
 * A connection to one TPM 2.0. Commands go one after another; each that may carry a session carries a salted HMAC session,
 * so that parameters are encrypted and changes on the bus are seen, without anybody asking for it. Whatever was loaded is
 * flushed by `close` at the latest. After a time limit or a response that cannot be believed nothing more is sent.
 */
import { type Clock, MsecError, pause, type Random, systemClock, systemRandom } from '../../engine/base/index.ts';
import {
  ALG_SHA256,
  CAP_HANDLES,
  CC,
  type CommandName,
  type HashAlgorithm,
  HT_HMAC_SESSION,
  HT_POLICY_SESSION,
  HT_TRANSIENT,
  invalidResponse,
  NO_BYTES,
  nameOf,
  RH_NULL,
  readPublic,
  SE_POLICY,
  SESSION_AUDIT,
  SESSION_DECRYPT,
  SESSION_ENCRYPT,
  ST_NO_SESSIONS,
  ST_SESSIONS,
  TpmReader,
  written,
} from '../../schemas/tpm/index.ts';
import { type Entity, handleBytes } from './entity.ts';
import { HANDLES_MAX, readHandles } from './handle-list.ts';
import { HmacSession, NONCE_BYTES, sessionParameters, sha256 } from './hmac-session.ts';
import type { PolicySession } from './policy-session.ts';
import { codeOf, parseResponse, type Response } from './response.ts';
import { decodeResponseCode } from './response-code.ts';
import { makeSaltKey, type SaltKey } from './salt-key.ts';
import { shareSecret } from './secret-sharing.ts';
import { isTpmRefusal, tpmDown } from './tpm-error.ts';
import type { TpmTransport } from './transport.ts';

export interface TpmCommand {
  readonly name: CommandName;
  readonly handles?: readonly Entity[];
  /** The first so many handles are authorized by a session each. */
  readonly authCount?: number;
  readonly parameters?: Uint8Array;
  /** Whether the first parameter, and the first of the response, is a TPM2B: it is encrypted then. */
  readonly isFirstSized?: boolean;
  readonly isFirstAnswerSized?: boolean;
  /** Whether the response begins with a handle. */
  readonly hasHandle?: boolean;
  /** Where the specification allows no session: flushing. */
  readonly isBare?: boolean;
  /** Making a key may take minutes on a chip. */
  readonly isLong?: boolean;
}

export interface Answer {
  readonly handle: number;
  readonly parameters: TpmReader;
}

export interface TpmOptions {
  readonly clock?: Clock;
  /** Nonces, and salts to RSA keys. */
  readonly random?: Random;
  /**
   * The storage key that sessions are salted to. With its Name, which somebody trustworthy must have told, not even an
   * active attacker on the bus can read or change a parameter; without any, a fresh key of the null hierarchy keeps out
   * who only listens.
   */
  readonly saltKey?: SaltKey;
  /** Of one command; default 20 s, and 2 minutes where a key is made. */
  readonly timeLimitMs?: number;
}

interface Slot {
  readonly handle: number;
  readonly session: HmacSession | null;
  readonly auth: Uint8Array;
  readonly flags: number;
}

const TIME_LIMIT_MS = 20_000;
const TIME_LIMIT_LONG_MS = 120_000;
/** Of the three that a TPM holds at least, one is left for a policy. */
const SESSIONS = 2;
const PENDING_MAX = 64;
const RETRIES_MAX = 20;
const RETRY_MS = 5;
const RETRY_MS_MAX = 500;

export class Tpm {
  readonly address: string;
  readonly #transport: TpmTransport;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #saltKey: SaltKey | undefined;
  readonly #timeLimitMs: number | undefined;
  /** The second is for commands that two handles authorize. */
  readonly #sessions: HmacSession[] = [];
  /** Transient objects and sessions that this connection made and has not flushed. */
  readonly #loaded = new Set<number>();
  #turn: Promise<unknown> = Promise.resolve();
  #pending = 0;
  #failure: Error | null = null;

  private constructor(transport: TpmTransport, options: TpmOptions) {
    this.address = transport.address;
    this.#transport = transport;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? systemRandom;
    this.#saltKey = options.saltKey;
    this.#timeLimitMs = options.timeLimitMs;
  }

  /** Owns the transport from here on, also where it fails. Starts a TPM that was just powered up. */
  static async open(transport: TpmTransport, options: TpmOptions = {}): Promise<Tpm> {
    const tpm = new Tpm(transport, options);
    try {
      await tpm.#inTurn(() => tpm.#prepare());
    } catch (error) {
      await transport.close();
      throw error;
    }
    return tpm;
  }

  /** TPM_REFUSED, TPM_RESPONSE_INVALID, DEPENDENCY_DOWN, TPM_BUSY. Handles it answers are flushed by `flush` or `close`. */
  execute(command: TpmCommand): Promise<Answer> {
    return this.#inTurn(() => this.#execute(command));
  }

  /** A session for one or more policies, of objects whose Names are made with `hash`; it is used up by the command that it authorizes, or flushed. */
  startPolicy(hash: HashAlgorithm = ALG_SHA256): Promise<PolicySession> {
    return this.#inTurn(async () => {
      const nonce = this.#random.bytes(NONCE_BYTES);
      const { handle } = await this.#startSession(sessionParameters(nonce, NO_BYTES, SE_POLICY, hash), RH_NULL);
      return { handle };
    });
  }

  /** Of a transient object or a session; what is persistent stays. */
  async flush({ handle }: { readonly handle: number }): Promise<void> {
    if (!this.#loaded.has(handle)) return;
    await this.#inTurn(() => this.#flush(handle));
  }

  /** Flushes what is loaded, sessions included, and closes the transport. Commands that wait are still answered. */
  async close(): Promise<void> {
    await this.#turn;
    this.#failure ??= tpmDown(`the connection to ${this.address} was closed`);
    try {
      // Even where a response was not to be believed; not where the line is dead, which says so at once.
      for (const handle of [...this.#loaded].reverse()) await this.#flush(handle).catch(() => undefined);
    } finally {
      await this.#transport.close();
    }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#pending >= PENDING_MAX)
      return Promise.reject(new MsecError('TPM_BUSY', `${PENDING_MAX} commands wait for the TPM at ${this.address}`));
    this.#pending++;
    const done = this.#turn.then(async () => {
      try {
        if (this.#failure !== null) throw this.#failure;
        return await work();
      } catch (error) {
        // A refusal leaves everything as it was; anything else may have left the two ends apart.
        if (!isTpmRefusal(error)) this.#failure ??= error as Error;
        throw error;
      } finally {
        this.#pending--;
      }
    });
    this.#turn = done.catch(() => undefined);
    return done;
  }

  async #prepare(): Promise<void> {
    const left = [HT_TRANSIENT, HT_HMAC_SESSION, HT_POLICY_SESSION];
    // A refusal to start only says that it was started.
    await this.#bare('Startup', Buffer.of(0, 0)).catch((error: unknown) => {
      if (!isTpmRefusal(error, 'INITIALIZE')) throw error;
    });
    if (!this.#transport.isExclusive) return;
    for (const kind of left) for (const handle of await this.#handles(kind)) await this.#flush(handle);
  }

  async #handles(kind: number): Promise<number[]> {
    const query = written((writer) => {
      writer.u32(CAP_HANDLES);
      writer.u32(kind * 2 ** 24);
      writer.u32(HANDLES_MAX);
    });
    const { parameters } = await this.#bare('GetCapability', query);
    return readHandles(new TpmReader(parameters, 'handles'));
  }

  async #flush(handle: number): Promise<void> {
    this.#loaded.delete(handle);
    await this.#bare('FlushContext', handleBytes(handle));
  }

  async #bare(name: CommandName, body: Uint8Array, hasHandle = false): Promise<Response> {
    const bytes = commandBytes(name, ST_NO_SESSIONS, body);
    const response = await this.#transmit(bytes, name, false);
    return parseResponse(response, this.#expected(name, hasHandle, 0));
  }

  #expected(command: CommandName, hasHandle: boolean, sessions: number) {
    return { command, hasHandle, sessions, onHandle: (handle: number) => void this.#loaded.add(handle) };
  }

  /** Sends it again while the TPM says that it is busy. */
  async #transmit(bytes: Uint8Array, name: CommandName, isLong: boolean): Promise<Buffer> {
    const limitMs = this.#timeLimitMs ?? (isLong ? TIME_LIMIT_LONG_MS : TIME_LIMIT_MS);
    for (let attempt = 1; ; attempt++) {
      const response = await this.#transport.transmit(bytes, limitMs);
      const code = codeOf(response);
      if (code === 0 || attempt === RETRIES_MAX || !decodeResponseCode(code).isRetry) return response;
      await pause(this.#clock, Math.min(RETRY_MS * 2 ** attempt, RETRY_MS_MAX));
      if (this.#failure !== null) throw tpmDown(`TPM2_${name} was given up`);
    }
  }

  /** All are made at once: later there may be no room for the key that they are salted to. */
  async #session(number: number): Promise<HmacSession> {
    if (this.#sessions.length > 0) return this.#sessions[number]!;
    const key = await this.#salted();
    const made: HmacSession[] = [];
    try {
      while (made.length < SESSIONS) {
        const { secret, encrypted } = shareSecret(key.area, 'SECRET', this.#random);
        const nonce = this.#random.bytes(NONCE_BYTES);
        const started = await this.#startSession(sessionParameters(nonce, encrypted), key.handle);
        made.push(new HmacSession(started.handle, secret, nonce, started.nonceTpm, this.#random));
      }
    } finally {
      if (this.#loaded.has(key.handle)) await this.#flush(key.handle);
    }
    this.#sessions.push(...made);
    return made[number]!;
  }

  async #salted() {
    const pinned = this.#saltKey;
    if (pinned === undefined) {
      return makeSaltKey(async (body) => {
        const bytes = commandBytes('CreatePrimary', ST_SESSIONS, body);
        return parseResponse(
          await this.#transmit(bytes, 'CreatePrimary', true),
          this.#expected('CreatePrimary', true, 1),
        );
      });
    }
    const { parameters } = await this.#bare('ReadPublic', handleBytes(pinned.handle));
    const area = new TpmReader(parameters, 'public area of the salt key').inside('public', (inner) =>
      readPublic(inner),
    );
    if (!nameOf(area).equals(pinned.name))
      throw invalidResponse(
        `the key at 0x${pinned.handle.toString(16)} is not the one that sessions are to be salted to`,
      );
    return { handle: pinned.handle, area };
  }

  async #startSession(parameters: Uint8Array, saltHandle: number) {
    const handles = Buffer.concat([handleBytes(saltHandle), handleBytes(RH_NULL)]);
    const response = await this.#bare('StartAuthSession', Buffer.concat([handles, parameters]), true);
    const reader = new TpmReader(response.parameters, 'session');
    const nonceTpm = reader.sized('nonce', 64);
    reader.end();
    return { handle: response.handle, nonceTpm };
  }

  async #execute(command: TpmCommand): Promise<Answer> {
    const { name, handles = [], authCount = 0, parameters = NO_BYTES, hasHandle = false, isLong = false } = command;
    const areHandles = Buffer.concat(handles.map(({ handle }) => handleBytes(handle)));
    if (command.isBare === true) {
      const { handle, parameters: answer } = await this.#bare(name, Buffer.concat([areHandles, parameters]), hasHandle);
      return { handle, parameters: new TpmReader(answer, `response to TPM2_${name}`) };
    }
    const slots = await this.#slots(command, handles.slice(0, authCount));
    const main = slots.find(({ flags }) => flags !== 0);
    for (const { session } of slots) session?.rollNonce();
    const sent = command.isFirstSized === true ? main!.session!.encryptCommand(parameters, main!.auth) : parameters;
    const code = handleBytes(CC[name]);
    const commandHash = sha256(code, ...handles.map((entity) => entity.name), sent);
    const bytes = commandBytes(
      name,
      ST_SESSIONS,
      written((writer) => {
        writer.copy(areHandles);
        const auths = written((area) => {
          for (const { handle, session, flags, auth } of slots) {
            if (session !== null) session.writeAuth(area, commandHash, flags, auth);
            else writePolicyAuth(area, handle);
          }
        });
        writer.u32(auths.length);
        writer.copy(auths);
        writer.copy(sent);
      }),
    );
    const response = parseResponse(
      await this.#transmit(bytes, name, isLong),
      this.#expected(name, hasHandle, slots.length),
    );
    const responseHash = sha256(handleBytes(0), code, response.parameters);
    for (const [i, { session, flags, auth }] of slots.entries()) {
      session?.check(response.auths[i]!, responseHash, flags, auth);
    }
    // A policy session ends with the command that it authorizes.
    for (const { handle, session } of slots) if (session === null) this.#loaded.delete(handle);
    const clear =
      command.isFirstAnswerSized === true
        ? main!.session!.decryptResponse(response.parameters, main!.auth)
        : response.parameters;
    return { handle: response.handle, parameters: new TpmReader(clear, `response to TPM2_${name}`) };
  }

  /**
   * A session for each handle that is to be authorized, and one that encrypts: the first HMAC session does, which is
   * added at the end where policies authorize everything. Where nothing can be encrypted it audits: its HMAC then still
   * shows that the response is the TPM's.
   */
  async #slots(command: TpmCommand, authorized: readonly Entity[]): Promise<Slot[]> {
    const encrypting =
      (command.isFirstSized === true ? SESSION_DECRYPT : 0) |
      (command.isFirstAnswerSized === true ? SESSION_ENCRYPT : 0);
    const flags = encrypting === 0 ? SESSION_AUDIT : encrypting;
    const slots: Slot[] = [];
    let used = 0;
    for (const { auth, policy } of authorized) {
      if (policy !== undefined) slots.push({ handle: policy.handle, session: null, auth: NO_BYTES, flags: 0 });
      else {
        const session = await this.#session(used);
        slots.push({ handle: session.handle, session, auth, flags: used === 0 ? flags : 0 });
        used++;
      }
    }
    if (used === 0) {
      const session = await this.#session(0);
      slots.push({ handle: session.handle, session, auth: NO_BYTES, flags });
    }
    return slots;
  }
}

function commandBytes(name: CommandName, tag: number, body: Uint8Array): Buffer {
  return written((writer) => {
    writer.u16(tag);
    writer.u32(10 + body.length);
    writer.u32(CC[name]);
    writer.copy(body);
  });
}

/** A policy session without a key of its own has no HMAC; what it has been shown is what counts. */
function writePolicyAuth(
  writer: { u32(value: number): void; u16(value: number): void; u8(value: number): void },
  handle: number,
): void {
  writer.u32(handle);
  writer.u16(0);
  writer.u8(0);
  writer.u16(0);
}
