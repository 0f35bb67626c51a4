/** Bundles of rules: made, signed, opened, compiled, and put in force between two packets. */
export { BUNDLE_NAME, BUNDLE_VERSION_MAX, type BundleFileKind, type BundleManifest } from './bundle-manifest.ts';
export { compilingBundle, nameOf } from './compile-bundle.ts';
export {
  BUNDLE_BYTES_MAX,
  type BundleFile,
  filesOf,
  type OpenedBundle,
  openBundle,
  packBundle,
  peekBundle,
  signBundle,
} from './rule-bundle.ts';
export { type BundleSource, type RefusedBundle, RuleShop } from './rule-shop.ts';
export { type RuleChange, RulesInForce } from './rules-in-force.ts';
