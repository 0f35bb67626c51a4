/** What EVE has of TLS, in its extended form. */
import { ALL_FINGERPRINTS, type Fingerprints } from '../protocol.ts';
import { textOf } from '../text.ts';
import { isWhole } from './certificate.ts';
import type { Ja3 } from './fingerprints.ts';
import { DRAFT_BEFORE_16 } from './hello.ts';
import { SSL_2, type TlsTransaction } from './tls-transaction.ts';

type Fields = Record<string, unknown>;

const VERSIONS: ReadonlyMap<number, string> = new Map([
  [0, 'UNDETERMINED'],
  [SSL_2, 'SSLv2'],
  [0x0300, 'SSLv3'],
  [0x0301, 'TLSv1'],
  [0x0302, 'TLS 1.1'],
  [0x0303, 'TLS 1.2'],
  [0x0304, 'TLS 1.3'],
  [DRAFT_BEFORE_16, 'TLS 1.3 draft-<16'],
  [0xfb17, 'TLS 1.3 draft-23-fb'],
  [0xfb1a, 'TLS 1.3 draft-26-fb'],
]);

function versionName(version: number): string {
  const name = VERSIONS.get(version);
  if (name !== undefined) return name;
  if (version >> 8 === 0x7f) return `TLS 1.3 draft-${version & 255}`;
  return `0x${version.toString(16).padStart(4, '0')}`;
}

/** `2024-05-06T07:08:09` */
const timeText = (seconds: number): string => new Date(seconds * 1000).toISOString().slice(0, 19);

export function tlsFields(tx: TlsTransaction, { ja3 }: Fingerprints = ALL_FINGERPRINTS): Fields {
  const { client, server, isResumed } = tx;
  const { certificate } = server;
  const fields: Fields = {};
  if (certificate !== null) Object.assign(fields, { subject: certificate.subject });
  if (certificate !== null && certificate.issuer !== null) Object.assign(fields, { issuerdn: certificate.issuer });
  // A ticket is only a wish: with a certificate there was a whole handshake.
  if (isResumed && certificate === null && tx.hasServerHello && !tx.isHidden) fields.session_resumed = true;
  if (isWhole(certificate)) Object.assign(fields, { serial: certificate.serial, fingerprint: certificate.fingerprint });
  if (client.sni !== null) fields.sni = textOf(client.sni);
  fields.version = versionName(server.version);
  if (isWhole(certificate)) {
    fields.notbefore = timeText(certificate.notBefore);
    fields.notafter = timeText(certificate.notAfter);
  }
  if (ja3 && client.ja3 !== null) fields.ja3 = ja3Fields(client.ja3);
  if (ja3 && server.ja3 !== null) fields.ja3s = ja3Fields(server.ja3);
  return fields;
}

function ja3Fields({ hash, text }: Ja3): Fields {
  return hash === null ? { string: text } : { hash, string: text };
}

/** A handshake is told of where its certificate was seen, or is known not to come. */
export const isTold = ({ server, isResumed, isHidden }: TlsTransaction): boolean =>
  isWhole(server.certificate) || isResumed || isHidden;
