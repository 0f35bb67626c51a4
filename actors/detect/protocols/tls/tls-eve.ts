/** What EVE has of TLS, in its extended form. */
import { ALL_FINGERPRINTS, type Fingerprints } from '../protocol.ts';
import { textOf } from '../text.ts';
import { ja3Hash, ja3String } from './fingerprints.ts';
import { DRAFT_BEFORE_16 } from './hello.ts';
import { SSL_2, type TlsTransaction } from './tls-parser.ts';

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

export function versionName(version: number): string {
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
  if (certificate !== null) Object.assign(fields, { subject: certificate.subject, issuerdn: certificate.issuer });
  // A ticket is only a wish: with a certificate there was a whole handshake.
  if (isResumed && certificate === null && tx.hasServerHello && !tx.isHidden) fields.session_resumed = true;
  if (certificate !== null) Object.assign(fields, { serial: certificate.serial, fingerprint: certificate.fingerprint });
  if (client.hello?.sni) fields.sni = textOf(client.hello.sni);
  fields.version = versionName(server.version);
  if (certificate !== null) {
    fields.notbefore = timeText(certificate.notBefore);
    fields.notafter = timeText(certificate.notAfter);
  }
  if (ja3 && client.hello !== null) {
    const string = ja3String(client.hello);
    fields.ja3 = { hash: ja3Hash(string), string };
  }
  if (ja3 && server.hello !== null) {
    const string = ja3String(server.hello);
    fields.ja3s = { hash: ja3Hash(string), string };
  }
  return fields;
}

/** A handshake is told of where its certificate was seen, or is known not to come. */
export const isTold = ({ server, isResumed, isHidden }: TlsTransaction): boolean =>
  server.certificate !== null || isResumed || isHidden;
