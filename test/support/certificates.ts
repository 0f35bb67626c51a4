/** Certificates for tests, made by openssl: an authority, a server's for localhost and 127.0.0.1, a client's. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { programPath } from './needs.ts';

export interface Certificate {
  /** Paths of PEM files; `both` is the key with the certificate behind it. */
  readonly certificateFile: string;
  readonly both: string;
  readonly certificate: string;
  readonly key: string;
}

export interface Certificates {
  readonly authorityFile: string;
  readonly authority: string;
  readonly server: Certificate;
  readonly client: Certificate;
}

/** Needs `needs('openssl')`. The files lie in `folder`. */
export function makeCertificates(folder: string): Certificates {
  const openssl = (...args: string[]) => execFileSync(programPath('openssl'), args, { cwd: folder, stdio: 'pipe' });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  openssl('req', '-x509', ...key, '-days', '2', '-subj', '/CN=test authority', '-keyout', 'ca.key', '-out', 'ca.pem');
  const made = (name: string, extension: string): Certificate => {
    openssl('req', ...key, '-subj', `/CN=${name}`, '-keyout', `${name}.key`, '-out', `${name}.csr`);
    writeFileSync(join(folder, `${name}.ext`), extension);
    const signed = ['-in', `${name}.csr`, '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2'];
    openssl('x509', '-req', ...signed, '-extfile', `${name}.ext`, '-out', `${name}.pem`);
    const text = (file: string) => readFileSync(join(folder, file), 'utf8');
    writeFileSync(join(folder, `${name}.both.pem`), text(`${name}.key`) + text(`${name}.pem`));
    return {
      certificateFile: join(folder, `${name}.pem`),
      both: join(folder, `${name}.both.pem`),
      certificate: text(`${name}.pem`),
      key: text(`${name}.key`),
    };
  };
  return {
    authorityFile: join(folder, 'ca.pem'),
    authority: readFileSync(join(folder, 'ca.pem'), 'utf8'),
    server: made('server', 'subjectAltName=DNS:localhost,IP:127.0.0.1\n'),
    client: made('client', 'extendedKeyUsage=clientAuth\n'),
  };
}
