/**
 * Whether a maker of TPMs stands behind a certificate of an endorsement key: a chain to one of the roots that the operator
 * trusts, every link signed, in time and allowed to sign, and the first one meant for endorsement keys. Revocation lists of
 * makers are not read.
 */
import { X509Certificate } from 'node:crypto';
import { MsecError } from '../../engine/index.ts';

/** tcg-kp-EKCertificate. */
const EK_USAGE = '2.23.133.8.1';
const LINKS_MAX = 6;
const CERTIFICATES_MAX = 200;
const PEM = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

const refused = (says: string): MsecError =>
  new MsecError('ENROLMENT_REFUSED', says, { field: 'endorsementCertificate' });

/** All certificates of a text in PEM. CONFIG_INVALID where there is none, or one that cannot be read. */
export function makersOf(pem: string): readonly X509Certificate[] {
  const texts = pem.match(PEM) ?? [];
  if (texts.length === 0 || texts.length > CERTIFICATES_MAX)
    throw new MsecError('CONFIG_INVALID', `there are ${texts.length} certificates, not 1 to ${CERTIFICATES_MAX}`, {
      field: 'ek-ca',
    });
  try {
    return texts.map((text) => new X509Certificate(text));
  } catch (cause) {
    throw new MsecError('CONFIG_INVALID', 'one of the certificates cannot be read', { field: 'ek-ca', cause });
  }
}

/** Those of `makers` that are self-signed are trusted, the others only lead there. ENROLMENT_REFUSED. */
export function checkEndorsementChain(
  der: Uint8Array,
  makers: readonly X509Certificate[],
  nowMs: number,
): X509Certificate {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(der);
  } catch (cause) {
    throw new MsecError('ENROLMENT_REFUSED', 'the certificate of the endorsement key cannot be read', {
      field: 'endorsementCertificate',
      cause,
    });
  }
  if (!(certificate.keyUsage ?? []).includes(EK_USAGE))
    throw refused('the certificate is not meant for an endorsement key (2.23.133.8.1)');
  if (certificate.ca) throw refused('the certificate is that of a CA');
  let link = certificate;
  for (let links = 1; links <= LINKS_MAX; links++) {
    checkTime(link, nowMs);
    const issuer = makers.find((maker) => maker.ca && isIssuedBy(link, maker));
    if (issuer === undefined) throw refused(`no maker that is trusted stands behind ${nameOf(link)}`);
    if (isIssuedBy(issuer, issuer)) {
      checkTime(issuer, nowMs);
      return certificate;
    }
    link = issuer;
  }
  throw refused(`the chain has more than ${LINKS_MAX} links`);
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  try {
    return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
  } catch {
    return false;
  }
}

function checkTime(certificate: X509Certificate, nowMs: number): void {
  const isInTime = certificate.validFromDate.getTime() <= nowMs && nowMs <= certificate.validToDate.getTime();
  if (!isInTime)
    throw refused(`${nameOf(certificate)} is valid from ${certificate.validFrom} to ${certificate.validTo} only`);
}

/** An endorsement key's certificate has an empty subject. */
function nameOf(certificate: X509Certificate): string {
  const subject = certificate.subject?.replaceAll('\n', ', ') ?? '';
  return subject === '' ? `certificate ${certificate.serialNumber}` : subject;
}
