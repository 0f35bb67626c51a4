/**
 * The CA that certifies devices' keys: P-256, its key in a file for its owner alone, made when it is first needed. X.509
 * version 3 after RFC 5280.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  X509Certificate,
} from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MsecError, type Random } from '../../engine/index.ts';
import { bits, implicit, integer, octets, oid, sequence, set, tagged, time, utf8, yes } from './der.ts';

const FILE = 'ca.pem';
const CA_NAME = 'msec device enrolment';
const CA_YEARS = 20;
const DAY_MS = 86_400_000;
/** Of clocks that are behind. */
const BACKDATED_MS = 5 * 60_000;

const ECDSA_SHA256 = sequence(oid('1.2.840.10045.4.3.2'));
const name = (common: string): Buffer => sequence(set(sequence(oid('2.5.4.3'), utf8(common))));
const keyHash = (key: KeyObject): Buffer => createHash('sha256').update(spki(key)).digest().subarray(0, 20);
const spki = (key: KeyObject): Buffer => key.export({ type: 'spki', format: 'der' });
const extension = (id: string, isCritical: boolean, value: Buffer): Buffer =>
  isCritical ? sequence(oid(id), yes, octets(value)) : sequence(oid(id), octets(value));

interface Certified {
  readonly subject: string;
  readonly key: KeyObject;
  readonly fromMs: number;
  readonly toMs: number;
  readonly extensions: readonly Buffer[];
}

function certificate(
  issuer: { readonly name: string; readonly key: KeyObject },
  of: Certified,
  random: Random,
): string {
  // 127 bits, so that it is positive whatever they are.
  const serial = random.bytes(16);
  serial[0]! = (serial[0]! & 0x7f) | 0x40;
  const publicKey = createPublicKey(issuer.key);
  const signed = sequence(
    tagged(0, integer(Buffer.of(2))),
    integer(serial),
    ECDSA_SHA256,
    name(issuer.name),
    sequence(time(of.fromMs), time(of.toMs)),
    name(of.subject),
    spki(of.key),
    tagged(
      3,
      sequence(
        ...of.extensions,
        extension('2.5.29.14', false, octets(keyHash(of.key))),
        extension('2.5.29.35', false, sequence(implicit(0, keyHash(publicKey)))),
      ),
    ),
  );
  const pem = sequence(signed, ECDSA_SHA256, bits(sign('sha256', signed, issuer.key))).toString('base64');
  return `-----BEGIN CERTIFICATE-----\n${pem.replace(/.{64}(?=.)/g, '$&\n')}\n-----END CERTIFICATE-----\n`;
}

export interface DeviceCertificate {
  readonly deviceId: string;
  readonly key: KeyObject;
  readonly days: number;
}

export class EnrolmentAuthority {
  readonly #key: KeyObject;
  /** In PEM. */
  readonly certificate: string;

  private constructor(key: KeyObject, pem: string) {
    this.#key = key;
    this.certificate = pem;
  }

  /** Of the folder; makes it where it is missing. CONFIG_INVALID where others may read its key. */
  static open(folder: string, nowMs: number, random: Random): EnrolmentAuthority {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const file = join(folder, FILE);
    try {
      return EnrolmentAuthority.#read(file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    const fresh = `${file}.${process.pid}`;
    writeFileSync(fresh, newAuthority(nowMs, random), { mode: 0o600 });
    try {
      linkSync(fresh, file);
    } catch (error) {
      // Another process was first: it is its CA then.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    } finally {
      rmSync(fresh, { force: true });
    }
    return EnrolmentAuthority.#read(file);
  }

  static #read(file: string): EnrolmentAuthority {
    const pem = readFileSync(file, 'utf8');
    if ((statSync(file).mode & 0o077) !== 0)
      throw new MsecError('CONFIG_INVALID', `Others may read the key of the enrolment CA: chmod 600 ${file}`);
    const own = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----\n/.exec(pem)?.[0] ?? '';
    try {
      const key = createPrivateKey(pem);
      if (new X509Certificate(own).checkPrivateKey(key)) return new EnrolmentAuthority(key, own);
    } catch (cause) {
      throw new MsecError('CONFIG_INVALID', `${file} does not hold a CA's key and certificate.`, { cause });
    }
    throw new MsecError('CONFIG_INVALID', `The key and the certificate in ${file} do not belong together.`);
  }

  /** In PEM: for signatures and for TLS as a client, under the device's id. */
  certify({ deviceId, key, days }: DeviceCertificate, nowMs: number, random: Random): string {
    return certificate(
      { name: CA_NAME, key: this.#key },
      {
        subject: deviceId,
        key,
        fromMs: nowMs - BACKDATED_MS,
        toMs: nowMs + days * DAY_MS,
        extensions: [
          extension('2.5.29.19', true, sequence()),
          extension('2.5.29.15', true, bits(Buffer.of(0x80), 7)),
          extension('2.5.29.37', false, sequence(oid('1.3.6.1.5.5.7.3.2'))),
          extension('2.5.29.17', false, sequence(implicit(6, Buffer.from(`urn:msec:device:${deviceId}`)))),
        ],
      },
      random,
    );
  }
}

function newAuthority(nowMs: number, random: Random): string {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const own = certificate(
    { name: CA_NAME, key: privateKey },
    {
      subject: CA_NAME,
      key: publicKey,
      fromMs: nowMs - BACKDATED_MS,
      toMs: nowMs + CA_YEARS * 365 * DAY_MS,
      extensions: [extension('2.5.29.19', true, sequence(yes)), extension('2.5.29.15', true, bits(Buffer.of(0x06), 1))],
    },
    random,
  );
  return `${privateKey.export({ type: 'pkcs8', format: 'pem' })}${own}`;
}
