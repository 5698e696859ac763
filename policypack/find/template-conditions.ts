import { isFields, isUnknown, type ObjectFields } from "../values";

/** Value of an argument, and whether more than one value was possible on the way to it. */
export interface Resolved {
  value: unknown;
  isAmbiguous: boolean;
}

/** The conditions of a template, each evaluated once. */
export class Conditions {
  private readonly results = new Map<string, boolean | undefined>();

  /** @param resolve Resolves the references in an argument. */
  constructor(
    private readonly declared: ObjectFields,
    private readonly resolve: (argument: unknown) => Resolved,
  ) {}

  /** Result of a condition by name; undefined while it depends on something unknown. */
  resultOf(name: string): boolean | undefined {
    if (this.results.has(name)) return this.results.get(name);
    this.results.set(name, undefined); // a condition that depends on itself has no result
    const result = this.evaluate(this.declared[name]);
    this.results.set(name, result);
    return result;
  }

  private evaluate(expression: unknown): boolean | undefined {
    const [entry] = isFields(expression) ? Object.entries(expression) : [];
    if (!entry) return undefined;
    const [name, argument] = entry;
    if (name === "Condition") return this.resultOf(String(argument));
    if (!Array.isArray(argument)) return undefined;
    if (name === "Fn::Equals") return this.areEqual(argument[0], argument[1]);
    const results = argument.map((item) => this.evaluate(item));
    if (name === "Fn::Not") return results[0] === undefined ? undefined : !results[0];
    if (name === "Fn::And") return all(results, true);
    if (name === "Fn::Or") return all(results, false);
    return undefined;
  }

  private areEqual(left: unknown, right: unknown): boolean | undefined {
    const [a, b] = [this.resolve(left), this.resolve(right)];
    if (a.isAmbiguous || b.isAmbiguous) return undefined;
    const [first, second] = [textOf(a.value), textOf(b.value)];
    if (first === second) return isUnknown(first) ? undefined : true;
    return [first, second].some((text) => isUnknown(text) || /<[^<>]*>/.test(text)) ? undefined : false;
  }
}

const textOf = (value: unknown): string =>
  typeof value === "object" ? JSON.stringify(value) : String(value);

/** `value` if all results are, its opposite if any is; undefined while that depends on an unknown one. */
function all(results: (boolean | undefined)[], value: boolean): boolean | undefined {
  if (results.includes(!value)) return !value;
  return results.includes(undefined) ? undefined : value;
}
