/** What a setting may be: its kind, its default, its bounds. */

interface Row<Kind extends string, Value> {
  readonly kind: Kind;
  /** As it would be written in the file; null: nothing is set. */
  readonly default: Value;
  readonly doc: string;
}
interface Bounded {
  readonly min: number;
  readonly max: number;
}
interface BoundedText {
  readonly min: string;
  readonly max: string;
}

export type Setting =
  | Row<'boolean', boolean>
  | (Row<'integer', number | null> & Bounded)
  | (Row<'number', number> & Bounded)
  | (Row<'port', number> & Partial<Bounded>)
  | (Row<'duration', string | null> & BoundedText)
  | (Row<'size', string | null> & BoundedText)
  | (Row<'choice', string> & { readonly choices: readonly string[] })
  | Row<'host', string>
  | Row<'name', string | null>
  | Row<'text', string | null>
  | Row<'receiver', string | null>
  | Row<'addresses', readonly string[]>
  | Row<'path', string | null>
  | Row<'cidrs', readonly string[]>
  | Row<'paths', readonly string[]>
  | Row<'names', readonly string[]>;
