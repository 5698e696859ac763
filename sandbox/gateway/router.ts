/** Finds what a request's method and path stand for, by URIs as AWS's models write them: `/things/{thingName}`. */

export interface Match<Target> {
  target: Target;
  /** The parameters in the path, still percent-encoded. */
  parameters: Record<string, string>;
}

interface Route<Target> {
  method: string;
  path: RegExp;
  target: Target;
}

/** A greedy parameter, `{topic+}`, has slashes of its own, sent encoded by some clients and plain by others. */
const pattern = (path: string): RegExp =>
  new RegExp(
    `^${path.replace(/\{(\w+)(\+?)\}/g, (_, name: string, greedy: string) => `(?<${name}>${greedy ? ".+" : "[^/]+"})`)}/?$`,
  );

export class Router<Target> {
  private readonly routes: Route<Target>[];

  /** Takes `METHOD /path` to what it stands for. The first that fits counts. */
  constructor(routes: Record<string, Target>) {
    this.routes = Object.entries(routes).map(([route, target]) => {
      const [method = "", path = ""] = route.split(" ", 2);
      return { method, path: pattern(path), target };
    });
  }

  match(method: string, path: string): Match<Target> | undefined {
    for (const route of this.routes) {
      const found = route.method === method ? route.path.exec(path) : null;
      if (found) return { target: route.target, parameters: { ...found.groups } };
    }
    return undefined;
  }
}
