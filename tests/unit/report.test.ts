import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, chromium } from "playwright-core";
import { trustStatements } from "../../infra/access/trust";
import { contractOf } from "../../infra/program";
import { SCENARIO_NAMES } from "../../infra/scenarios/registry";
import { parseSettings } from "../../infra/settings";
import { commandArguments } from "../../tools/command-line";
import { comment } from "../../tools/report/comment";
import { differenceOf, passes } from "../../tools/report/difference";
import { entriesIn } from "../../tools/report/entries";
import { page } from "../../tools/report/page";
import { pathsOf, pathWords } from "../../tools/report/paths";
import { picture } from "../../tools/report/picture";
import { statementWords } from "../../tools/report/words";
import { type AnsweredRow, type Results, readResults, targetsByScenario } from "../../tools/verify/results";

const dev = { accountId: "000000000001", region: "ap-northeast-1", partition: "aws" } as const;
const TESTER = ({ scenario, who }: AnsweredRow) => scenario === "UpdateApp" && who === "tester";

const settings = parseSettings("dev", {
  region: "ap-northeast-1",
  trustingAccountId: "000000000002",
  trustedAccountId: "000000000001",
  scenarios: JSON.stringify(SCENARIO_NAMES),
  instanceOperatorAccountIds: '["000000000004"]',
  operatedInstanceTag: "operated=true",
  githubRepository: "owner/name",
});
const parts = contractOf(settings);
const checks = Object.fromEntries(parts.map((part) => [part.scenario, part.checks]));
const contract = parts.flatMap(({ scenario, rows }) => rows.map((row) => ({ scenario, ...row })));

const access = readFileSync(join(__dirname, "../../access/dev.txt"), "utf8").split("\n");

/** Results as a run of the whole contract gives them, with some rows answered otherwise. */
function results(change: (row: AnsweredRow) => Partial<AnsweredRow> = () => ({})): Results {
  const role = (scenario: string) => ({
    scenario,
    arn: `arn:aws:iam::000000000002:role/${scenario}`,
    description: "",
    maxSessionDuration: 3600,
    trust: trustStatements({ people: { accounts: [dev] } }),
    policies: [],
  });
  return {
    format: "cross-account-access/results/3",
    access,
    stack: "dev",
    at: "2026-01-02T03:04:05.000Z",
    region: "ap-northeast-1",
    rehearsal: true,
    accounts: { trusting: "000000000002", trusted: "000000000001", outsider: "000000000003" },
    people: Object.fromEntries(
      contract.map(({ who }) => {
        if (who.kind === "user")
          return [who.name, { home: who.home, groups: who.groups ?? [], machine: false }];
        const home = who.kind === "job" ? ("github" as const) : ("trusted" as const);
        return [who.name, { home, groups: [], machine: true }];
      }),
    ),
    checks,
    rows: contract.map((row) => {
      const answered = {
        ...row,
        who: row.who.name,
        on: row.on.name,
        answer: row.expected,
        words: row.expected === "refused" ? "AccessDenied" : "",
      };
      return { ...answered, ...change(answered) };
    }),
    roles: ["UpdateApp", "ParameterReader", "InstanceOperator", "TopicPublisher"].map(role),
    groups: [],
    resources: ["topic", "queue", "repository"].map((kind) => ({
      scenario: "SharedServices",
      kind,
      arn: `arn:aws:${kind}:ap-northeast-1:000000000002:shared`,
      statements: [{ Effect: "Allow", Principal: { AWS: "000000000001" }, Action: `${kind}:Use` }],
    })),
    targets: targetsByScenario(contract),
  };
}
const granted = results((row) => (TESTER(row) ? { answer: "allowed", words: "" } : {}));

describe("the access report", () => {
  describe("begins with who can get in", () => {
    const withAccess = (...more: string[]) => ({ ...results(), access: [...access, ...more] });
    const entries = (...more: string[]) =>
      entriesIn(withAccess(...more)).map(({ who, shows, via, ends }) => [who, shows, via, ends].join(" | "));

    it("names people by their group, machines, devices and jobs, with what they show, through what, until when", () => {
      for (const expected of [
        "group Developers | MFA | role UpdateApp | 1 h after assuming it",
        "account 000000000004 | MFA | role InstanceOperator | 1 h after assuming it",
        "arn:aws:iam::000000000001:role/InstanceOperatorMachine |  | role InstanceOperator | 1 h after assuming it",
        "arn:aws:iam::000000000001:user/topic-publisher |  | role TopicPublisher | 1 h after assuming it",
        "jobs of repo:example/cross-account-access:environment:dev |  | role GitHubActionsDeploy | 1 h after assuming it",
        "group BucketSharers |  | bucket shared | the policy changes",
      ])
        assert(entries().includes(expected), entries().join("\n"));
      assert(!entries().some((entry) => /Testers|no one of/.test(entry)));
    });

    it("says who else gets in, as soon as a policy says so", () => {
      const trust = "trusting | role UpdateApp | trusts |";
      const more = entries(
        `${trust} 999999999999 | sts:AssumeRole | - | -`,
        `${trust} 000000000001 | sts:AssumeRole | - | ArnLike aws:PrincipalArn = arn:aws:iam::000000000001:role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_Update_*`,
        "trusting | bucket productionapp | allows | * | s3:GetObject | arn:aws:s3:::productionapp/* | -",
      ).filter((entry) => !entries().includes(entry));
      assert.deepEqual(more, [
        "anyone |  | bucket productionapp | the policy changes",
        "account 999999999999 |  | role UpdateApp | 1 h after assuming it",
        "people of permission set Update |  | role UpdateApp | 1 h after assuming it",
      ]);
    });

    it("draws one picture and one table before the answers, and the same as Mermaid's text for a comment", () => {
      const text = page(results());
      const section = text.slice(
        text.indexOf('<section aria-labelledby="entries">'),
        text.indexOf('<h2 id="UpdateApp'),
      );
      assert.equal(section.match(/<svg /g)?.length, 1);
      assert.equal(section.match(/<th scope="row">/g)?.length, entries().length);
      assert.doesNotMatch(text, /undefined|NaN/);
      const written = comment(results());
      const [, chart = ""] = /^```mermaid\n(.*?)^```$/ms.exec(written) ?? [];
      assert.match(chart, /^flowchart LR\n {2}n0\["[^"]*"\] /);
      assert.match(chart, /\["group Developers"\] -->\|"MFA"\| n\d+\["role UpdateApp"\]/);
      for (const line of chart.trimEnd().split("\n").slice(1))
        assert.match(
          line,
          /^ {2}n\d+\["[\w ./:,*#;-]*"\] -->(\|"[\w ./:,*#;-]*"\|)? n\d+\["[\w ./:,*#;-]*"\]$/,
        );
    });
  });

  it("has one line of the table for every row, and every cell in words", () => {
    const text = page({ ...results(), access: [] });
    assert.equal(text.match(/<th scope="row">/g)?.length, contract.length);
    assert.equal(text.match(/<svg /g)?.length, Object.keys(checks).length);
    assert.doesNotMatch(text, /<script|undefined|NaN|\[object/);
  });

  it("draws every path once, says what leaves someone alike once, and refused paths otherwise than by colour alone", () => {
    for (const scenario of Object.keys(checks)) {
      const { paths } = pathsOf(results(), scenario);
      const { text } = picture(results(), scenario);
      for (const [answer, sign] of [
        ["allowed", "✔"],
        ["refused", "✘"],
      ] as const) {
        const alike = paths.filter((path) => path.answer === answer);
        const said = alike.map(({ from, to, asked }) => `${from} ${from === "role" ? to : ""} ${asked}`);
        assert.equal(
          text.match(new RegExp(`marker-end="url\\(#${scenario}-${answer}\\)"`, "g"))?.length,
          alike.length,
        );
        assert.equal(text.match(new RegExp(`>${sign} `, "g"))?.length, new Set(said).size);
      }
      assert.doesNotMatch(text, /undefined|NaN/);
    }
  });

  it("draws roles as roles, whether they stand in the middle or are what is reached, and cuts no name", () => {
    const { nodes } = pathsOf(results(), "GitHubActions");
    const roles = nodes.filter(({ kind }) => kind === "role");
    const { text } = picture(results(), "GitHubActions");
    assert.equal(text.match(/<g class="role">/g)?.length, roles.length);
    const long = structuredClone(results());
    long.roles[0]!.arn = `arn:aws:iam::000000000002:role/${"UpdatesTheApplication".repeat(3)}`;
    const shown = picture(long, "UpdateApp").text.match(/class="name"[^>]*>[^<]*/g)!;
    assert(
      shown
        .map((one) => one.replace(/.*>/, ""))
        .join("")
        .includes("UpdatesTheApplication".repeat(3)),
    );
  });

  it("tells the paths in words too", () => {
    const words = pathWords(pathsOf(results(), "UpdateApp"));
    assert(words.includes("tester → role UpdateApp: refused (MFA session)"), words.join("\n"));
    assert(words.includes("developer → own bucket in dev: allowed (s3:ListBucket, s3:GetObject)"));
  });

  it("has no two rows that a comparison would take for one", () => {
    const keys = contract.map(({ scenario, who, session, action, on }) =>
      [scenario, who.name, session, action, on.name].join(),
    );
    assert.deepEqual(
      keys.filter((key, index) => keys.indexOf(key) !== index),
      [],
    );
  });

  it("tells every condition of a trust policy in plain words, and one that it does not know as it is written", () => {
    const [statement] = trustStatements({
      people: {
        accounts: [dev],
        maxMfaAge: 5400,
        externalId: "abc",
        organizationId: "o-a1b2c3d4e5",
        sourceIps: ["192.0.2.0/24", "198.51.100.7/32"],
      },
    });
    assert.equal(
      statementWords(statement!),
      "Account 000000000001 may do sts:AssumeRole, if the caller signed in with multi-factor authentication (MFA), " +
        "and the caller showed MFA at most 90 minutes ago, and the caller sends the external ID abc, and the caller " +
        "belongs to the organisation o-a1b2c3d4e5, and the request comes from the IP addresses 192.0.2.0/24 or 198.51.100.7/32.",
    );
    const tag = { StringEquals: { "aws:ResourceTag/operated": "true" }, StringLike: { "aws:userid": "A*" } };
    assert.equal(
      statementWords({ Effect: "Deny", Action: "ec2:*", Resource: "*", Condition: tag }),
      "May never ec2:* on *, if the resource has the tag operated = true, and aws:userid fulfils StringLike A*.",
    );
  });

  it("names what is newly allowed in the comment's first lines, and does not pass", () => {
    const difference = differenceOf(results(), granted);
    assert.equal(passes(granted, difference), false);
    const [title, , section, , first] = comment(granted, results(), difference).split("\n");
    assert.match(title!, /^### ✘ Stack dev newly allows what was refused before: 1; (\d+) of \d+/);
    assert.equal(section, "**Newly allowed: 1**");
    assert.equal(first, "- **tester, signed in with MFA**: sts:AssumeRole on the role (UpdateApp 4)");
  });

  it("does not pass what the new contract expects, where the base refused it", () => {
    const expected = results((row) => (TESTER(row) ? { answer: "allowed", expected: "allowed" } : {}));
    assert.equal(passes(expected, differenceOf(results(), expected)), false);
    assert.equal(passes(expected, differenceOf(expected, expected)), true);
  });

  it("counts what a new row allows as newly allowed, as it would a row that the base refused", () => {
    const isNew = ({ scenario }: AnsweredRow) => scenario === "ParameterReader";
    const base = { ...results(), rows: results().rows.filter((row) => !isNew(row)) };
    const difference = differenceOf(base, results());
    const allowed = results().rows.filter((row) => isNew(row) && row.answer === "allowed");
    assert(allowed.length > 0 && allowed.length < difference.added.length);
    assert.equal(passes(results(), difference), false);
    const [title, , section] = comment(results(), base, difference).split("\n");
    assert.match(
      title!,
      new RegExp(`^### ✘ Stack dev newly allows ${allowed.length} \\(new rows\\); (\\d+) of \\1 `),
    );
    assert.equal(section, `**Newly allowed, in new rows: ${allowed.length}**`);
    const refusing = {
      ...results(),
      rows: results().rows.filter((row) => !isNew(row) || row.answer === "refused"),
    };
    assert.equal(passes(refusing, differenceOf(base, refusing)), true);
  });

  it("tells what is newly refused, new, removed and answered otherwise, and passes where all is as expected", () => {
    const [first, ...rest] = results().rows;
    const now = { ...results(), rows: rest };
    const removed = differenceOf(results(), now);
    assert.deepEqual([removed.removed, removed.added], [[first], []]);
    assert.equal(passes(now, removed), true);
    assert.deepEqual(differenceOf(now, results()).added, [first]);
    assert.deepEqual(
      differenceOf(granted, results()).newlyRefused.map(({ row }) => row.who),
      ["tester"],
    );
    const unasked = { ...results(), rows: results().rows.filter((row) => !TESTER(row)) };
    assert.equal(passes(unasked, differenceOf(results(), unasked)), false);
    assert.match(
      comment(unasked, results(), differenceOf(results(), unasked)),
      /no longer asks 1 that were refused/,
    );
    const off = { ...results(), rows: results().rows.filter(({ scenario }) => scenario !== "SharedBucket") };
    assert.equal(passes(off, differenceOf(results(), off)), true);
    const unclear = results((row) => (TESTER(row) ? { answer: "skipped" } : {}));
    assert.equal(differenceOf(results(), unclear).otherwise.length, 1);
    assert.equal(passes(unclear, differenceOf(results(), unclear)), false);
  });

  it("tells which policy statements are new, and takes two stacks' account IDs for the same", () => {
    const other: Results = JSON.parse(JSON.stringify(results()).replaceAll("000000000001", "111122223333"));
    assert.deepEqual(differenceOf(results(), other).policies, { added: [], removed: [] });
    const [role, ...roles] = results().roles;
    const wide = {
      ...results(),
      roles: [{ ...role!, trust: [{ ...role!.trust[0]!, Principal: "*" as const }] }, ...roles],
    };
    const { added } = differenceOf(results(), wide).policies;
    assert.deepEqual(
      added.map(({ of, statement }) => `${of}: ${statementWords(statement)}`),
      [
        "trust policy of role UpdateApp: Everyone may do sts:AssumeRole, if the caller signed in with multi-factor authentication (MFA).",
      ],
    );
  });

  it("tells the policy of a topic, queue or repository that lets others in", () => {
    for (const [index, { kind }] of results().resources.entries()) {
      const wide = structuredClone(results());
      wide.resources[index]!.statements[0]!.Principal = "*";
      const { added } = differenceOf(results(), wide).policies;
      assert.deepEqual(
        added.map(({ of, statement }) => `${of}: ${statementWords(statement)}`),
        [`policy of the ${kind} of SharedServices: Everyone may do ${kind}:Use.`],
      );
    }
  });

  it("has the same lists as a page and as a comment", () => {
    const [first] = results().rows;
    const base = { ...results(), rows: [{ ...first!, on: "what is gone" }, ...results().rows.slice(1)] };
    const now = results((row) =>
      TESTER(row)
        ? { answer: "allowed" }
        : row.who === "machine"
          ? { answer: row.expected === "allowed" ? "refused" : "unclear" }
          : {},
    );
    now.resources[0]!.statements[0]!.Principal = "*";
    for (const [one, other] of [[base, differenceOf(base, now)], []] as const) {
      const titles = [...comment(now, one, other).matchAll(/^\*\*([^*]+: \d+)\*\*$/gm)].map(
        ([, title]) => title!,
      );
      assert.equal(titles.length, one ? 8 : 1, titles.join());
      const shown = [...page(now, one, other).matchAll(/<h3>(.*?: \d+)<\/h3>/g)].map(([, title]) => title!);
      assert.deepEqual(shown, titles);
    }
  });

  it("folds each scenario of a comment by itself, under the stack's name", () => {
    const lines = comment(results()).split("\n");
    const folds = lines.flatMap((line, index) => (line === "<details>" ? [lines[index + 1]!] : []));
    assert.deepEqual(
      folds.map((line) => /<summary>dev, (\w+): /.exec(line)?.[1]),
      [undefined, ...Object.keys(checks)],
    );
    assert.equal(lines.filter((line) => line === "</details>").length, folds.length);
  });

  it("shows names as text, whatever is in them", () => {
    const nasty = `<script>alert("1")</script>|\`<img src=x onerror='a'>`;
    const text = JSON.stringify(results((row) => ({ words: nasty, ...(TESTER(row) && { answer: nasty }) })))
      .replaceAll('"tester"', JSON.stringify(nasty))
      .replaceAll('"prod"', JSON.stringify(nasty))
      .replaceAll("group Developers", `group ${JSON.stringify(nasty).slice(1, -1)}`)
      .replaceAll("A Testers member with MFA", JSON.stringify(nasty).slice(1, -1))
      .replaceAll('"stack":"dev"', `"stack":${JSON.stringify(nasty)}`);
    const bad: Results = JSON.parse(text);
    const difference = differenceOf(results(), bad);
    const shown = page(bad, results(), difference);
    assert.doesNotMatch(shown, /<script|<img/);
    assert.match(shown, /&lt;script&gt;alert\(&quot;1&quot;\)/);
    const written = comment(bad, results(), difference);
    assert.doesNotMatch(written.replaceAll(/^```(mermaid)?$/gm, ""), /<script|<img|`/);
    // A pipe in a name is no new column.
    for (const line of written.split("\n").filter((one) => /^\| [✔✘]/.test(one)))
      assert.equal(line.match(/\|/g)?.length, 6, line);
  });

  it("refuses a file of another format, naming the file and the command that makes it", () => {
    const directory = mkdtempSync(join(tmpdir(), "results-"));
    try {
      const file = join(directory, "old.json");
      writeFileSync(file, '{"format":"cross-account-access/results/0"}');
      assert.throws(
        () => readResults(file),
        /old\.json: found the format .*results\/0; expected .*results\/3/,
      );
      assert.throws(
        () => readResults(join(directory, "none.json")),
        /there is no such file.*npm run verify -- STACK --results/,
      );
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it("exits with 1 where something is newly allowed, 0 where nothing is, 2 where it cannot tell", () => {
    const directory = mkdtempSync(join(tmpdir(), "results-"));
    const write = (name: string, content: Results) => {
      writeFileSync(join(directory, name), JSON.stringify(content));
      return join(directory, name);
    };
    const report = (...args: string[]) =>
      spawnSync(process.execPath, commandArguments("report", ...args), { encoding: "utf8" });
    try {
      const [was, now] = [write("was.json", results()), write("now.json", granted)];
      const markdown = join(directory, "comment.md");
      assert.equal(report("--results", was, "--base", was).status, 0);
      assert.equal(report("--results", now, "--base", was, "--markdown", markdown).status, 1);
      assert.match(readFileSync(markdown, "utf8"), /^### ✘ .*\n\n\*\*Newly allowed: 1/);
      const nothing = report("--results", join(directory, "none.json"));
      assert.equal(nothing.status, 2);
      assert.match(nothing.stderr, /none\.json/);
      const help = report("--help");
      assert.equal(help.status, 0);
      assert.match(help.stdout, /^Usage: npm run report -- --results <file>/);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

const CHROMIUM = [
  process.env.CHROMIUM ?? "",
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
].find((path) => path && existsSync(path));

describe(`the access report in a browser${CHROMIUM ? "" : " (not run: no Chromium found; name one in CHROMIUM)"}`, function () {
  this.timeout(120_000);
  let browser: Browser;
  before(async function () {
    if (!CHROMIUM) return this.skip();
    browser = await chromium.launch({
      executablePath: CHROMIUM,
      // Chromium refuses its own sandbox to root.
      chromiumSandbox: process.getuid?.() !== 0,
      args: [
        "--disable-gpu",
        "--disable-quic",
        "--disable-background-networking",
        "--disable-component-update",
      ],
    });
  });
  after(() => browser?.close());

  const open = async (colorScheme: "light" | "dark", width: number) => {
    const context = await browser.newContext({
      colorScheme,
      viewport: { width, height: 900 },
      bypassCSP: true,
    });
    const tab = await context.newPage();
    await tab.setContent(page(granted, results(), differenceOf(results(), granted)));
    return tab;
  };

  for (const scheme of ["light", "dark"] as const)
    for (const width of [1280, 390])
      it(`has no findings of axe, ${scheme}, ${width} pixels wide`, async () => {
        const tab = await open(scheme, width);
        await tab.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })");
        await tab.addScriptTag({ path: require.resolve("axe-core") });
        const { violations, passes: passed } = (await tab.evaluate("axe.run()")) as {
          violations: { id: string; nodes: { html: string; failureSummary: string }[] }[];
          passes: { id: string }[];
        };
        assert.deepEqual(
          violations.map(({ id, nodes }) => [id, nodes[0]?.html, nodes[0]?.failureSummary]),
          [],
        );
        assert(
          passed.some(({ id }) => id === "color-contrast"),
          "contrast was not looked at",
        );
        assert.equal(
          await tab.evaluate("document.documentElement.scrollWidth <= innerWidth"),
          true,
          "the page itself scrolls sideways",
        );
        await tab.context().close();
      });

  it("keeps every text of the pictures inside its picture, and every name inside its box", async () => {
    const tab = await open("light", 1280);
    const outside = await tab.evaluate(`[...document.querySelectorAll("svg text")].flatMap((text) => {
      const own = text.getBoundingClientRect();
      const box = (text.closest("g")?.querySelector(".node") ?? text.ownerSVGElement).getBoundingClientRect();
      const fits = own.left >= box.left && own.right <= box.right && own.top >= box.top && own.bottom <= box.bottom;
      return fits ? [] : [text.textContent];
    })`);
    assert.deepEqual(outside, []);
    await tab.context().close();
  });

  it("shows every answer on a phone without scrolling sideways", async () => {
    const tab = await open("light", 390);
    const hidden =
      await tab.evaluate(`[...document.querySelectorAll("table:not(.entries) td:nth-child(2)")].flatMap((cell) =>
      /allowed|refused/.test(cell.textContent) && cell.firstChild.getBoundingClientRect().right <= innerWidth ? [] : [cell.textContent])`);
    assert.deepEqual(hidden, []);
    const cut =
      await tab.evaluate(`[...document.querySelectorAll("table.entries :is(td, th):not(thead *)")].flatMap((cell) => {
      const range = document.createRange();
      range.selectNodeContents(cell);
      return range.getBoundingClientRect().right <= innerWidth ? [] : [cell.textContent];
    })`);
    assert.deepEqual(cut, []);
    await tab.context().close();
  });

  it("reaches the skip link first, then every scrolling region by keyboard", async () => {
    const context = await browser.newContext({
      viewport: { width: 390, height: 900 },
    });
    const tab = await context.newPage();
    await tab.setContent(page(results()));
    const focused = async () => {
      await tab.keyboard.press("Tab");
      return String(
        await tab.evaluate(
          "document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent",
        ),
      );
    };
    assert.equal(await focused(), "Skip to the report");
    const reached: string[] = [];
    for (let press = 0; press < 40; press++) reached.push(await focused());
    for (const scenario of Object.keys(checks))
      for (const region of [`Picture of ${scenario}`, `Table of ${scenario}`])
        assert(reached.includes(region), `${region} is not reached: ${reached.join(", ")}`);
    await context.close();
  });
});
