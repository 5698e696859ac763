import { asExpected, type PersonaHome, type Results } from "../verify/results";

/** Someone or something in the picture. */
export interface Node {
  id: string;
  kind: "person" | "machine" | "role" | "resource";
  name: string;
  /** Its real name, or the groups that it is in. */
  note: string;
  home: PersonaHome;
}

/** A connection of two nodes: everything that was asked along it and answered alike. */
export interface Path {
  from: string;
  to: string;
  answer: string;
  /** The session or the action, such as `MFA code` or `s3:GetObject`. */
  asked: string[];
  asExpected: boolean;
}

export interface Paths {
  nodes: Node[];
  paths: Path[];
}

/** The proof of identity that goes along with a request for the role. */
const SHOWN: Readonly<Record<string, string>> = {
  "own keys": "no MFA",
  "own keys and an MFA code": "MFA code",
  "own keys and a wrong MFA code": "wrong MFA code",
  "own keys and another person's MFA device": "another's MFA device",
  "signed in with MFA": "MFA session",
  "own token": "token",
  "own token for another audience": "token for another audience",
};
/** A machine has no MFA device, so it is not said that it showed none. */
const MACHINE_SHOWN: Readonly<Record<string, string>> = { "own keys": "own credentials" };
const machineNote = (home: PersonaHome) =>
  home === "github" ? "job of GitHub Actions" : "deployed by the stack";

/** The paths of a scenario, from its rows alone. */
export function pathsOf(results: Results, scenario: string): Paths {
  const nodes = new Map<string, Node>();
  const paths = new Map<string, Path>();
  const person = (who: string) => {
    const { home = "trusted", machine = false, groups = [] } = results.people[who] ?? {};
    const note = groups.join(", ") || (machine ? machineNote(home) : "in no group");
    const node = {
      id: `person ${who}`,
      kind: machine ? "machine" : "person",
      name: who,
      note,
      home,
    } as const;
    nodes.set(node.id, node);
    return node.id;
  };
  const role = () => {
    const arn = results.roles.find((one) => one.scenario === scenario)?.arn;
    const name = arn?.split("/").at(-1) ?? scenario;
    nodes.set("role", { id: "role", kind: "role", name, note: "role", home: "trusting" });
    return "role";
  };
  const targets = results.targets[scenario] ?? {};
  // Where a scenario has several roles, the first stands in the middle, the others as what is reached.
  const mainRole = Object.keys(targets).find((on) => targets[on]!.kind === "role");
  const resource = (on: string) => {
    const { name = "", side: home = "trusting", kind = "resource" } = targets[on] ?? {};
    const note = name === on ? "" : name;
    nodes.set(`on ${on}`, { id: `on ${on}`, kind, name: on, note, home });
    return `on ${on}`;
  };
  for (const row of results.rows.filter((one) => one.scenario === scenario)) {
    const { who, session, action, on, answer } = row;
    const assumes = action.startsWith("sts:AssumeRole");
    const asRole = session.startsWith("as the role");
    const { copy } = targets[on] ?? {};
    const from = asRole ? role() : person(who);
    const to = assumes && on === mainRole ? role() : resource(copy?.to ?? on);
    const shown = results.people[who]?.machine ? MACHINE_SHOWN[session] : undefined;
    const expired = session === "as the role, expired" ? " when expired" : "";
    const asked = assumes
      ? (shown ?? SHOWN[session] ?? session)
      : `${action}${copy ? ` from ${copy.from}` : ""}${expired}`;
    const key = JSON.stringify([from, to, answer, asExpected(row)]);
    const path = paths.get(key) ?? { from, to, answer, asked: [], asExpected: asExpected(row) };
    if (!path.asked.includes(asked)) path.asked.push(asked);
    paths.set(key, path);
  }
  return { nodes: [...nodes.values()], paths: [...paths.values()] };
}

/** The paths in words: what the picture shows, for those who do not see it. */
export function pathWords({ nodes, paths }: Paths): string[] {
  const name = (id: string) => {
    const { name } = nodes.find((one) => one.id === id)!;
    return id === "role" ? `role ${name}` : name;
  };
  return paths.map(
    ({ from, to, answer, asked, asExpected: fine }) =>
      `${name(from)} → ${name(to)}: ${answer} (${asked.join(", ")})${fine ? "" : ", which is not as expected"}`,
  );
}
