/**
 * Who we are to a broker: PLAIN (RFC 4616), SCRAM, OAUTHBEARER (RFC 7628). `exchange` carries one message there and one
 * back. No error says what the password or the token is.
 */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { MsecError } from '../../../base/index.ts';
import type { KafkaSasl, KafkaTokenFile } from '../settings.ts';
import { ScramClient } from './scram.ts';

export interface OauthToken {
  readonly value: string;
  /** SASL extensions (KIP-342). */
  readonly extensions?: Readonly<Record<string, string>>;
}

/** The token is asked for at each login and each login that renews one. It is code, so it does not cross threads. */
export interface OauthSasl {
  readonly mechanism: 'OAUTHBEARER';
  token(): Promise<OauthToken>;
}

export type SaslOptions = KafkaSasl | KafkaTokenFile | OauthSasl;

type Exchange = (message: Uint8Array) => Promise<Uint8Array>;

/** CONFIG_INVALID where the broker does not take the login, or does not prove that it knows the password. */
export async function authenticate(sasl: SaslOptions, exchange: Exchange): Promise<void> {
  switch (sasl.mechanism) {
    case 'PLAIN':
      if (sasl.user.includes('\0') || sasl.password.includes('\0')) {
        throw new MsecError('CONFIG_INVALID', 'a user or password of SASL PLAIN holds a zero', { field: 'sasl' });
      }
      await exchange(Buffer.from(`\0${sasl.user}\0${sasl.password}`));
      return;
    case 'SCRAM-SHA-256':
    case 'SCRAM-SHA-512': {
      const hash = sasl.mechanism === 'SCRAM-SHA-256' ? 'sha256' : 'sha512';
      const scram = new ScramClient(hash, sasl.user, sasl.password, randomBytes(24).toString('base64url'));
      const first = await exchange(Buffer.from(scram.first()));
      const final = await exchange(Buffer.from(await scram.final(textOf(first))));
      scram.verify(textOf(final));
      return;
    }
    case 'OAUTHBEARER':
      await authenticateByToken('tokenFile' in sasl ? await tokenOf(sasl) : await sasl.token(), exchange);
  }
}

async function tokenOf({ tokenFile }: KafkaTokenFile): Promise<OauthToken> {
  try {
    return { value: (await readFile(tokenFile, 'utf8')).trim() };
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? error.code : 'unreadable';
    throw new MsecError('CONFIG_INVALID', `the token file ${tokenFile}: ${reason}`, { field: 'sasl' });
  }
}

async function authenticateByToken({ value, extensions = {} }: OauthToken, exchange: Exchange): Promise<void> {
  const pairs = Object.entries(extensions).map(([name, text]) => `${name}=${text}`);
  if ([value, ...pairs].some((text) => /[^ -~]/.test(text))) {
    throw new MsecError('CONFIG_INVALID', 'an OAUTHBEARER token holds what no token may', { field: 'sasl' });
  }
  const answer = await exchange(
    Buffer.from(`n,,\x01auth=Bearer ${value}\x01${pairs.map((pair) => `${pair}\x01`).join('')}\x01`),
  );
  if (answer.length === 0) return;
  // The broker says why and waits for this one byte before it fails the login, which is what is thrown then.
  await exchange(Buffer.of(1));
  throw new MsecError('CONFIG_INVALID', `Kafka refuses the token: ${textOf(answer).slice(0, 200)}`, { field: 'sasl' });
}

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');
