/**
 * Kafka's message definitions as a model: which fields a structure has, of which type, in which of the versions that
 * are generated. The grammar is described in clients/src/main/resources/common/message/README.md of Kafka's sources.
 */

export interface Versions {
  readonly min: number;
  readonly max: number;
}

export type Type =
  | { readonly kind: 'primitive'; readonly name: string }
  | { readonly kind: 'struct'; readonly name: string }
  | { readonly kind: 'array'; readonly of: Type };

export interface Field {
  readonly name: string;
  readonly type: Type;
  /** Within the structure's own. */
  readonly versions: Versions;
  readonly nullable: Versions | undefined;
  readonly tag: number | undefined;
  /** As the definition writes it. */
  readonly defaultText: string | undefined;
  readonly ignorable: boolean;
  readonly about: string;
}

export interface Struct {
  readonly name: string;
  readonly versions: Versions;
  readonly fields: readonly Field[];
}

export interface Schema {
  readonly name: string;
  readonly type: 'request' | 'response' | 'data';
  readonly apiKey: number;
  readonly versions: Versions;
  readonly flexibleFrom: number;
  readonly root: Struct;
  /** Those that the root reaches, each after those that it holds. */
  readonly structs: readonly Struct[];
}

interface FieldText {
  readonly name: string;
  readonly type: string;
  readonly versions?: string;
  readonly nullableVersions?: string;
  readonly taggedVersions?: string;
  readonly tag?: number;
  readonly default?: string | number | boolean;
  readonly ignorable?: boolean;
  readonly about?: string;
  readonly flexibleVersions?: string;
  readonly fields?: readonly FieldText[];
}

interface StructText {
  readonly name: string;
  readonly fields: readonly FieldText[];
}

interface SchemaText extends StructText {
  readonly type: 'request' | 'response' | 'data';
  readonly apiKey?: number;
  readonly validVersions: string;
  readonly flexibleVersions: string;
  readonly latestVersionUnstable?: boolean;
  readonly commonStructs?: readonly StructText[];
}

const PRIMITIVES = new Set([
  'bool',
  'int8',
  'int16',
  'uint16',
  'int32',
  'int64',
  'float64',
  'string',
  'uuid',
  'bytes',
  'records',
]);
const UNBOUNDED = 32_767;

/** `2+`, `0-4`, `3` or `none`. */
export function parseVersions(text: string): Versions | undefined {
  if (text === 'none') return undefined;
  const match = /^(\d+)(\+|-(\d+))?$/.exec(text);
  if (match === null) throw new Error(`'${text}' is no range of versions`);
  const min = Number(match[1]);
  if (match[2] === undefined) return { min, max: min };
  return { min, max: match[3] === undefined ? UNBOUNDED : Number(match[3]) };
}

export function intersection(a: Versions | undefined, b: Versions | undefined): Versions | undefined {
  if (a === undefined || b === undefined) return undefined;
  const [min, max] = [Math.max(a.min, b.min), Math.min(a.max, b.max)];
  return min <= max ? { min, max } : undefined;
}

export const covers = (range: Versions, whole: Versions): boolean => range.min <= whole.min && range.max >= whole.max;

/** `versionMax` cuts off what no client of ours sends. */
export function parseSchema(json: string, versionMax = UNBOUNDED): Schema {
  const text = JSON.parse(json.replaceAll(/^\s*\/\/.*$/gm, '')) as SchemaText;
  const valid = parseVersions(text.validVersions);
  if (valid === undefined) throw new Error(`${text.name} has no version`);
  // An unstable version is only spoken by brokers that were told to.
  const stableMax = text.latestVersionUnstable === true ? valid.max - 1 : valid.max;
  const versions = { min: valid.min, max: Math.min(stableMax, versionMax) };
  const flexible = intersection(parseVersions(text.flexibleVersions), versions);
  const reader = new StructReader(text, versions);
  const root = reader.read(text, versions);
  const { name, type, apiKey = -1 } = text;
  return { name, type, apiKey, versions, flexibleFrom: flexible?.min ?? Infinity, root, structs: reader.structs };
}

class StructReader {
  readonly structs: Struct[] = [];
  readonly #common: ReadonlyMap<string, StructText>;
  readonly #windows = new Map<string, Versions>();

  constructor(schema: SchemaText, versions: Versions) {
    this.#common = new Map((schema.commonStructs ?? []).map((struct) => [struct.name, struct]));
    // A structure that several fields hold exists wherever one of them does.
    const gather = (fields: readonly FieldText[], within: Versions) => {
      for (const field of fields) {
        const versions = intersection(parseVersions(field.versions ?? '0+'), within);
        const name = field.type.replace(/^\[\]/, '');
        const inner = field.fields ?? this.#common.get(name)?.fields;
        if (inner === undefined || versions === undefined) continue;
        const known = this.#windows.get(name) ?? versions;
        const all = { min: Math.min(known.min, versions.min), max: Math.max(known.max, versions.max) };
        this.#windows.set(name, all);
        gather(inner, all);
      }
    };
    gather(schema.fields, versions);
  }

  read({ name, fields }: StructText, versions: Versions): Struct {
    return {
      name,
      versions,
      fields: fields.map((field) => this.#field(field, versions)).filter((field) => field !== undefined),
    };
  }

  #field(text: FieldText, within: Versions): Field | undefined {
    const { name, tag, ignorable = false, about = '' } = text;
    if (text.flexibleVersions !== undefined) throw new Error(`${name}: flexible versions of its own`);
    const versions = intersection(parseVersions(text.versions ?? '0+'), within);
    if (versions === undefined) return undefined;
    const tagged = intersection(parseVersions(text.taggedVersions ?? 'none'), versions);
    if (tagged !== undefined && !covers(tagged, versions)) throw new Error(`${name}: tagged in some versions only`);
    return {
      name: `${name[0]!.toLowerCase()}${name.slice(1)}`,
      type: this.#type(text.type, text, within),
      versions,
      nullable: intersection(parseVersions(text.nullableVersions ?? 'none'), versions),
      tag: tagged === undefined ? undefined : tag,
      defaultText: text.default === undefined ? undefined : String(text.default),
      ignorable,
      about,
    };
  }

  #type(name: string, text: FieldText, within: Versions): Type {
    if (name.startsWith('[]')) return { kind: 'array', of: this.#type(name.slice(2), text, within) };
    if (PRIMITIVES.has(name)) return { kind: 'primitive', name };
    const fields = text.fields ?? this.#common.get(name)?.fields;
    if (fields === undefined) throw new Error(`the type ${name} is not known`);
    if (!this.structs.some((struct) => struct.name === name)) {
      this.structs.push(this.read({ name, fields }, this.#windows.get(name) ?? within));
    }
    return { kind: 'struct', name };
  }
}
