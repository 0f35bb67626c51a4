/** The code of one message or data structure: an interface, an encoder and a decoder for each structure. */
import { covers, type Field, type Schema, type Struct, type Type, type Versions } from './schema.ts';

const NUMBERS = new Set(['int8', 'int16', 'uint16', 'int32', 'int64', 'float64']);

/** `AddOffsetsToTxn` → `addOffsetsToTxn`. */
export const constantName = (name: string): string => `${name[0]!.toLowerCase()}${name.slice(1)}`;
/** `AddOffsetsToTxn` → `add-offsets-to-txn`. */
export const fileName = (name: string): string => name.replaceAll(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase();

/** What callers see, and what runs: JavaScript, because taking the types off took every thread 130 ms at its start. */
export interface Generated {
  readonly declarations: string;
  readonly code: string;
}

/** A request and its answer. */
export function messageSource(request: Schema, response: Schema): Generated {
  const name = request.name.replace(/Request$/, '');
  const both = [new Source(request, name), new Source(response, name)] as const;
  const [asked, answered] = both;
  const { min, max } = request.versions;
  const type = `Message<${asked.root}, ${answered.root}>`;
  return joined(
    both,
    `export declare const ${constantName(name)}: ${type};\n`,
    `export const ${constantName(name)} = {
  name: '${name}',
  apiKey: ${request.apiKey},
  versions: { min: ${min}, max: ${max} },
  flexibleFrom: ${request.flexibleFrom},
  encodeRequest: write${asked.root},
  decodeRequest: read${asked.root},
  encodeResponse: write${answered.root},
  decodeResponse: read${answered.root},
};
`,
  );
}

/** A structure that travels inside of a bytes field. */
export function dataSource(schema: Schema): Generated {
  const source = new Source(schema, schema.name);
  const name = constantName(schema.name);
  return joined(
    [source],
    `export declare const ${name}: Data<${source.root}>;\n`,
    `export const ${name} = {
  name: '${schema.name}',
  versions: { min: ${schema.versions.min}, max: ${schema.versions.max} },
  encode: write${source.root},
  decode: read${source.root},
};
`,
  );
}

function joined(sources: readonly Source[], declaration: string, constant: string): Generated {
  return {
    declarations: [...sources.map((source) => source.declarations()), declaration].join('\n'),
    code: [...sources.map((source) => source.code()), constant].join('\n'),
  };
}

/** The two files of all messages, without their heads. */
export function filesOf(parts: readonly Generated[]): Generated {
  return {
    declarations: `import type { Data, Message } from '../message.js';\n\n${parts.map((part) => part.declarations).join('\n')}`,
    code: `const ZERO_UUID = '${'A'.repeat(22)}';\nconst NO_BYTES = new Uint8Array(0);\n\n${parts.map((part) => part.code).join('\n')}`,
  };
}

/** The condition under which `version` lies in the range; empty where it always does. */
function condition(range: Versions, whole: Versions): string {
  const parts: string[] = [];
  if (range.min === range.max && !covers(range, whole)) return `version === ${range.min}`;
  if (range.min > whole.min) parts.push(`version >= ${range.min}`);
  if (range.max < whole.max) parts.push(`version <= ${range.max}`);
  return parts.join(' && ');
}

class Source {
  readonly root: string;
  readonly #schema: Schema;
  readonly #message: string;
  readonly #isRequest: boolean;
  /** Structures of tagged fields: whether one is all defaults decides whether it is sent. */
  readonly #tagged: ReadonlySet<string>;
  /** Structures that are themselves the default of a field. */
  readonly #defaulted: ReadonlySet<string>;

  constructor(schema: Schema, message: string) {
    this.#schema = schema;
    this.#message = message;
    this.#isRequest = schema.type !== 'response';
    this.root = schema.name;
    const tagged = new Set<string>();
    const defaulted = new Set<string>();
    for (const { type, tag, defaultText } of [schema.root, ...schema.structs].flatMap(({ fields }) => fields)) {
      if (type.kind !== 'struct') continue;
      if (tag !== undefined) tagged.add(type.name);
      if (defaultText !== 'null') defaulted.add(type.name);
    }
    this.#tagged = tagged;
    this.#defaulted = defaulted;
  }

  declarations(): string {
    const { root, structs } = this.#schema;
    return [root, ...structs.toReversed()].map((struct) => this.#interface(struct)).join('\n');
  }

  code(): string {
    const { root, structs } = this.#schema;
    const outward = [root, ...structs.toReversed()];
    return [
      ...structs.filter(({ name }) => this.#defaulted.has(name)).map((struct) => this.#defaults(struct)),
      ...outward.map((struct) => this.#writer(struct)),
      ...outward.map((struct) => this.#reader(struct)),
    ].join('\n');
  }

  /** Unique among all files: `FetchableTopic` of FetchResponse is `FetchResponseFetchableTopic`. */
  #name(struct: string): string {
    if (struct === this.#schema.root.name) return struct;
    const bare = struct
      .replace(new RegExp(`^${this.root}(?=[A-Z])`), '')
      .replace(new RegExp(`^${this.#message}(?=[A-Z])`), '');
    return `${this.root}${bare}`;
  }

  #typeName(type: Type): string {
    if (type.kind === 'array') return `readonly ${this.#typeName(type.of)}[]`;
    if (type.kind === 'struct') return this.#name(type.name);
    if (NUMBERS.has(type.name)) return 'number';
    if (type.name === 'bool') return 'boolean';
    return type.name === 'bytes' || type.name === 'records' ? 'Uint8Array' : 'string';
  }

  #isOptional(field: Field, struct: Struct): boolean {
    return field.defaultText !== undefined || field.tag !== undefined || !covers(field.versions, struct.versions);
  }

  #interface(struct: Struct): string {
    const lines = struct.fields.flatMap((field) => {
      const mark = this.#isRequest && this.#isOptional(field, struct) ? '?' : '';
      const type = `${this.#typeName(field.type)}${field.nullable === undefined ? '' : ' | null'}`;
      const when = condition(field.versions, this.#schema.versions).replaceAll('version ', 'v ');
      const about = [field.about.trim().replaceAll('*/', '* /'), when === '' ? '' : `(${when})`];
      const said = about.filter((part) => part !== '').join(' ');
      return [
        ...(said === '' ? [] : [`  /** ${said} */`]),
        `  ${field.name}${mark}: ${type}${mark === '' ? '' : ' | undefined'};`,
      ];
    });
    return `export interface ${this.#name(struct.name)} {\n${lines.join('\n')}\n}\n`;
  }

  #defaultOf({ name, type, defaultText, nullable }: Field): string {
    if (defaultText === 'null' && nullable !== undefined) return 'null';
    if (type.kind === 'array') return '[]';
    if (type.kind === 'struct') return `DEFAULT_${fileName(this.#name(type.name)).replaceAll('-', '_').toUpperCase()}`;
    switch (type.name) {
      case 'bool':
        return defaultText === 'true' ? 'true' : 'false';
      case 'string':
        return `'${defaultText ?? ''}'`;
      case 'uuid':
        return 'ZERO_UUID';
      case 'bytes':
        return 'NO_BYTES';
      case 'records':
        return nullable === undefined ? 'NO_BYTES' : 'null';
      default: {
        const value = Number(defaultText ?? 0);
        if (!Number.isSafeInteger(value)) throw new Error(`the default of ${name} is no safe integer`);
        return String(value);
      }
    }
  }

  /** The constant of all defaults and, for a tagged field, the question whether a value is that. */
  #defaults(struct: Struct): string {
    const name = this.#name(struct.name);
    const constant = `DEFAULT_${fileName(name).replaceAll('-', '_').toUpperCase()}`;
    const values = struct.fields.map((field) => `${field.name}: ${this.#defaultOf(field)}`).join(', ');
    const all = struct.fields.map((field) => this.#isDefault(field)).join(' && ');
    const text = `const ${constant} = Object.freeze({ ${values} });\n`;
    if (!this.#tagged.has(struct.name)) return text;
    return `${text}
function isDefault${name}(value) {
  return ${all};
}
`;
  }

  /** Whether the field of `value` is its default. */
  #isDefault(field: Field): string {
    const place = `value.${field.name}`;
    const value = this.#defaultOf(field);
    if (value === 'null') return `(${place} ?? null) === null`;
    if (field.type.kind === 'array') return `(${place} === undefined || ${place}?.length === 0)`;
    if (field.type.kind === 'struct')
      return `(${place} === undefined || isDefault${this.#name(field.type.name)}(${place}))`;
    if (value === 'NO_BYTES') return `(${place} === undefined || ${place}?.length === 0)`;
    return `(${place} ?? ${value}) === ${value}`;
  }

  /** What is written for the field. */
  #valueOf(field: Field, struct: Struct): string {
    const place = `value.${field.name}`;
    if (this.#isRequest && !this.#isOptional(field, struct)) return place;
    const value = this.#defaultOf(field);
    // Null is a value of its own where the default is another.
    if (field.nullable !== undefined && value !== 'null') return `${place} === undefined ? ${value} : ${place}`;
    return `${place} ?? ${value}`;
  }

  #flexible({ versions }: Struct): string {
    const from = this.#schema.flexibleFrom;
    if (from <= versions.min) return 'true';
    return from > versions.max ? 'false' : `version >= ${from}`;
  }

  #writer(struct: Struct): string {
    const name = this.#name(struct.name);
    const flexible = this.#flexible(struct);
    const lines: string[] = [];
    const plain = struct.fields.filter(({ tag }) => tag === undefined);
    for (const field of plain) {
      const when = condition(field.versions, struct.versions);
      const write = `${this.#write(field.type, this.#valueOf(field, struct), field, struct)};`;
      if (when === '') lines.push(write);
      else {
        lines.push(`if (${when}) ${write}`);
        const isChecked = this.#isRequest && !field.ignorable && field.type.kind !== 'struct';
        if (isChecked) lines.push(`else writer.leaveOut(${this.#isDefault(field)}, '${field.name}', version);`);
      }
    }
    lines.push(...this.#tagWriter(struct, flexible));
    return this.#function(`write${name}(writer, value, version)`, flexible, lines);
  }

  #tagWriter(struct: Struct, flexible: string): string[] {
    if (flexible === 'false') return [];
    const tagged = struct.fields.filter(({ tag }) => tag !== undefined).toSorted((a, b) => a.tag! - b.tag!);
    const when = flexible === 'true' ? '' : 'if (flexible) ';
    if (tagged.length === 0) return [`${when}writer.uvarint(0);`];
    const has = tagged.map((field) => {
      const within = condition(field.versions, struct.versions);
      return `const has${field.tag} = ${within === '' ? '' : `${within} && `}!(${this.#isDefault(field)});`;
    });
    const count = tagged.map(({ tag }) => `Number(has${tag})`).join(' + ');
    const writes = tagged.map((field) => {
      const { type, tag } = field;
      // Present, or it would be its default.
      const value = type.kind === 'struct' ? `value.${field.name}` : this.#valueOf(field, struct);
      return `if (has${tag}) writer.tag(${tag}, () => ${this.#write(type, value, field, struct)});`;
    });
    if (when === '') return [...has, `writer.uvarint(${count});`, ...writes];
    return [...has, `${when}{`, `  writer.uvarint(${count});`, ...writes.map((line) => `  ${line}`), '}'];
  }

  #write(type: Type, value: string, field: Field, struct: Struct): string {
    const flexible = this.#flexible(struct).startsWith('version') ? 'flexible' : this.#flexible(struct);
    const nullable = this.#nullable(field, struct);
    if (type.kind === 'array') {
      const item = this.#write(type.of, 'item', { ...field, nullable: undefined }, struct);
      return `writer.array(${value}, ${flexible}, ${nullable}, (item) => ${item})`;
    }
    if (type.kind === 'struct') {
      const write = (place: string) => `write${this.#name(type.name)}(writer, ${place}, version)`;
      if (field.nullable === undefined) return write(value);
      if (field.tag !== undefined) throw new Error(`${field.name}: a nullable structure in a tag`);
      return `writer.nullable(${value}, (item) => ${write('item')})`;
    }
    if (type.name === 'string') return `writer.string(${value}, ${flexible}, ${nullable})`;
    if (type.name === 'bytes' || type.name === 'records') return `writer.bytes(${value}, ${flexible}, ${nullable})`;
    return `writer.${type.name}(${value})`;
  }

  #nullable(field: Field, struct: Struct): string {
    if (field.nullable === undefined) return 'false';
    const when = condition(field.nullable, struct.versions);
    return when === '' ? 'true' : when;
  }

  #reader(struct: Struct): string {
    const name = this.#name(struct.name);
    const flexible = this.#flexible(struct);
    const tagged = struct.fields.filter(({ tag }) => tag !== undefined);
    const values = struct.fields.map((field) => {
      if (field.tag !== undefined) return `  ${field.name}: ${this.#defaultOf(field)},`;
      const when = condition(field.versions, struct.versions);
      const read = this.#read(field.type, field, struct);
      return `  ${field.name}: ${when === '' ? read : `${when} ? ${read} : ${this.#defaultOf(field)}`},`;
    });
    const object = [`{`, ...values, '}'].join('\n');
    const skip = flexible === 'true' ? '' : 'if (flexible) ';
    const lines = [`const value = ${object};`];
    if (tagged.length > 0) {
      const cases = tagged.flatMap((field) => [
        `    case ${field.tag}:`,
        `      value.${field.name} = ${this.#read(field.type, field, struct)};`,
        '      return true;',
      ]);
      lines.push(
        `${skip}reader.tags((tag) => {`,
        '  switch (tag) {',
        ...cases,
        '    default:',
        '      return false;',
        '  }',
        '});',
      );
    } else if (flexible !== 'false') lines.push(`${skip}reader.skipTags();`);
    lines.push('return value;');
    return this.#function(`read${name}(reader, version)`, flexible, lines);
  }

  #read(type: Type, field: Field, struct: Struct): string {
    const flexible = this.#flexible(struct).startsWith('version') ? 'flexible' : this.#flexible(struct);
    const either = (plain: string, nullable: string) => {
      const when = this.#nullable(field, struct);
      if (when === 'false') return plain;
      return when === 'true' ? nullable : `(${when} ? ${nullable} : ${plain})`;
    };
    if (type.kind === 'array') {
      const item = `() => ${this.#read(type.of, { ...field, nullable: undefined }, struct)}`;
      return either(`reader.array(${flexible}, ${item})`, `reader.nullableArray(${flexible}, ${item})`);
    }
    if (type.kind === 'struct') {
      const read = `read${this.#name(type.name)}(reader, version)`;
      return either(read, `reader.nullable(() => ${read})`);
    }
    if (type.name === 'string') return either(`reader.string(${flexible})`, `reader.nullableString(${flexible})`);
    if (type.name === 'bytes' || type.name === 'records')
      return either(`reader.byteView(${flexible})`, `reader.nullableByteView(${flexible})`);
    return `reader.${type.name}()`;
  }

  #function(signature: string, flexible: string, lines: readonly string[]): string {
    const body = lines.join('\n');
    const needsFlexible = flexible.startsWith('version') && /\bflexible\b/.test(body);
    const text = needsFlexible ? `const flexible = ${flexible};\n${body}` : body;
    const indented = text.split('\n').map((line) => (line === '' ? '' : `  ${line}`));
    return `function ${signature} {\n${indented.join('\n')}\n}\n`;
  }
}
