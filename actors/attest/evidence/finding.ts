/**
 * Why a device is distrusted, as a closed list of reasons. There is no reason for trust but that all was proven:
 * whatever is missing, unreadable or goes wrong on the way is a finding too.
 */
export const REASONS = {
  'evidence-missing': 'something that the policy asks for was not shown',
  'evidence-unreadable': 'something that was shown breaks its layout',
  'check-failed': 'the check itself went wrong, so that nothing is proven',
  'key-unfit': 'the key is not one that may attest',
  'signature-invalid': "the signature is not the key's",
  'not-a-quote': 'what is signed is not a quote of a TPM',
  'signer-unknown': 'the quote names another signer than the key in its hierarchy',
  'nonce-wrong': 'the quote answers another challenge',
  'quote-old': 'the quote is older than the policy allows',
  'clock-unsafe': "the TPM's clock may have been set back by a loss of power",
  'clock-back': "the TPM's clock or counters ran backwards since the last quote",
  'firmware-changed': "the TPM's own firmware changed without a restart",
  'pcr-unquoted': 'the quote lacks a PCR that the policy asks for',
  'pcr-digest-wrong': 'the values of the PCRs are not those that were signed',
  'boot-log-wrong': 'the boot log does not replay to the signed values',
  'pcr-refused': 'a PCR has none of the values that are allowed',
  'firmware-unknown': 'no single version of the firmware has all of these values',
  'ima-log-wrong': 'the IMA log does not replay to the signed value',
  'ima-behind': 'the quote does not prove what the list was ahead of the last one',
  'ima-entry-wrong': 'an entry of the IMA log contradicts itself',
  'ima-violation': 'a file was changed while it was measured',
  'file-unknown': 'a file was measured that no rule names',
  'file-changed': 'a file has none of the digests that are allowed',
  'boot-aggregate-wrong': 'the IMA log does not belong to this start of the device',
} as const satisfies Record<string, string>;

export type Reason = keyof typeof REASONS;

export interface Finding {
  readonly reason: Reason;
  /** A sentence for people: which entry, which value. */
  readonly says: string;
  /** Where it lies, for programs. */
  readonly log?: 'boot' | 'ima';
  readonly entry?: number;
  readonly pcr?: number;
  readonly path?: string;
}

export type Place = Omit<Finding, 'reason' | 'says'>;

const FINDINGS_MAX = 32;

/** Controls and marks of direction, which would have a terminal or a page say something else. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is to be seen
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;
const seen = (text: string): string =>
  text.replace(UNSEEN, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`);

/** What was found in one check, at most so many: an attacker must not choose how much is said, nor how it is shown. */
export class Findings {
  readonly #list: Finding[] = [];
  #more = 0;

  add(reason: Reason, says: string, place: Place = {}): void {
    if (this.#list.length === FINDINGS_MAX) {
      this.#more += 1;
      return;
    }
    const path = place.path === undefined ? {} : { path: seen(place.path) };
    this.#list.push({ reason, says: seen(says), ...place, ...path });
  }

  get isEmpty(): boolean {
    return this.#list.length === 0;
  }

  /** Beside `all`. */
  get more(): number {
    return this.#more;
  }

  get all(): readonly Finding[] {
    return this.#list;
  }
}
