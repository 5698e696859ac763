import { type FSWatcher, readFileSync, watch, writeFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";

const SALT = /^encryptionsalt: (\S+)\n?/m;
const LOOK_MILLISECONDS = 20;

/**
 * A stack's settings file, which is the user's. The CLI writes the salt of the state's encryption into it, and spells
 * the rest in its own way when it does. Both are undone at once, and what the user writes in the meantime stays.
 */
export class SettingsFile {
  /** The text as the user last wrote it. */
  private written: string;
  private timer: NodeJS.Timeout | undefined;
  private watcher: FSWatcher | undefined;

  /**
   * @param salts gives the salts of the sandbox's own state: lines with others are the user's.
   * @param initial is what the CLI read, or reads in a moment.
   */
  constructor(
    readonly path: string,
    private readonly salts: () => string[],
    readonly initial = readFileSync(path, "utf8"),
  ) {
    this.written = initial;
  }

  /** Looks at each change, and often: what a person writes just before the CLI does is seen by itself. */
  watch(): void {
    this.timer = setInterval(() => this.restore(), LOOK_MILLISECONDS);
    try {
      this.watcher = watch(this.path, () => this.restore()).on("error", () => {});
    } catch {} // not every file system tells of changes
  }

  unwatch(): void {
    clearInterval(this.timer);
    this.watcher?.close();
    this.restore();
  }

  /** Takes out what the CLI has written since the last look. */
  restore(): void {
    const text = this.read();
    if (text === undefined) return;
    const withoutSalt = this.withoutSalt(text);
    const isOfCli = withoutSalt !== text;
    const isRespelled =
      isOfCli && [this.initial, this.written].some((other) => meansTheSame(withoutSalt, other));
    this.written = isRespelled ? this.withoutSalt(this.written) : withoutSalt;
    if (this.written !== text) writeFileSync(this.path, this.written);
  }

  private withoutSalt(text: string): string {
    const salt = SALT.exec(text)?.[1];
    return salt !== undefined && this.salts().includes(salt) ? text.replace(SALT, "") : text;
  }

  /** The text; undefined where there is none, for the moment in which the CLI or an editor saves it, or for good. */
  private read(): string | undefined {
    try {
      return readFileSync(this.path, "utf8") || undefined;
    } catch {
      return undefined;
    }
  }
}

/** Whether two texts have the same settings and the same comments, however they are spelled. */
function meansTheSame(one: string, other: string): boolean {
  const comments = (text: string) => text.match(/#.*$/gm);
  try {
    // Loaded where it is needed: most commands leave the file alone.
    const { parse }: typeof import("yaml") = require("yaml");
    return isDeepStrictEqual([parse(one), comments(one)], [parse(other), comments(other)]);
  } catch {
    return false; // no YAML
  }
}
