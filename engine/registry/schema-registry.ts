/**
 * The embedded schema registry without its HTTP face: subjects, versions, global ids, compatibility. Its state is what
 * its log holds; a change is answered only once the log has it. Several processes may share a log that can be claimed:
 * a change is then decided on all that the log holds, and decided anew where another process has written meanwhile.
 */
import { MsecError } from '../base/index.ts';
import { type CompatibilityLevel, type EarlierVersion, isLevel, LEVELS, refusals } from './levels.ts';
import { type ParsedSchema, parseSchema, type SchemaReference } from './parsed-schema.ts';
import type { SchemaLog } from './schema-log.ts';
import { configRecord, readRegistryRecord, type StoredVersion, schemaRecord } from './stored-records.ts';

export interface SchemaCandidate {
  readonly schema: string;
  readonly references?: readonly SchemaReference[];
}

export interface SubjectVersion {
  readonly subject: string;
  readonly version: number;
  readonly id: number;
  readonly schema: string;
  readonly references: readonly SchemaReference[];
}

interface Held extends SubjectVersion {
  readonly parsed: ParsedSchema;
  isDeleted: boolean;
}

/** Changes that wait for the log. A caller beyond is refused, which only a stuck log can bring about. */
const CHANGES_WAITING_MAX = 256;
/** For one change: processes that start together register the same schemas. */
const CLAIMS_MAX = 20;
const REFERENCE_DEPTH_MAX = 16;
const DEFAULT_LEVEL: CompatibilityLevel = 'BACKWARD';

export class SchemaRegistry {
  readonly #log: SchemaLog;
  /** Ascending versions, deleted ones included. */
  readonly #subjects = new Map<string, Held[]>();
  readonly #byId = new Map<number, Held>();
  readonly #idByNormal = new Map<string, number>();
  readonly #levels = new Map<string, CompatibilityLevel>();
  #globalLevel: CompatibilityLevel = DEFAULT_LEVEL;
  #idNext = 1;
  #changes: Promise<unknown> = Promise.resolve();
  #changesWaiting = 0;
  #refresh: Promise<void> | null = null;

  private constructor(log: SchemaLog) {
    this.#log = log;
  }

  /** Reads the whole log. Throws SCHEMA_INVALID where a record of it cannot be understood. */
  static async open(log: SchemaLog): Promise<SchemaRegistry> {
    const registry = new SchemaRegistry(log);
    await registry.#load();
    return registry;
  }

  /** Learns what other processes have written; nothing where there are none. */
  refresh(): Promise<void> {
    if (this.#log.claim === undefined) return Promise.resolve();
    // Who asks while one waits for its turn gets the same answer.
    this.#refresh ??= this.#change(() => {
      this.#refresh = null;
      return this.#load();
    });
    return this.#refresh;
  }

  /**
   * Adds a version, or finds the one with the same schema. Throws SCHEMA_INVALID, SCHEMA_INCOMPATIBLE with every
   * reason, SCHEMA_UNKNOWN for a reference that is not there.
   */
  register(subject: string, candidate: SchemaCandidate): Promise<SubjectVersion> {
    return this.#change(async () => {
      checkSubject(subject);
      const parsed = this.#parse(candidate);
      const known = this.#live(subject).find((held) => held.parsed.normal === parsed.normal);
      if (known !== undefined) return published(known);
      const reasons = refusals(this.effectiveLevel(subject), parsed, this.#live(subject));
      if (reasons.length > 0) throw incompatible(subject, this.effectiveLevel(subject), reasons);
      const version = (this.#subjects.get(subject)?.at(-1)?.version ?? 0) + 1;
      const id = this.#idByNormal.get(parsed.normal) ?? this.#idNext;
      const held: Held = {
        subject,
        version,
        id,
        schema: parsed.text,
        references: parsed.references,
        parsed,
        isDeleted: false,
      };
      const { key, value } = schemaRecord(held);
      await this.#log.append(key, value);
      this.#hold(held);
      return published(held);
    });
  }

  /** The version of the subject with this very schema. Throws SCHEMA_UNKNOWN, its field `subject` or `schema`. */
  lookup(subject: string, candidate: SchemaCandidate): SubjectVersion {
    const versions = this.#existing(subject);
    const { normal } = this.#parse(candidate);
    const found = versions.find((held) => held.parsed.normal === normal);
    if (found === undefined) throw unknown('schema', `subject '${subject}' has no such schema`);
    return published(found);
  }

  subjects(): string[] {
    return [...this.#subjects.keys()].filter((subject) => this.#live(subject).length > 0).sort();
  }

  versions(subject: string): number[] {
    return this.#existing(subject).map(({ version }) => version);
  }

  /** Throws SCHEMA_UNKNOWN, its field `subject` or `version`. */
  version(subject: string, version: number | 'latest'): SubjectVersion {
    const versions = this.#existing(subject);
    const found = version === 'latest' ? versions.at(-1) : versions.find((held) => held.version === version);
    if (found === undefined) throw unknown('version', `subject '${subject}' has no version ${version}`);
    return published(found);
  }

  /** Also of deleted versions: data that names the id may still lie about. Throws SCHEMA_UNKNOWN, field `schema`. */
  byId(id: number): SubjectVersion {
    const found = this.#byId.get(id);
    if (found === undefined) throw unknown('schema', `no schema has the id ${id}`);
    return published(found);
  }

  /** Of the subject alone, null where it has none of its own; without a subject the one that holds for the rest. */
  level(subject?: string): CompatibilityLevel | null {
    return subject === undefined ? this.#globalLevel : (this.#levels.get(subject) ?? null);
  }

  effectiveLevel(subject: string): CompatibilityLevel {
    return this.#levels.get(subject) ?? this.#globalLevel;
  }

  /** Null sets the level that holds where a subject has none. Throws SCHEMA_INVALID, field `compatibility`. */
  setLevel(subject: string | null, level: string): Promise<CompatibilityLevel> {
    return this.#change(async () => {
      if (subject !== null) checkSubject(subject);
      if (!isLevel(level)) {
        const place = { field: 'compatibility' };
        throw new MsecError('SCHEMA_INVALID', `the level must be one of ${LEVELS.join(', ')}`, place);
      }
      const { key, value } = configRecord(subject, level);
      await this.#log.append(key, value);
      this.#setLevel(subject, level);
      return level;
    });
  }

  /**
   * Why the candidate could not follow this one version at the subject's level; empty where it could. A subject
   * without versions refuses nothing when asked for its latest.
   */
  test(subject: string, version: number | 'latest', candidate: SchemaCandidate): string[] {
    const parsed = this.#parse(candidate);
    const live = this.#live(subject);
    if (version === 'latest') return refusals(this.effectiveLevel(subject), parsed, live.slice(-1));
    this.version(subject, version);
    return refusals(
      this.effectiveLevel(subject),
      parsed,
      live.filter((held) => held.version === version),
    );
  }

  #live(subject: string): (Held & EarlierVersion)[] {
    return (this.#subjects.get(subject) ?? []).filter((held) => !held.isDeleted);
  }

  #existing(subject: string): Held[] {
    const versions = this.#live(subject);
    if (versions.length === 0) throw unknown('subject', `there is no subject '${subject}'`);
    return versions;
  }

  #parse({ schema, references = [] }: SchemaCandidate): ParsedSchema {
    return parseSchema(schema, references, this.#referencedTexts(references, 0));
  }

  /** The texts of the references, each once and after those that it needs itself. */
  #referencedTexts(references: readonly SchemaReference[], depth: number): string[] {
    if (depth > REFERENCE_DEPTH_MAX)
      throw new MsecError('SCHEMA_INVALID', 'references are nested too deep', { field: 'schema' });
    const texts = new Set<string>();
    for (const { subject, version } of references) {
      const referenced = this.version(subject, version);
      for (const text of this.#referencedTexts(referenced.references, depth + 1)) texts.add(text);
      texts.add(referenced.schema);
    }
    return [...texts];
  }

  /** One change after another, each on the state that the last one left. */
  #change<T>(run: () => Promise<T>): Promise<T> {
    if (this.#changesWaiting >= CHANGES_WAITING_MAX) {
      return Promise.reject(new MsecError('DEPENDENCY_DOWN', "the registry's log does not keep up"));
    }
    this.#changesWaiting++;
    const change = this.#changes
      .then(() => this.#asOwner(run))
      .finally(() => {
        this.#changesWaiting--;
      });
    this.#changes = change.catch(() => {});
    return change;
  }

  /** Again from the decision on where the log belongs to somebody else by now. */
  async #asOwner<T>(run: () => Promise<T>): Promise<T> {
    for (let claims = 0; ; claims++) {
      try {
        return await run();
      } catch (error) {
        const isFenced = error instanceof MsecError && error.code === 'FENCED';
        if (!isFenced || this.#log.claim === undefined || claims === CLAIMS_MAX) throw error;
        await this.#log.claim();
        await this.#load();
      }
    }
  }

  async #load(): Promise<void> {
    for await (const { key, value } of this.#log.load()) this.#apply(key, value);
  }

  #apply(key: string, value: string | null): void {
    const record = readRegistryRecord(key, value);
    if (record?.kind === 'level') this.#setLevel(record.subject, record.level);
    else if (record?.kind === 'schema') this.#hold({ ...record.stored, parsed: this.#parseStored(record.stored) });
    else if (record?.kind === 'deleted') {
      for (const held of this.#subjects.get(record.subject) ?? []) {
        if (record.version === null ? held.version <= record.upTo : held.version === record.version)
          held.isDeleted = true;
      }
    }
  }

  #parseStored(stored: StoredVersion): ParsedSchema {
    try {
      return this.#parse(stored);
    } catch (cause) {
      const what = `version ${stored.version} of '${stored.subject}' in the registry's log`;
      throw new MsecError(
        'SCHEMA_INVALID',
        `${what} cannot be read: ${cause instanceof Error ? cause.message : cause}`,
        { cause },
      );
    }
  }

  #hold(held: Held): void {
    const versions = this.#subjects.get(held.subject) ?? [];
    const others = versions.filter(({ version }) => version !== held.version);
    this.#subjects.set(
      held.subject,
      [...others, held].sort((a, b) => a.version - b.version),
    );
    if (!this.#byId.has(held.id)) this.#byId.set(held.id, held);
    if (!this.#idByNormal.has(held.parsed.normal)) this.#idByNormal.set(held.parsed.normal, held.id);
    this.#idNext = Math.max(this.#idNext, held.id + 1);
  }

  #setLevel(subject: string | null, level: CompatibilityLevel | null): void {
    if (subject === null) this.#globalLevel = level ?? DEFAULT_LEVEL;
    else if (level === null) this.#levels.delete(subject);
    else this.#levels.set(subject, level);
  }
}

function published({ subject, version, id, schema, references }: Held): SubjectVersion {
  return { subject, version, id, schema, references };
}

function unknown(field: 'subject' | 'version' | 'schema', message: string): MsecError {
  return new MsecError('SCHEMA_UNKNOWN', message, { field });
}

function incompatible(subject: string, level: CompatibilityLevel, reasons: readonly string[]): MsecError {
  const message = `the schema cannot follow the earlier ones of '${subject}' (${level}): ${reasons.join('. ')}`;
  return new MsecError('SCHEMA_INCOMPATIBLE', message, { field: 'schema' });
}

function checkSubject(subject: string): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be there
  if (subject.length > 0 && subject.length <= 255 && !/[\u0000-\u001f\u007f]/.test(subject)) return;
  throw new MsecError('SCHEMA_INVALID', 'a subject has 1 to 255 characters, no control characters', {
    field: 'subject',
  });
}
