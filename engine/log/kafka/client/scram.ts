/**
 * SCRAM-SHA-256 and -512 (RFC 5802, RFC 7677), the client's side: two messages to the server, and the proof that the
 * server knows the password too. The password never leaves this file.
 */
import { createHash, createHmac, pbkdf2, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { MsecError } from '../../../base/index.ts';

export type ScramHash = 'sha256' | 'sha512';

const HASH_BYTES = { sha256: 32, sha512: 64 } as const;
/** RFC 7677 and Kafka's own limit; more iterations than the upper one would be an attack on this process. */
const ITERATIONS_MIN = 4096;
const ITERATIONS_MAX = 1_000_000;

const pbkdf2Async = promisify(pbkdf2);

export class ScramClient {
  readonly #hash: ScramHash;
  readonly #password: string;
  readonly #nonce: string;
  readonly #firstBare: string;
  #serverSignature: Buffer | undefined;

  /** `nonce`: printable, without commas, never used before. */
  constructor(hash: ScramHash, user: string, password: string, nonce: string) {
    this.#hash = hash;
    // The same normal form as Kafka's StorageTool and clients take: SASLprep is the identity for what it allows.
    this.#password = password.normalize('NFKC');
    this.#nonce = nonce;
    this.#firstBare = `n=${user.replaceAll('=', '=3D').replaceAll(',', '=2C')},r=${nonce}`;
  }

  first(): string {
    return `n,,${this.#firstBare}`;
  }

  /** The answer to the server's first message. CONFIG_INVALID, DEPENDENCY_DOWN. */
  async final(serverFirst: string): Promise<string> {
    const match = /^r=([^,]+),s=([A-Za-z0-9+/=]+),i=(\d{1,9})(?:,|$)/.exec(serverFirst);
    if (match === null) throw malformed('the first message');
    const [, nonce = '', salt = '', iterationsText = ''] = match;
    const iterations = Number(iterationsText);
    if (!nonce.startsWith(this.#nonce) || nonce.length === this.#nonce.length) throw malformed('the nonce');
    if (iterations < ITERATIONS_MIN || iterations > ITERATIONS_MAX) throw malformed('the count of iterations');
    const salted = await pbkdf2Async(
      this.#password,
      Buffer.from(salt, 'base64'),
      iterations,
      HASH_BYTES[this.#hash],
      this.#hash,
    );
    const clientKey = this.#hmac(salted, 'Client Key');
    const storedKey = createHash(this.#hash).update(clientKey).digest();
    // biws is the base64 of the header of the first message, "n,,".
    const finalBare = `c=biws,r=${nonce}`;
    const exchange = `${this.#firstBare},${serverFirst},${finalBare}`;
    const signature = this.#hmac(storedKey, exchange);
    const proof = clientKey.map((byte, i) => byte ^ signature[i]!);
    this.#serverSignature = this.#hmac(this.#hmac(salted, 'Server Key'), exchange);
    return `${finalBare},p=${Buffer.from(proof).toString('base64')}`;
  }

  /** Whether the server's last message proves that it knows the password. CONFIG_INVALID, DEPENDENCY_DOWN. */
  verify(serverFinal: string): void {
    const refused = /^e=([^,]*)/.exec(serverFinal);
    if (refused !== null) {
      throw new MsecError('CONFIG_INVALID', `Kafka refuses the SCRAM login: ${refused[1]}`, { field: 'sasl' });
    }
    const match = /^v=([A-Za-z0-9+/=]+)(?:,|$)/.exec(serverFinal);
    if (match === null || this.#serverSignature === undefined) throw malformed('the last message');
    const given = Buffer.from(match[1]!, 'base64');
    if (given.length === this.#serverSignature.length && timingSafeEqual(given, this.#serverSignature)) return;
    throw new MsecError('CONFIG_INVALID', "Kafka's SCRAM signature is wrong: it does not know the password", {
      field: 'sasl',
    });
  }

  #hmac(key: Buffer, text: string): Buffer {
    return createHmac(this.#hash, key).update(text).digest();
  }
}

function malformed(what: string): MsecError {
  return new MsecError('DEPENDENCY_DOWN', `Kafka's SCRAM exchange is malformed: ${what}`);
}
