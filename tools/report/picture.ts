import type { PersonaHome, Results } from "../verify/results";
import { html, type Markup } from "./markup";
import { type Node, type Path, pathsOf } from "./paths";

/** All lengths are units of the viewBox, which are pixels at full width. */
const WIDTH = { person: 212, role: 212, resource: 212, gap: 276, stub: 204 };
const LINE = 15;
const MARGIN = 14;
/** From top to bottom. */
const HOMES: readonly PersonaHome[] = ["trusting", "trusted", "partner", "outsider", "github"];
const TITLE = 26;

interface Placed {
  node: Node;
  x: number;
  y: number;
  width: number;
  height: number;
}

/**
 * One scenario as an inline SVG, drawn from what was asked: accounts as frames, people and machines on the left,
 * the role, and resources on the right. An allowed path is a solid line with an arrowhead and a tick; a refused one
 * is dashed, ends in a cross and says so, so that no one needs to tell their colours apart.
 */
export function picture(results: Results, scenario: string): Markup {
  const { nodes, paths } = pathsOf(results, scenario);
  const id = scenario.replaceAll(/\W/g, "-");
  const isPerson = ({ kind }: Node) => kind === "person" || kind === "machine";
  const role = nodes.find(({ id }) => id === "role");
  const [people, resources] = [nodes.filter(isPerson), nodes.filter((one) => one !== role && !isPerson(one))];
  const textOf = (path: Path) => `${symbol(path)} ${path.asked.map(short).join(", ")}`;
  /** What leaves a person alike lies side by side, and the first says it for all. */
  const alike = (path: Path) => paths.find((one) => one.from === path.from && textOf(one) === textOf(path))!;
  const lines = new Map(
    paths.map((path) => [path, path.from === "role" || alike(path) === path ? wrapped(textOf(path)) : []]),
  );
  const labelHeight = (path: Path) => lines.get(path)!.length * LINE + 8;
  // The role's paths in the order of what they lead to or come from, so that they do not cross.
  const rank = (id: string) => {
    const node = nodes.findIndex((one) => one.id === id);
    return HOMES.indexOf(nodes[node]!.home) * nodes.length + node;
  };
  const leaving = (id: string) =>
    paths
      .filter(({ from }) => from === id)
      .sort((a, b) =>
        id === "role" ? rank(a.to) - rank(b.to) : paths.indexOf(alike(a)) - paths.indexOf(alike(b)),
      );
  const arriving = (id: string) =>
    paths.filter(({ to }) => to === id).sort((a, b) => (id === "role" ? rank(a.from) - rank(b.from) : 0));
  const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
  /** What a path takes of the height of its person or, where it leaves the role, of its resource. */
  const room = (path: Path, end: "from" | "to") =>
    (path.from === "role") === (end === "to") ? labelHeight(path) : LINE;

  // The columns, each a stack of nodes in frames by account.
  const column = (list: Node[], x: number, width: number, top: number, roomOf: (node: Node) => number) => {
    const placed: Placed[] = [];
    const frames: { home: PersonaHome; y: number; height: number }[] = [];
    let y = top;
    for (const home of HOMES) {
      const inside = list.filter((node) => node.home === home);
      if (inside.length === 0) continue;
      const start = y;
      y += TITLE;
      for (const node of inside) {
        const height = Math.max(linesOf(node).length * LINE + 14, roomOf(node));
        placed.push({ node, x, y, width, height });
        y += height + 12;
      }
      frames.push({ home, y: start, height: y - start });
      y += 14;
    }
    return { placed, frames, bottom: y - 14 };
  };
  const top = MARGIN;
  const left = column(people, 2 * MARGIN, WIDTH.person, top, (node) =>
    sum(leaving(node.id).map((path) => room(path, "from"))),
  );
  const roleX = 2 * MARGIN + WIDTH.person + WIDTH.gap;
  const resourceX = role ? roleX + WIDTH.role + WIDTH.gap : roleX;
  const right = column(resources, resourceX, WIDTH.resource, top, (node) =>
    sum(arriving(node.id).map((path) => room(path, "to"))),
  );
  const direct = role ? paths.filter(({ from, to }) => from !== "role" && to !== "role") : [];
  const roleHeight = role
    ? Math.max(56, arriving("role").length * LINE + 16, leaving("role").length * LINE + 16)
    : 0;
  const lanesHeight = direct.length > 0 ? direct.length * 14 + 20 : 0;
  const own = right.frames.find(({ home }) => home === "trusting") ?? {
    home: "trusting" as const,
    y: top,
    height: -14,
  };
  if (role && !right.frames.includes(own)) right.frames.unshift(own);
  const ownHeight = Math.max(own.height, role ? TITLE + roleHeight + lanesHeight + 12 : 0);
  if (right.frames.includes(own)) {
    // A frame as high as role and lanes need; what stands below it moves down.
    const more = ownHeight - own.height;
    own.height = ownHeight;
    for (const frame of right.frames) if (frame !== own) frame.y += more;
    for (const one of right.placed) if (one.node.home !== "trusting") one.y += more;
    right.bottom += more;
  }
  const roleY = top + TITLE + Math.max(0, (ownHeight - TITLE - 12 - roleHeight - lanesHeight) / 2);
  const placed = [
    ...left.placed,
    ...right.placed,
    ...(role ? [{ node: role, x: roleX, y: roleY, width: WIDTH.role, height: roleHeight }] : []),
  ];
  const height = Math.max(left.bottom, right.bottom, top + ownHeight) + MARGIN;
  const width = resourceX + WIDTH.resource + 2 * MARGIN;

  // Where each path meets each of its two nodes.
  const port = (path: Path, end: "from" | "to"): number => {
    const { y, height, node } = placed.find((one) => one.node.id === path[end])!;
    const all = end === "from" ? leaving(path.from) : arriving(path.to);
    if (node === role) return y + (height * (all.indexOf(path) + 1)) / (all.length + 1);
    const rooms = all.map((one) => room(one, end));
    const before = sum(rooms.slice(0, all.indexOf(path)));
    return y + (height - sum(rooms)) / 2 + before + rooms[all.indexOf(path)]! - 4;
  };
  /** A direct path goes past the role, in a lane of its own beneath it. */
  const beneath = (x1: number, y1: number, stub: number, x2: number, y2: number, lane: number) => {
    const [y, end, last] = [roleY + roleHeight + 20 + lane * 14, roleX + WIDTH.role, x2 - WIDTH.stub];
    return `M ${x1} ${y1} H ${stub} ${curve(stub, y1, roleX, y)} H ${end} ${curve(end, y, last, y2)} H ${x2}`;
  };
  const drawn = paths.map((path) => {
    const [a, b] = [
      placed.find(({ node }) => node.id === path.from)!,
      placed.find(({ node }) => node.id === path.to)!,
    ];
    const [x1, y1, x2, y2] = [a.x + a.width, port(path, "from"), b.x - 6, port(path, "to")];
    const lane = direct.indexOf(path);
    const stub = path.from === "role" ? x2 - WIDTH.stub : x1 + WIDTH.stub;
    const way = () => {
      if (path.from === "role") return `M ${x1} ${y1} ${curve(x1, y1, stub, y2)} H ${x2}`;
      if (lane >= 0) return beneath(x1, y1, stub, x2, y2, lane);
      return `M ${x1} ${y1} H ${stub} ${curve(stub, y1, x2, y2)}`;
    };
    const text = lines.get(path)!;
    const [labelX, labelY] = path.from === "role" ? [stub + 8, y2] : [x1 + 8, y1];
    const label = text.map(
      (line, index) =>
        html`<text x="${labelX}" y="${labelY - 5 - (text.length - 1 - index) * LINE}" class="label">${line}</text>`,
    );
    const kind = kindOf(path);
    const group = `${kind}${path.asExpected ? "" : " differs"}`;
    return {
      line: html`<g class="${group}"><path d="${way()}" marker-end="url(#${id}-${kind})"/></g>`,
      label: html`<g class="${group}">${label}</g>`,
    };
  });

  const frame = (x: number, w: number, y: number, h: number, home: PersonaHome) =>
    html`<rect class="account" x="${x}" y="${y}" width="${w}" height="${h}" rx="8"/><text class="owner" x="${x + 12}" y="${y + 18}">${home === "github" ? "GitHub" : `${home} account ${results.accounts[home] ?? "(not asked from)"}`}</text>`;
  const frames = [
    ...left.frames.map(({ home, y, height: h }) => frame(MARGIN, WIDTH.person + 2 * MARGIN, y, h, home)),
    ...right.frames.map(({ home, y, height: h }) => {
      const x = home === "trusting" && role ? roleX : resourceX;
      return frame(x - MARGIN, resourceX + WIDTH.resource - x + 2 * MARGIN, y, h, home);
    }),
  ];
  // Markers are found by ID, and a page holds one picture per scenario.
  const markers = html`<defs>
<marker id="${id}-allowed" viewBox="0 0 10 10" refX="8" refY="5" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto"><path class="tip allowed" d="M0 0 10 5 0 10z"/></marker>
<marker id="${id}-refused" viewBox="0 0 10 10" refX="8" refY="5" markerWidth="11" markerHeight="11" markerUnits="userSpaceOnUse"><path class="tip refused" d="M1 1 9 9M9 1 1 9"/></marker>
</defs>`;
  const counts = ["allowed", "refused"].map(
    (answer) => `${paths.filter((path) => path.answer === answer).length} ${answer}`,
  );
  return html`<svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="${id}-title ${id}-desc">
<title id="${id}-title">${scenario}: who reaches what</title>
<desc id="${id}-desc">${people.length} people and machines, ${role ? "1 role" : "no role"} and ${resources.length} resources; ${counts.join(" and ")} paths. The list below the picture gives each path in words.</desc>
${markers}${frames}${drawn.map(({ line }) => line)}${drawn.map(({ label }) => label)}${placed.map(box)}</svg>`;
}

/** From one point to the other, level at both. */
const curve = (x1: number, y1: number, x2: number, y2: number): string =>
  `C ${(x1 + x2) / 2} ${y1} ${(x1 + x2) / 2} ${y2} ${x2} ${y2}`;

/** The lines of text in a node's box. */
const linesOf = ({ name, note }: Node): { text: string; style: "name" | "note" }[] => [
  ...wrapped(name, 20).map((text) => ({ text, style: "name" as const })),
  ...(note ? wrapped(note, 24).map((text) => ({ text, style: "note" as const })) : []),
];

/** A node's box: round for people, square for machines, its kind shown by an icon as well. */
function box({ node, x, y, width, height }: Placed): Markup {
  const middle = y + height / 2;
  const radius = { person: 16, machine: 2, role: 8, resource: 2 }[node.kind];
  const lines = linesOf(node).map(({ text, style }, index, all) => {
    const lineY = middle + 4 + (index - (all.length - 1) / 2) * LINE;
    return html`<text class="${style}" x="${x + 38}" y="${lineY}">${text}</text>`;
  });
  return html`<g class="${node.kind}"><rect class="node" x="${x}" y="${y}" width="${width}" height="${height}" rx="${radius}"/>${icon(node.kind, x + 10, middle - 10)}${lines}</g>`;
}

/** A 20 by 20 sign of what a node is. */
function icon(kind: Node["kind"], x: number, y: number): Markup {
  const shape = {
    person: "M10 1a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9zM1 19c0-5 4-7 9-7s9 2 9 7z",
    machine: "M1 2h18v12H1zM6 18h8M10 14v4",
    role: "M10 1l8 3v6c0 5-4 8-8 9-4-1-8-4-8-9V4z",
    resource: "M2 4c0-4 16-4 16 0v12c0 4-16 4-16 0zM2 4c0 4 16 4 16 0",
  }[kind];
  return html`<path class="icon" transform="translate(${x} ${y})" d="${shape}"/>`;
}

const kindOf = ({ answer }: Path) => (answer === "allowed" ? "allowed" : "refused");
const symbol = (path: Path) =>
  `${{ allowed: "✔", refused: "✘" }[path.answer] ?? `? ${path.answer}:`}${path.asExpected ? "" : " NOT AS EXPECTED:"}`;
/** Without the service: the resource says which. */
const short = (asked: string) => asked.replace(/^[\w-]+:(?=[A-Z])/, "");

/** Lines of at most `length` characters, broken at spaces, and inside a word only where it is longer than a line. */
function wrapped(text: string, length = 28): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1)!;
    if (line.length + 1 + word.length > length)
      lines.push(...(word.match(new RegExp(`.{1,${length}}`, "gu")) ?? []));
    else lines[lines.length - 1] = line ? `${line} ${word}` : word;
  }
  return lines.filter(Boolean);
}
