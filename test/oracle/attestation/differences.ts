/**
 * Where the verdict of another verifier differs, and why ours is as it is. A difference that no row explains fails the
 * test, and so does a row that explains nothing any more: the list can only shrink.
 */
export interface Difference {
  readonly peer: 'keylime' | 'go-attestation';
  /** `accepted`, or the reason of a refusal that the peer does not share. */
  readonly ours: string;
  /** Of the mutation's name. */
  readonly mutation: RegExp;
  readonly why: string;
}

const row = (peer: Difference['peer'], ours: string, mutation: RegExp, why: string): Difference => ({
  peer,
  ours,
  mutation,
  why,
});

export const DIFFERENCES: readonly Difference[] = [
  row('go-attestation', 'accepted', /^rsapss: /, 'it verifies PKCS #1 signatures alone; the key signs with PSS'),
  row('go-attestation', 'accepted', /: two banks signed$/, 'it reads one bank of a quote alone'),
  row(
    'go-attestation',
    'signature-invalid',
    /: the (scheme|hash) in the signature$/,
    "it overlooks the algorithms that the signature names, since it takes the key's; the TPM names its own truly",
  ),
  row(
    'go-attestation',
    'evidence-unreadable',
    /: (the hash in|a bit of) the signature$/,
    'the same, with an algorithm that is none',
  ),
  row(
    'go-attestation',
    'evidence-unreadable',
    /: bytes behind the (signature|quote, signed)$/,
    'it stops reading where it has what it wants; a TPM puts nothing behind',
  ),
  row(
    'go-attestation',
    'evidence-unreadable',
    /: a bit of the quote, signed$/,
    'the flag "safe" is neither 0 nor 1, or a PCR above 23 is selected: no TPM says so',
  ),
  row(
    'go-attestation',
    'evidence-unreadable',
    /^a bit$/,
    'events that extend nothing have digests of zeros, and the header is of PCR 0: it does not look there',
  ),
  row(
    'go-attestation',
    'boot-log-wrong',
    /^(a bit|an event left out|no event but the header)$/,
    'it holds a PCR for proven of which the log has no event at all, whatever its value',
  ),
  row(
    'go-attestation',
    'evidence-unreadable',
    /^a locality that is none$/,
    'TPM2_Startup comes from locality 0 or 3, or 4 stands for a hardware measurement; it takes any byte',
  ),
  row('keylime', 'accepted', /^rsapss: /, 'its check of quotes takes RSASSA of RSA keys alone'),
  row(
    'keylime',
    'pcr-unquoted',
    /: PCRs 11 to 20 signed, claimed as 0 to 9$/,
    'it takes the numbers of the PCRs from the values beside the quote, which nobody has signed, and not from the quote',
  ),
  row(
    'keylime',
    'pcr-digest-wrong',
    /: (the SHA-1 bank|a bit of the quote,) signed$/,
    'the same: the selection in the quote is not looked at',
  ),
  row('keylime', 'signer-unknown', /: a bit of the quote, signed$/, 'it does not read the signer'),
  row(
    'keylime',
    'evidence-unreadable',
    /: a bit of the quote, signed$/,
    'lengths and flags that no TPM writes: it reads over what it does not use',
  ),
  row(
    'keylime',
    'evidence-unreadable',
    /: bytes behind the (signature|quote, signed)$/,
    'it stops reading where it has what it wants; a TPM puts nothing behind',
  ),
  row(
    'keylime',
    'evidence-unreadable',
    /^an empty line$/,
    'it skips empty lines; the kernel writes none, so the list was written by something else',
  ),
  row(
    'keylime',
    'boot-aggregate-wrong',
    /^the first entry left out, proven so$/,
    'it does not ask for the boot aggregate, without which the list belongs to no start of the device',
  ),
  row('keylime', 'evidence-missing', /^no entry, proven so$/, 'an empty list with PCR 10 at zeros is no evidence'),
  row('keylime', 'accepted', /^a file of the newest template$/, 'it does not know ima-ngv2'),
];
