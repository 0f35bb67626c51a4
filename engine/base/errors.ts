/**
 * Every error code of msec, in one table. Callers match the code, never a class or a sentence: an error that crossed
 * a worker thread is plain data. docs/reference/errors.md is generated from this table.
 */

export type ErrorKind = 'input' | 'operating' | 'bug';

export interface ErrorRow {
  /** input: the record's or the caller's own fault; operating: the world's, may pass; bug: ours or the actor's. */
  readonly kind: ErrorKind;
  /** Whether the same call may succeed later, unchanged. Retriable errors pause; they never dead-letter. */
  readonly retriable: boolean;
  readonly meaning: string;
  readonly remedy: string;
}

const row = (kind: ErrorKind, retriable: boolean, meaning: string, remedy: string): ErrorRow => ({
  kind,
  retriable,
  meaning,
  remedy,
});

export const ERROR_TABLE = {
  ACTOR_FAILED: row(
    'bug',
    false,
    'An actor threw while it handled a record.',
    'Mend the actor, then resend the letter.',
  ),
  ASSERTION_FAILED: row('bug', false, 'Something that must be true was not.', 'Report it with the message.'),
  ATTESTATION_REQUIRED: row(
    'operating',
    true,
    'The device is in quarantine: no data of it is taken until it has proved itself.',
    'It answers the next challenge of its attestation; `msec device why ID` tells what it is doubted for.',
  ),
  AVRO_INVALID: row(
    'input',
    false,
    'The bytes are not the Avro record that was expected.',
    'Check that the producer writes the schema of the topic.',
  ),
  BATCH_CORRUPT: row(
    'input',
    false,
    'The bytes are not a record batch, or its CRC-32C differs.',
    'Check the producer and the disk.',
  ),
  BATCH_TOO_LARGE: row('input', false, 'A record or batch exceeds the limit of its topic.', 'Send smaller records.'),
  BUDGET_EXHAUSTED: row(
    'input',
    false,
    'The device failed the signature check too often; its frames are refused unchecked for a while.',
    'Mend or revoke the device.',
  ),
  CAPTURE_INVALID: row(
    'input',
    false,
    'The bytes are not a packet capture, or it is damaged at the named place; the packets before it are good.',
    'Write it again as pcap or pcapng.',
  ),
  CHECKPOINT_INVALID: row(
    'input',
    false,
    'The text is no checkpoint of a log of interactions.',
    'Give it as `msec trust checkpoint` printed it.',
  ),
  CLOCK_SKEW: row(
    'input',
    false,
    "The device's signed time lies too far after the time of receipt.",
    "Set the device's clock.",
  ),
  CLOSED: row('operating', false, 'The part was closed before the call ended.', 'Start it again.'),
  CONFIG_INVALID: row('input', false, 'The configuration breaks its schema.', 'Correct the named line.'),
  DEPENDENCY_DOWN: row('operating', true, 'Something outside does not answer.', 'It is tried again by itself.'),
  DATA_UNUSABLE: row(
    'operating',
    false,
    'The data folder cannot be made or written.',
    'Name another with --data, or give its owner the right to write.',
  ),
  DEVICE_EXISTS: row('input', false, 'A device with this id is enrolled, or was.', 'Choose another id.'),
  DEVICE_INVALID: row('input', false, 'A device registry record breaks its schema.', 'Correct the named field.'),
  DEVICE_LIMIT: row('operating', false, 'As many devices as allowed are enrolled.', 'Raise the limit.'),
  DEVICE_QUARANTINED: row(
    'input',
    false,
    'The device signed two different contents under one sequence number: somebody else may have its key.',
    'Give it a new key and token with `msec device rotate`, then release it with `msec device reset`.',
  ),
  DEVICE_REVOKED: row('input', false, 'The device was revoked.', 'Enrol it again if that was wrong.'),
  DEVICE_UNKNOWN: row('input', false, 'No such device is enrolled.', 'Enrol it with `msec device add`.'),
  ENROLMENT_REFUSED: row(
    'input',
    false,
    'A device did not prove that its keys live in a TPM of a trusted maker.',
    'Look at the named field; the certificates of makers are named with --ek-ca.',
  ),
  ENVELOPE_INVALID: row('input', false, "The bytes break the envelope's layout.", 'See docs/specs/envelope.md.'),
  EVIDENCE_INVALID: row(
    'input',
    false,
    'What a device shows of its state (a quote, a key, a log) breaks the layout, or is not fit to prove anything.',
    'Look at the named entry and byte; a device that goes on so is distrusted.',
  ),
  FENCED: row('operating', false, 'A newer owner has taken over.', 'None: the newer owner goes on.'),
  FRAME_INVALID: row(
    'input',
    false,
    'The bytes are not a frame of the named type.',
    'Look at the named field and offset; the layouts are in docs/reference/frames.',
  ),
  FRAME_TOO_LARGE: row(
    'input',
    false,
    'The frame exceeds the limit of the bridge.',
    'Send smaller frames, or raise the limit in msec.yaml.',
  ),
  IDENTITY_MISMATCH: row(
    'input',
    false,
    'The device of the credential, of the key and the identity inside the frame are not one.',
    'Check what the device sends and how it is enrolled.',
  ),
  INTAKE_BUSY: row(
    'operating',
    true,
    'More frames are on their way into the log than the bridge may hold.',
    'Send again after the time that the answer names.',
  ),
  INTERACTION_INVALID: row(
    'input',
    false,
    'An interaction cannot count: a value out of its range, an unknown service, a trustor that judges itself, a time in the future.',
    'Correct the named field where interactions are made.',
  ),
  INTERACTION_LATE: row(
    'input',
    false,
    'An interaction came so late that it is no longer known whether it was counted before.',
    'Send interactions sooner, or raise trust.horizon.',
  ),
  KEY_DESTROYED: row(
    'input',
    false,
    "The day's data key was destroyed: the record can never be read again, on purpose.",
    'None.',
  ),
  KEY_EXPIRED: row(
    'input',
    false,
    "The frame was received before its key's time begins or after it has ended.",
    'Give the device a new key with `msec device rotate`, or `msec device renew` where it lives in a TPM.',
  ),
  KEY_UNKNOWN: row(
    'input',
    false,
    "The frame's key is none of the device's active keys.",
    "Use the device's current key, or enrol the new one with `msec device rotate`.",
  ),
  LOG_LOCKED: row(
    'operating',
    true,
    'Another process has the data directory open for writing.',
    'Stop that process, or give this one a directory of its own; reading beside it is possible.',
  ),
  LOG_TRUNCATED: row(
    'operating',
    false,
    'Records that were read are no longer in the log: a broker that lacked them was elected leader.',
    'Decide whether what was made of them stands; then begin at an offset that exists. Forbid unclean elections.',
  ),
  MODE_REFUSED: row(
    'input',
    false,
    "The device's record does not allow the key the envelope's mode or algorithm.",
    'Use what the device is enrolled for, or enrol a key for it with `msec device rotate`.',
  ),
  NOT_AUTHENTICATED: row(
    'input',
    false,
    'The device id and the token do not belong together.',
    'Use the token that `msec device add`, `enrol` or `rotate` printed last; `msec device rotate` replaces a lost one.',
  ),
  OFFSET_OUT_OF_RANGE: row(
    'input',
    false,
    'The offset lies before the start or after the end of the partition.',
    'Start from the earliest or latest offset.',
  ),
  PACKETS_INVALID: row(
    'input',
    false,
    'The bytes are not a batch of captured packets.',
    'Check the publisher against docs/specs/packet-batch.md.',
  ),
  PARTITION_WRONG: row(
    'input',
    false,
    "The record lies in another partition than its key's, where no task may handle it.",
    "Let the producer partition by murmur2 (librdkafka: partitioner=murmur2_random), or set kafka.foreignPartitioning to repartition; a letter that is sent again goes to its key's partition.",
  ),
  POLICY_INVALID: row(
    'input',
    false,
    'An attestation policy, or a file of reference values, breaks its language.',
    'Correct the named line and column; docs/specs/attestation-policy.md has the grammar.',
  ),
  PORT_TAKEN: row(
    'operating',
    true,
    'Another program listens on the port.',
    'Stop that program, or name another port; 0 takes any free one.',
  ),
  PROOF_INVALID: row(
    'input',
    false,
    'The proof does not hold, or none can be made: what was signed is not what is shown.',
    'Trust what it tells no further than whoever shows it.',
  ),
  QUOTA_EXCEEDED: row(
    'operating',
    true,
    'The disk quota is used up by records that a required reader has not read.',
    'Let the reader catch up or raise the quota.',
  ),
  RATE_LIMITED: row(
    'operating',
    true,
    'The device sends more frames than its rate allows.',
    'Send again after the time that the answer names, or raise the rate in msec.yaml.',
  ),
  RECORD_HUNG: row(
    'bug',
    false,
    'Handling the record did not end within the limit.',
    'Mend the actor, then resend the letter.',
  ),
  RECORD_KILLED_WORKER: row(
    'bug',
    false,
    'The worker thread died while it handled the record.',
    'Mend the actor, then resend the letter.',
  ),
  REOPEN_NEEDED: row(
    'operating',
    false,
    'What an actor keeps beside its state was undone: its task is opened again and makes it anew.',
    'Nothing: it does so by itself.',
  ),
  REPLAYED: row(
    'input',
    false,
    'The boot epoch or sequence lies before what is still tracked.',
    'After a device lost its state: raise its boot epoch, or `msec device reset`.',
  ),
  REQUEST_INVALID: row(
    'input',
    false,
    'The request is not one that this address answers.',
    'Read the message; docs/bridges.md shows each request.',
  ),
  RULES_INVALID: row(
    'input',
    false,
    'A bundle of detection rules breaks its layout, or its rules are not what it says they are; the rules before stay in force.',
    'Read the message, which names the rule; make the bundle again with `msec ids bundle make`.',
  ),
  RULES_OLD: row(
    'input',
    false,
    'A bundle of detection rules is not newer than one that was in force: who has an old one could undo what came since.',
    'Give it a higher version, or go back with `msec ids bundle roll-back`.',
  ),
  SCHEMA_INCOMPATIBLE: row(
    'input',
    false,
    'The schema cannot follow the earlier versions of its subject.',
    'Change the schema at the named path as the refusal says.',
  ),
  SCHEMA_INVALID: row(
    'input',
    false,
    'The text is not an Avro schema, or a setting is unknown.',
    'Correct the schema.',
  ),
  SCHEMA_UNKNOWN: row('input', false, 'No such subject, version or schema id.', 'List the subjects of the registry.'),
  SEAL_INVALID: row(
    'input',
    false,
    'A sealed record was changed, or sealed for another device.',
    'Check who can write to the topic.',
  ),
  SEALED_KEY_INVALID: row(
    'input',
    false,
    'The file is no sealed key, or was damaged.',
    'Take another copy of it; the recovery key beside a backup opens the same disk.',
  ),
  SEQUENCE_CONFLICT: row(
    'input',
    false,
    'Two different signed frames carry the same boot epoch and sequence.',
    'The device, or a copy of its key, must be looked at.',
  ),
  SESSION_EXPIRED: row(
    'input',
    false,
    'The session is older than 24 hours, or has covered as many frames as it may.',
    'The device begins another session.',
  ),
  SIGNATURE_INVALID: row(
    'input',
    false,
    'The signature does not hold.',
    'Check that it was signed, and with which key: a frame with the device’s, a file with that of whoever made it.',
  ),
  STANDING_UNCHANGED: row(
    'input',
    false,
    'How the provider stands leaves nothing for the command to change.',
    'The message says how it stands: only a blacklisting can be appealed, and one for good cannot be made twice.',
  ),
  STATE_CORRUPT: row(
    'operating',
    false,
    'The changelog of a state cannot be read.',
    'Check the disk; restore the data directory.',
  ),
  TOPIC_CONFLICT: row(
    'input',
    false,
    'The topic exists with another configuration.',
    'Use its configuration or another name.',
  ),
  TOPIC_REFUSED: row(
    'input',
    false,
    'A device may publish to devices/<its id>/frames and subscribe to devices/<its id>/notices, without retained messages.',
    'Correct the topic or the flag.',
  ),
  TOPIC_UNKNOWN: row('input', false, 'No such topic or partition.', 'See `msec topics list`.'),
  VALUE_INVALID: row('input', false, 'The value does not have the form of its topic.', 'Check the producer.'),
  VALUE_MISSING: row('input', false, 'A record of this topic must have a value.', 'Check the producer.'),
  TOPOLOGY_INVALID: row('input', false, 'The actors cannot be wired as declared.', 'Correct the named actor or topic.'),
  TPM_BUSY: row('operating', true, 'More commands wait for the TPM than may.', 'Send fewer at once.'),
  TPM_REFUSED: row(
    'operating',
    false,
    'The TPM refused a command; the message names its response code, and which handle, parameter or session is meant.',
    'Look at what is named: a password, a policy, a handle that is taken or gone.',
  ),
  TPM_RESPONSE_INVALID: row(
    'operating',
    false,
    "What came back is no response of the TPM to the command, or was changed on the way, or is another key's.",
    'Check what stands between the program and the TPM, and the password that was given.',
  ),
  TPM_TAKEN: row(
    'operating',
    false,
    'Another process holds the software TPM of the data folder.',
    'End it, such as a `msec device attest` that runs there, or work on another TPM with --tpm.',
  ),
  TPM_UNCERTIFIED: row(
    'operating',
    false,
    'The TPM holds no certificate of an endorsement key of its own.',
    'Enrol a TPM whose maker has left one; swtpm gets one by swtpm_setup --create-ek-cert.',
  ),
  TRUSTEE_UNKNOWN: row(
    'input',
    false,
    'Nobody has had an interaction with this provider for this service.',
    'Look at the names: `msec topics tail trust.scores` shows who is judged for what.',
  ),
  UNSEAL_REFUSED: row(
    'input',
    false,
    'The key is not given out: the machine is in another state than it is sealed to, or the recovery key is another one.',
    'Look at the named PCRs; start what the key is sealed to, or open it with the recovery key and seal it again.',
  ),
  UNSIGNED: row(
    'input',
    false,
    'The frame is not signed and signatures are required.',
    'Sign frames, or allow the source.',
  ),
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERROR_TABLE;

/** Where in a record an error lies: the field's name and the byte offset from the start of what was parsed. */
export interface ErrorPlace {
  readonly field?: string;
  readonly byteOffset?: number;
}

export interface ErrorData extends ErrorPlace {
  readonly code: ErrorCode;
  readonly message: string;
}

export class MsecError extends Error {
  readonly code: ErrorCode;
  readonly field: string | undefined;
  readonly byteOffset: number | undefined;

  constructor(code: ErrorCode, message: string, place: ErrorPlace & { cause?: unknown } = {}) {
    super(message, place.cause === undefined ? undefined : { cause: place.cause });
    this.name = 'MsecError';
    this.code = code;
    this.field = place.field;
    this.byteOffset = place.byteOffset;
  }

  get retriable(): boolean {
    return ERROR_TABLE[this.code].retriable;
  }

  get kind(): ErrorKind {
    return ERROR_TABLE[this.code].kind;
  }
}

/** What an unknown thrown value says, as plain data that may cross a thread. */
export function errorData(thrown: unknown): ErrorData {
  if (thrown instanceof MsecError) {
    const { code, message, field, byteOffset } = thrown;
    return {
      code,
      message,
      ...(field === undefined ? {} : { field }),
      ...(byteOffset === undefined ? {} : { byteOffset }),
    };
  }
  return { code: 'ACTOR_FAILED', message: thrown instanceof Error ? thrown.message : String(thrown) };
}

/** A programmer's error when false; stays on in production. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new MsecError('ASSERTION_FAILED', message);
}
