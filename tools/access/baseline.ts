import { canonical } from "./canonical";
import { type ConditionTest, EXISTS, type Fact, type Grant, isGrant, type Selection, unique } from "./facts";

const COLUMN = " | ";
const EXCEPT = "except ";
const NONE = "-";
const NO_VALUES = "[]";

const header = (stack: string): string[] => [
  `# Who may do what in stack ${stack}, as its program deploys it. Generated: change the program, then npm run access -- ${stack}`,
  "# account | holder | allows, trusts or refuses | who | actions | resources | condition",
  "# account | holder | sets | setting | value",
  "# account | holder | exists",
  "# Who: - is the holder itself; 12 digits are an account. Resources: - is the holder itself. All tests of a condition must",
  "# pass, each with one of its values. A refusal is stronger than any permission.",
];

/** The baseline as text: one line per grant, refusal and setting; the same facts always give the same text. */
export function formatBaseline(stack: string, facts: readonly Fact[]): string {
  return [...header(stack), ...formatFacts(facts), ""].join("\n");
}

export const formatFacts = (facts: readonly Fact[]): string[] =>
  unique([...facts.filter((fact) => !isGrant(fact)), ...canonical(facts.filter(isGrant))].map(formatFact));

export function formatFact(fact: Fact): string {
  const { account, holder, effect } = fact;
  if (!isGrant(fact) && fact.name === EXISTS) return [account, holder, EXISTS].join(COLUMN);
  const columns = isGrant(fact)
    ? [
        formatSelection(fact.who),
        formatSelection(fact.actions),
        formatSelection(fact.resources),
        formatCondition(fact.condition),
      ]
    : [quoteLabel(fact.name), quoteLabel(fact.value)];
  return [account, holder, effect, ...columns].join(COLUMN);
}

/** @throws {Error} where a line is no fact, with its number. */
export const parseBaseline = (text: string): Fact[] =>
  text.split(/\r?\n/).flatMap((line, index) => {
    if (line.trim() === "" || line.startsWith("#")) return [];
    try {
      return [parseFact(line)];
    } catch (error) {
      throw new Error(`line ${index + 1}: ${(error as Error).message}: ${line}`);
    }
  });

function parseFact(line: string): Fact {
  const [account, holder, effect, ...columns] = line.split(COLUMN);
  if (!account || !holder) throw new Error("it names no account and holder");
  if (effect === EXISTS && columns.length === 0)
    return { account, holder, effect: "sets", name: EXISTS, value: "" };
  if (effect === "sets" && columns.length === 2) {
    const [name, value] = columns.map(unquote);
    return { account, holder, effect, name: name!, value: value! };
  }
  if ((effect === "trusts" || effect === "allows" || effect === "refuses") && columns.length === 4) {
    const [who, actions, resources, condition] = columns;
    return {
      account,
      holder,
      effect,
      who: parseSelection(who!),
      actions: parseSelection(actions!),
      resources: parseSelection(resources!),
      condition: parseCondition(condition!),
    };
  }
  throw new Error("it has neither the columns of a grant nor those of a setting");
}

function formatSelection({ except, values }: Selection): string {
  if (!except && values.length === 0) return NONE;
  return `${except ? EXCEPT : ""}${values.map(quoteValue).join(", ")}`;
}

function parseSelection(text: string): Selection {
  if (text === NONE) return { except: false, values: [] };
  const except = text.startsWith(EXCEPT);
  const list = except ? text.slice(EXCEPT.length) : text;
  return { except, values: list === "" ? [] : list.split(", ").map(unquote) };
}

const formatCondition = (condition: Grant["condition"]): string =>
  condition
    .map(({ operator, key, values }) => {
      return `${quoteValue(operator)} ${quoteValue(key)} = ${values.map(quoteValue).join(", ") || NO_VALUES}`;
    })
    .join("; ") || NONE;

function parseCondition(text: string): ConditionTest[] {
  if (text === NONE) return [];
  return text.split("; ").map((test) => {
    const [, operator, key, values] = /^("[^"]*"|\S+) ("[^"]*"|\S+) = (.*)$/.exec(test) ?? [];
    if (operator === undefined || key === undefined || values === undefined)
      throw new Error(`"${test}" is no test of a condition`);
    return {
      operator: unquote(operator),
      key: unquote(key),
      values: values === NO_VALUES ? [] : values.split(", ").map(unquote),
    };
  });
}

/** In quotes nothing that separates stands as it is, and nothing that a reader could not see. */
const quote = (text: string): string =>
  JSON.stringify(text).replace(
    /[^ -~]|[|;,=]|\\"/g,
    (found) => `\\u${(found === '\\"' ? '"' : found).charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
const unquote = (text: string): string => (text.startsWith('"') ? (JSON.parse(text) as string) : text);

const quoteValue = (text: string): string =>
  /^[!#-+.-:<>-{}~-]+$/.test(text) && text !== NONE && text !== NO_VALUES ? text : quote(text);

/** Names and values of settings stand alone in their column, so blanks between words need no quotes. */
const quoteLabel = (text: string): string => (/^[!#-{}~]+( [!#-{}~]+)*$/.test(text) ? text : quote(text));

/** Name of a holder: what it is, and how it is called. */
export const holderName = (noun: string, name: string): string => `${noun} ${quoteValue(name)}`;

/** What a holder is, and how it is called: what `holderName` puts together. */
export function parseHolder(holder: string): { noun: string; name: string } {
  const [, noun = "", name = ""] = /^([^"]+) (\S+|".*")$/.exec(holder) ?? [];
  return { noun, name: unquote(name) };
}

/** The same for people to read. */
export function holderWords(holder: string): string {
  const { noun, name } = parseHolder(holder);
  return name ? `${noun} ${name}` : holder;
}
